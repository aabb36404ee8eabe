// One HTTP request to a registry, its token server or its storage. Never follows a redirect (who calls decides where bytes and
// credentials may go), never asks for a compressed answer (a small one could unfold into gigabytes), never reads a body on its own.
// Every failure below HTTP is `registry_unreachable`; any status that arrives is an answer.

import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { AppError } from '../base/errors.ts'
import { errorCode } from '../base/system-error.ts'
import { isPrivateAddress, isPrivateHost } from './address.ts'
import { type Dial, type DialTarget, proxyAuthorization } from './dial.ts'
import { toNetworkError } from './network-error.ts'

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH'
  url: URL
  headers?: Readonly<Record<string, string>>
  /** A stream needs a Content-Length among the headers. */
  body?: Uint8Array | AsyncIterable<Uint8Array>
  /** Refuses loopback, link-local and private addresses, also where a public name resolves to one. */
  publicOnly?: boolean
  connectTimeoutMs?: number
  signal?: AbortSignal
}

export interface HttpReply {
  status: number
  /** Lower-case names. */
  headers: Readonly<Record<string, string | undefined>>
  /** Leaving the loop early closes the connection. */
  body: AsyncIterable<Uint8Array>
  /** Who answered sits on this machine or in a private network. */
  fromPrivateAddress: boolean
  /** The body is not wanted. */
  discard(): void
}

export type HttpClient = (request: HttpRequest) => Promise<HttpReply>

export interface HttpClientOptions {
  dial: Dial
  userAgent: string
}

/** Time for name, connection and TLS together. */
const CONNECT_TIMEOUT_MS = 30_000
/** A connection without a byte in either direction: a registry may hash a large upload for minutes before it answers. */
const IDLE_LIMIT_MS = 10 * 60_000
const MAX_HEADER_BYTES = 64 * 1024
const MAX_IDLE_SOCKETS = 16
const MAX_DRAINED_BYTES = 64 * 1024

export function createHttpClient({ dial, userAgent }: HttpClientOptions): HttpClient {
  const agents = createAgents(dial)
  return async (request) => {
    const { url } = request
    const publicOnly = request.publicOnly ?? false
    if (publicOnly && isPrivateHost(url.hostname)) {
      throw new AppError('registry_error', `${url.host} is an address of a private network`, { details: { host: url.host } })
    }
    const proxy = dial.proxyFor(url)
    const plainProxy = url.protocol === 'http:' ? proxy : undefined
    return send(request, {
      agent: agents(url.protocol === 'https:', publicOnly),
      headers: {
        'user-agent': userAgent,
        'accept-encoding': 'identity',
        ...(plainProxy ? proxyAuthorization(plainProxy) : {}),
        ...request.headers,
      },
      // A plain request through a proxy names the whole URL; `dial` has connected to the proxy.
      path: plainProxy ? `${url.origin}${url.pathname}${url.search}` : `${url.pathname}${url.search}`,
      throughProxy: proxy !== undefined,
    })
  }
}

interface Wire {
  agent: http.Agent
  headers: Record<string, string>
  path: string
  throughProxy: boolean
}

