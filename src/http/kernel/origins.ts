// Which web pages may talk to this server (contract/native.md section 1.1). Programs send no Origin and are not asked.

import { AppError } from '../../base/errors.ts'

export interface OriginPolicy {
  allowsAll: boolean
  exact: ReadonlySet<string>
  /** What an origin must begin and end with. */
  wildcards: readonly (readonly [string, string])[]
}

const LOCAL_HOSTS = ['localhost', '127.0.0.1', '0.0.0.0']
const APPS = ['app://*', 'file://*', 'tauri://*', 'vscode-webview://*', 'vscode-file://*']
const SCHEMES = ['http://', 'https://', 'chrome-extension://', 'safari-extension://', 'moz-extension://', 'ms-browser-extension://']

/** The origins that Ollama always allows, with further ones. Throws `invalid_request` for an entry that no origin could match. */
export function createOriginPolicy(further: readonly string[]): OriginPolicy {
  const local = LOCAL_HOSTS.flatMap((host) => [`http://${host}`, `https://${host}`, `http://${host}:*`, `https://${host}:*`])
  const entries = [...further, ...local, ...APPS]
  for (const entry of further) checkEntry(entry)
  return {
    allowsAll: entries.includes('*'),
    exact: new Set(entries.filter((entry) => !entry.includes('*')).map((entry) => entry.toLowerCase())),
    wildcards: entries.filter((entry) => entry !== '*' && entry.includes('*')).map(splitAtStar),
  }
}

export function allowsOrigin(policy: OriginPolicy, origin: string): boolean {
  if (policy.allowsAll || policy.exact.has(origin)) return true
  return policy.wildcards.some(
    ([start, end]) => origin.length >= start.length + end.length && origin.startsWith(start) && origin.endsWith(end),
  )
}

function checkEntry(entry: string): void {
  const stars = entry.split('*').length - 1
  if (stars > 1) throw new AppError('invalid_request', `origin ${JSON.stringify(entry)}: only one * is allowed`)
  if (stars === 0 && !SCHEMES.some((scheme) => entry.startsWith(scheme)))
    throw new AppError('invalid_request', `origin ${JSON.stringify(entry)} must begin with one of ${SCHEMES.join(', ')} or contain *`)
}

function splitAtStar(entry: string): readonly [string, string] {
  const star = entry.indexOf('*')
  return [entry.slice(0, star), entry.slice(star + 1)]
}
