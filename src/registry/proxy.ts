// Which proxy a URL goes through: HTTP_PROXY, HTTPS_PROXY and NO_PROXY (either case), with the rules that curl and Go share.
// This machine itself is never reached through a proxy.

import net from 'node:net'
import { AppError } from '../base/errors.ts'
import { isPrivateHost } from './address.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export type ChooseProxy = (target: { host: string; port: number; secure: boolean }) => URL | undefined

/** Throws `invalid_request` for a proxy that is no http(s) URL, when a request would need it. */
export function readProxies(environment: Environment): ChooseProxy {
  const read = (name: string) => environment[name.toLowerCase()] || environment[name] || ''
  const plain = read('HTTP_PROXY')
  const secure = read('HTTPS_PROXY')
  const exceptions = read('NO_PROXY')
    .split(',')
    .map((rule) => rule.trim().toLowerCase())
    .filter((rule) => rule !== '')
  return (target) => {
    const proxy = target.secure ? secure : plain
    if (proxy === '' || isThisMachine(target.host)) return undefined
    return exceptions.some((rule) => matches(rule, target)) ? undefined : parseProxy(proxy)
  }
}

function parseProxy(text: string): URL {
  const url =
    URL.canParse(text) && text.includes('://') ? new URL(text) : URL.canParse(`http://${text}`) ? new URL(`http://${text}`) : undefined
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new AppError('invalid_request', 'the proxy of the environment is not an http or https URL')
  }
  return url
}

function isThisMachine(host: string): boolean {
  if (net.isIP(host) === 0) return isPrivateHost(host)
  return host === '::1' || host.startsWith('127.')
}

function matches(rule: string, { host, port }: { host: string; port: number }): boolean {
  if (rule === '*') return true
  const name = host.toLowerCase()
  const [network, prefix] = rule.split('/')
  if (network !== undefined && prefix !== undefined) return inNetwork(name, network, prefix)
  const withPort = /^(.*?[^:]):(\d+)$/.exec(rule)
  if (withPort && net.isIP(rule) === 0) return Number(withPort[2]) === port && matches(withPort[1] ?? '', { host, port })
  const suffix = rule.replace(/^\*?\.?/, '').replace(/^\[|\]$/g, '')
  return name === suffix || name.endsWith(`.${suffix}`)
}

function inNetwork(address: string, network: string, prefix: string): boolean {
  const family = net.isIP(network)
  const bits = Number(prefix)
  if (family === 0 || net.isIP(address) !== family || !Number.isInteger(bits) || bits < 0 || bits > (family === 4 ? 32 : 128)) return false
  const list = new net.BlockList()
  const type = family === 4 ? 'ipv4' : 'ipv6'
  list.addSubnet(network, bits, type)
  return list.check(address, type)
}