function send(request: HttpRequest, wire: Wire): Promise<HttpReply> {
  const { agent, headers, path, throughProxy } = wire
  const { url, signal } = request
  return new Promise((resolve, reject) => {
    let answered = false
    const fail = (error: unknown) => {
      // Whoever reads the body is told there.
      if (answered) return
      // The server had closed an idle connection: nothing was read, and a new one is likely to work.
      if (outgoing.reusedSocket && isReset(error) && isRepeatable(request) && !signal?.aborted) resolve(send(request, wire))
      else reject(toNetworkError(error, { host: url.hostname, signal }))
    }
    const options = {
      agent,
      method: request.method,
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
      path,
      headers: { host: url.host, ...headers },
      maxHeaderSize: MAX_HEADER_BYTES,
      timeout: IDLE_LIMIT_MS,
      connectTimeoutMs: request.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      ...(signal ? { signal } : {}),
    }
    const outgoing = url.protocol === 'https:' ? https.request(options) : http.request(options)
    outgoing.on('error', fail)
    outgoing.once('timeout', () => outgoing.destroy(new AppError('registry_unreachable', `no answer for ${IDLE_LIMIT_MS / 1000} seconds`)))
    outgoing.once('response', (incoming) => {
      answered = true
      // Whoever reads the body sees the error there; a discarded body has nobody who would.
      incoming.on('error', () => undefined)
      const remote = throughProxy ? undefined : incoming.socket.remoteAddress
      resolve({
        status: incoming.statusCode ?? 0,
        headers: flatten(incoming.headers),
        body: readBody(incoming, url.hostname, signal),
        fromPrivateAddress: remote === undefined ? isPrivateHost(url.hostname) : isPrivateAddress(remote),
        discard: () => discard(incoming, request.method),
      })
    })
    sendBody(outgoing, request.body).catch((error: unknown) => {
      fail(error)
      // Half a body would keep the server waiting for the rest. An answer that has come may still be read.
      if (!answered) outgoing.destroy()
    })
  })
}

/** A small rest is read away, so that the connection serves the next request; a large one is not worth it. */
function discard(incoming: http.IncomingMessage, method: string): void {
  const isEmpty = method === 'HEAD' || incoming.statusCode === 204
  const length = Number(incoming.headers['content-length'] ?? Number.POSITIVE_INFINITY)
  if (isEmpty || length <= MAX_DRAINED_BYTES) incoming.resume()
  else incoming.destroy()
}

function isReset(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ECONNRESET' || code === 'EPIPE'
}

function isRepeatable({ body }: HttpRequest): boolean {
  return body === undefined || body instanceof Uint8Array
}

async function sendBody(outgoing: http.ClientRequest, body: HttpRequest['body']): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) {
    outgoing.end(body)
    return
  }
  for await (const bytes of body) {
    if (outgoing.destroyed) return
    if (!outgoing.write(bytes)) await drained(outgoing)
  }
  outgoing.end()
}

function drained(outgoing: http.ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      outgoing.off('drain', settle)
      outgoing.off('close', settle)
      resolve()
    }
    outgoing.once('drain', settle)
    outgoing.once('close', settle)
  })
}

async function* readBody(incoming: http.IncomingMessage, host: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of incoming) yield bytes as Uint8Array
  } catch (error) {
    // What had arrived before the connection broke is still there.
    for (let rest = incoming.read() as Uint8Array | null; rest !== null && !signal?.aborted; rest = incoming.read() as Uint8Array | null) {
      yield rest
    }
    throw toNetworkError(error, { host, signal })
  }
}

function flatten(headers: http.IncomingHttpHeaders): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]))
}

/** One pool per (protocol, policy): a connection that was opened without the address check must never serve a request that needs it. */
function createAgents(dial: Dial): (secure: boolean, publicOnly: boolean) => http.Agent {
  const pools = new Map<string, http.Agent>()
  return (secure, publicOnly) => {
    const key = `${secure} ${publicOnly}`
    let agent = pools.get(key)
    if (!agent) {
      agent = new (secure ? https.Agent : http.Agent)({ keepAlive: true, maxFreeSockets: MAX_IDLE_SOCKETS })
      Object.assign(agent, { createConnection: connectWith(dial, secure, publicOnly) })
      pools.set(key, agent)
    }
    return agent
  }
}

type Connected = (error: Error | null, socket?: Socket) => void

function connectWith(dial: Dial, secure: boolean, publicOnly: boolean) {
  return (options: { host?: string; hostname?: string; port: number; connectTimeoutMs: number }, connected: Connected): void => {
    const target: DialTarget = { host: options.hostname ?? options.host ?? '', port: options.port, secure, publicOnly }
    dial(target, options.connectTimeoutMs).then(
      (socket) => connected(null, socket),
      (error: Error) => connected(error),
    )
  }
}
