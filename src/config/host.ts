// OLLAMA_HOST names both where the server listens and where a client connects: [scheme://]host[:port][/path].

export interface HostAddress {
  scheme: 'http' | 'https'
  /** Without brackets; never empty. */
  host: string
  port: number
  /** Base path with a leading slash and no trailing one, or empty. */
  path: string
}

export const DEFAULT_PORT = 11434
const DEFAULT_ADDRESS = '127.0.0.1'

const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i

/** Never fails: an unusable port becomes the default one, as with Ollama, and a scheme that is none of the web's (`tcp://`) counts as none. */
export function parseHost(text: string, warn: (message: string) => void = () => {}): HostAddress {
  const given = SCHEME.exec(text)?.[1]?.toLowerCase()
  const scheme = given === 'https' ? 'https' : 'http'
  const rest = text.replace(SCHEME, '')
  const slash = rest.indexOf('/')
  const authority = slash < 0 ? rest : rest.slice(0, slash)
  const path = slash < 0 ? '' : rest.slice(slash).replace(/\/+$/, '')
  const standardPort = given === 'https' ? 443 : given === 'http' ? 80 : DEFAULT_PORT
  const { host, port: portText } = splitAuthority(authority)
  const port = toPort(portText)
  if (port === undefined && portText) warn(`OLLAMA_HOST: ${JSON.stringify(portText)} is not a port; ${standardPort} is used`)
  return { scheme, host: host || DEFAULT_ADDRESS, port: port ?? standardPort, path }
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

function toPort(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined
  const port = Number(text)
  return port <= 65535 ? port : undefined
}
