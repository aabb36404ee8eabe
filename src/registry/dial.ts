// Opens a connection: directly or through a proxy, with TLS or without. Resolves when the first byte of HTTP may be written, so that
// one timeout covers name, connection, proxy and handshake. With `publicOnly` the resolved addresses are checked, not just the name:
// a name may answer with an address of this network.

import dns from 'node:dns'
import http from 'node:http'
import net from 'node:net'
import tls from 'node:tls'
import { onAbort } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { isPrivateAddress } from './address.ts'
import { decodePercent } from './percent.ts'
import type { ChooseProxy } from './proxy.ts'

export interface DialTarget {
  /** Without brackets. */
  host: string
  port: number
  secure: boolean
  publicOnly: boolean
}

export interface Dial {
  (target: DialTarget, timeoutMs: number): Promise<net.Socket>
  proxyFor(url: URL): URL | undefined
}

export type Connect = (target: DialTarget, signal: AbortSignal) => Promise<net.Socket>

export interface DialOptions {
  clock: Clock
  chooseProxy: ChooseProxy
  connect: Connect
}

export function createDial({ clock, chooseProxy, connect }: DialOptions): Dial {
  const dial = async (target: DialTarget, timeoutMs: number) => {
    const timeout = new AbortController()
    const expired = () =>
      new AppError('registry_unreachable', `dial tcp ${target.host}:${target.port}: i/o timeout`, { details: { reason: 'ETIMEDOUT' } })
    let expire = () => {}
    const limit = new Promise<never>((_, reject) => {
      expire = () => reject(expired())
    })
    const timer = clock.after(timeoutMs, () => {
      timeout.abort()
      expire()
    })
    try {
      return await Promise.race([connect(target, timeout.signal), limit])
    } finally {
      timer.cancel()
    }
  }
  return Object.assign(dial, { proxyFor: (url: URL) => chooseProxy(toTarget(url)) })
}

/** The real thing. `trust` gives the certificate authorities. */
export function createConnect(chooseProxy: ChooseProxy, trust: () => tls.SecureContext): Connect {
  return async (target, signal) => {
    const proxy = chooseProxy(target)
    if (!proxy) {
      const socket = await connectTcp(target, signal)
      return target.secure ? secure(socket, target.host, trust(), signal) : socket
    }
    const proxyTarget = { ...toTarget(proxy), publicOnly: false }
    const tcp = await connectTcp(proxyTarget, signal)
    const socket = proxyTarget.secure ? await secure(tcp, proxyTarget.host, trust(), signal) : tcp
    if (!target.secure) return socket
    return secure(await tunnel(socket, target, proxy, signal), target.host, trust(), signal)
  }
}

function toTarget(url: URL): { host: string; port: number; secure: boolean } {
  const isSecure = url.protocol === 'https:'
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port), secure: isSecure }
}

// Node's 250 ms per address give up on far servers that have both IPv4 and IPv6.
const ADDRESS_ATTEMPT_MS = 1000

function connectTcp({ host, port, publicOnly }: DialTarget, signal: AbortSignal): Promise<net.Socket> {
  const socket = net.connect({
    host,
    port,
    signal,
    noDelay: true,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS,
    ...(publicOnly ? { lookup: lookupPublic } : {}),
  })
  return opened(socket, 'connect')
}

function secure(socket: net.Socket, host: string, secureContext: tls.SecureContext, signal: AbortSignal): Promise<net.Socket> {
  const options = { socket, host, servername: net.isIP(host) === 0 ? host : '', secureContext, ALPNProtocols: ['http/1.1'] }
  const secured = tls.connect(options)
  onAbort(signal, () => secured.destroy())
  return opened(secured, 'secureConnect')
}

function opened<T extends net.Socket>(socket: T, event: 'connect' | 'secureConnect'): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      socket.destroy()
      reject(error)
    }
    socket.once('error', fail)
    socket.once(event, () => {
      socket.off('error', fail)
      resolve(socket)
    })
  })
}

/** CONNECT host:port on an open connection to the proxy. */
function tunnel(socket: net.Socket, { host, port }: DialTarget, proxy: URL, signal: AbortSignal): Promise<net.Socket> {
  const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`
  return new Promise((resolve, reject) => {
    const request = http.request({
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyAuthorization(proxy) },
      createConnection: () => socket,
      signal,
    })
    request.once('error', reject)
    request.once('connect', (reply) => {
      if (reply.statusCode === 200) {
        resolve(socket)
        return
      }
      socket.destroy()
      reject(proxyRefused(authority, reply.statusCode))
    })
    request.once('response', (reply) => {
      reply.destroy()
      reject(proxyRefused(authority, reply.statusCode))
    })
    request.end()
  })
}

function proxyRefused(authority: string, status: number | undefined): AppError {
  return new AppError('registry_unreachable', `the proxy refuses a connection to ${authority} (status ${status})`, {
    details: { reason: 'proxy', status },
  })
}

export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === '') return {}
  const pair = `${decodePercent(proxy.username)}:${decodePercent(proxy.password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** dns.lookup that fails where any of the addresses is not public. */
const lookupPublic: net.LookupFunction = (hostname, options, callback) => {
  dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, [])
    const inner = addresses.find(({ address }) => isPrivateAddress(address))
    if (inner) {
      const refusal = new AppError('registry_error', `${hostname} leads to ${inner.address}, an address of a private network`, {
        details: { host: hostname },
      })
      return callback(refusal, [])
    }
    const first = addresses[0]
    if (options.all || !first) return callback(null, addresses)
    return callback(null, first.address, first.family)
  })
}
