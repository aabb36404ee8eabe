// OLLAMA_HOST names both where the server listens and where a client connects: [scheme://]host[:port][/path].

export interface HostAddress {
  scheme: 'http' | 'https'
  /** Without brackets; empty never. */
  host: string
  port: number
  /** Base path with a leading slash and no trailing one, or empty. */
  path: string
}

export const DEFAULT_PORT = 11434
const DEFAULT_ADDRESS = '127.0.0.1'

/** Never fails: an unusable port becomes the default one, as with Ollama. */
export function parseHost(text: string): HostAddress {
  const scheme = /^(https?):\/\//.exec(text)?.[1] === 'https' ? 'https' : 'http'
  const withScheme = /^https?:\/\//.test(text)
  const rest = text.replace(/^https?:\/\//, '')
  const slash = rest.indexOf('/')
  const authority = slash < 0 ? rest : rest.slice(0, slash)
  const path = slash < 0 ? '' : rest.slice(slash).replace(/\/+$/, '')
  const standardPort = !withScheme ? DEFAULT_PORT : scheme === 'https' ? 443 : 80
  const { host, port } = splitAuthority(authority)
  return { scheme, host: host || DEFAULT_ADDRESS, port: toPort(port, standardPort), path }
}

/** The URL that a client of this machine uses; a wildcard address becomes the loopback one. */
export function clientUrl({ scheme, host, port, path }: HostAddress): string {
  const reachable = host === '0.0.0.0' ? DEFAULT_ADDRESS : host === '::' ? '::1' : host
  return `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}${path}`
}

function splitAuthority(authority: string): { host: string; port: string | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(authority)
  if (bracketed) return { host: bracketed[1] ?? '', port: bracketed[2] }
  const colon = authority.lastIndexOf(':')
  if (colon < 0 || authority.indexOf(':') !== colon) return { host: authority, port: undefined }
  return { host: authority.slice(0, colon), port: authority.slice(colon + 1) }
}

function toPort(text: string | undefined, standard: number): number {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return standard
  const port = Number(text)
  return port <= 65535 ? port : standard
}
