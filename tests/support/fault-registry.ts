// A registry of our own that misbehaves on request. It is honest by default: manifest, ranges of blobs, uploads in parts. A test's plan
// looks at each request and may give a fault that answers in its place. What was asked and how many bytes were sent is kept.

import { createHash } from 'node:crypto'
import http from 'node:http'
import type net from 'node:net'
import { gzipSync } from 'node:zlib'
import { type Digest, toDigest } from '../../src/model/digest.ts'
import { formatManifest, type Layer } from '../../src/model/manifest.ts'
import { MEDIA_TYPES } from '../../src/model/media-type.ts'

export interface FaultRequest {
  kind: 'manifest' | 'blob' | 'token' | 'upload' | 'other'
  method: string
  /** Path and query; the whole URL where this server is used as a proxy. */
  url: string
  headers: http.IncomingHttpHeaders
  /** Of a blob that this registry has: the bytes that are asked for. */
  wanted?: { blob: Buffer; start: number; end: number }
  /** How many requests of its kind there were, this one included; blobs count by digest. */
  count: number
}

export type Fault = (request: FaultRequest, reply: http.ServerResponse) => void
export type Plan = (request: FaultRequest) => Fault | undefined

export interface FaultModel {
  manifest: string | Buffer
  blobs: ReadonlyMap<string, Buffer>
}

export interface FaultRegistry {
  host: string
  origin: string
  requests: FaultRequest[]
  /** Blobs and manifests that were pushed; manifests under their path. */
  pushed: Map<string, Buffer>
  close(): Promise<void>
}

export const CONFIG = Buffer.from('{"model_format":"gguf"}')

/** One layer of weights and a config. */
export function modelOf(weights: Buffer): FaultModel & { digest: Digest } {
  const manifest = formatManifest({ config: layerOf(CONFIG, MEDIA_TYPES.config), layers: [layerOf(weights, MEDIA_TYPES.model)] })
  const blobs = new Map([weights, CONFIG].map((bytes): [string, Buffer] => [digestOf(bytes), bytes]))
  return { manifest, blobs, digest: digestOf(weights) }
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return toDigest(createHash('sha256').update(bytes).digest('hex'))
}

function layerOf(bytes: Uint8Array, mediaType: string): Layer {
  return { mediaType, digest: digestOf(bytes), sizeBytes: bytes.length }
}

export async function startFaultRegistry({ manifest, blobs }: FaultModel, plan: Plan = () => undefined): Promise<FaultRegistry> {
  const requests: FaultRequest[] = []
  const pushed = new Map<string, Buffer>()
  const uploads = createUploads(pushed)
  const counts = new Map<string, number>()
  const server = http.createServer((incoming, reply) => {
    const url = incoming.url ?? ''
    const digest = /\/blobs\/(sha256:[0-9a-f]{64})/.exec(url)?.[1]
    const blob = digest === undefined ? undefined : blobs.get(digest)
    const key = digest ?? kindOf(url)
    counts.set(key, (counts.get(key) ?? 0) + 1)
    const { method = '', headers } = incoming
    const request: FaultRequest = { kind: kindOf(url), method, url, headers, count: counts.get(key) ?? 0 }
    if (blob) request.wanted = { blob, ...rangeOf(headers.range, blob.length) }
    requests.push(request)
    const fault = plan(request)
    if (fault) return void fault(request, reply)
    if (request.kind === 'upload' || method === 'PUT') return void uploads(incoming, reply)
    if (request.kind === 'manifest') return void reply.end(manifest)
    if (request.wanted) return void honest(request, reply)
    reply.writeHead(404).end('not here')
  })
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket) => sockets.add(socket.on('error', () => undefined)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as net.AddressInfo).port}`
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  return { host, origin: `http://${host}`, requests, pushed, close }
}

function kindOf(url: string): FaultRequest['kind'] {
  if (url.includes('/manifests/')) return 'manifest'
  if (url.includes('/blobs/uploads/')) return 'upload'
  if (url.includes('/blobs/') || url.includes('/storage/')) return 'blob'
  return url.startsWith('/token') ? 'token' : 'other'
}

function rangeOf(header: string | undefined, sizeBytes: number): { start: number; end: number } {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header ?? '') ?? []
  return first === undefined ? { start: 0, end: sizeBytes } : { start: Number(first), end: Math.min(Number(last) + 1, sizeBytes) }
}

/** Uploads in parts, as docker-registry takes them: with relative locations. */
function createUploads(pushed: Map<string, Buffer>): (incoming: http.IncomingMessage, reply: http.ServerResponse) => void {
  const open = new Map<string, Buffer>()
  const location = (id: string) => ({ location: `/v2/library/m/blobs/uploads/${id}` })
  return (incoming, reply) => {
    const url = new URL(incoming.url ?? '', 'http://here')
    const id = url.pathname.split('/').at(-1) ?? ''
    const soFar = open.get(id) ?? Buffer.alloc(0)
    if (incoming.method === 'POST') {
      const fresh = String(open.size + 1)
      open.set(fresh, Buffer.alloc(0))
      reply.writeHead(202, location(fresh)).end()
      return
    }
    if (incoming.method === 'GET') return void reply.writeHead(204, { ...location(id), range: `0-${Math.max(soFar.length - 1, 0)}` }).end()
    const chunks: Buffer[] = [soFar]
    const keep = () => open.set(id, Buffer.concat(chunks))
    incoming.on('data', (bytes: Buffer) => void chunks.push(bytes))
    // What arrived before the connection broke is kept, as registries do.
    incoming.on('error', keep)
    incoming.on('end', () => {
      if (incoming.method === 'PATCH') {
        keep()
        reply.writeHead(202, location(id)).end()
        return
      }
      pushed.set(url.searchParams.get('digest') ?? url.pathname, Buffer.concat(chunks))
      reply.writeHead(201).end()
    })
  }
}

// ---- faults ----

/** What a registry should do; faults are changes of it. */
export const honest: Fault = (request, reply) => {
  begin(request, reply).end(wantedBytes(request))
}

export function resetAfter(bytes: number): Fault {
  return (request, reply) => {
    begin(request, reply).write(wantedBytes(request).subarray(0, bytes), () => reply.socket?.resetAndDestroy())
  }
}

/** Sends so much and then nothing more, with the connection open. */
export function stallAfter(bytes: number): Fault {
  return (request, reply) => {
    const message = begin(request, reply)
    if (bytes > 0) message.write(wantedBytes(request).subarray(0, bytes))
    else message.flushHeaders()
  }
}

/** A few bytes a second, for ever. */
export const trickle: Fault = (request, reply) => {
  const bytes = wantedBytes(request)
  const message = begin(request, reply)
  let sent = 0
  const timer = setInterval(() => message.write(bytes.subarray(sent, ++sent)), 50)
  reply.on('close', () => clearInterval(timer))
}

/** Takes the request and says nothing. */
export const silent: Fault = () => undefined

/** Ends in a way that looks complete to HTTP: chunked, without a length. */
export function endEarlyAfter(bytes: number): Fault {
  return (request, reply) => {
    const { start, end, blob } = wantedOf(request)
    reply.writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${blob.length}` })
    reply.end(blob.subarray(start, Math.min(start + bytes, end)))
  }
}

/** The right number of wrong bytes. */
export const corrupt: Fault = (request, reply) => {
  begin(request, reply).end(Buffer.from(wantedBytes(request)).map((byte, index) => (index < 16 ? byte ^ 0x55 : byte)))
}

export function answer(status: number, headers: http.OutgoingHttpHeaders = {}, body: string | Buffer = ''): Fault {
  return (_, reply) => void reply.writeHead(status, headers).end(body)
}

export function redirectTo(location: string, status = 307): Fault {
  return answer(status, { location })
}

/** The range that was asked for, under headers that say something else. */
export function lie(headers: http.OutgoingHttpHeaders, status = 206): Fault {
  return (request, reply) => {
    const { start, end, blob } = wantedOf(request)
    const truth = { 'content-range': `bytes ${start}-${end - 1}/${blob.length}`, 'content-length': end - start }
    reply.writeHead(status, { ...truth, ...headers })
    reply.write(wantedBytes(request))
    reply.end()
  }
}

/** The whole blob, whatever range was asked for. */
export const ignoreRange: Fault = (request, reply) => {
  const { blob } = wantedOf(request)
  reply.writeHead(200, { 'content-length': blob.length }).end(blob)
}

/** A small body that unfolds to so many bytes. */
export function gzipBomb(unfoldedBytes: number): Fault {
  const body = gzipSync(Buffer.alloc(unfoldedBytes, ' '))
  return answer(200, { 'content-encoding': 'gzip', 'content-type': 'application/json', 'content-length': body.length }, body)
}

/** Plain bytes without a length and without an end, until the client leaves. */
export const endless: Fault = (_, reply) => {
  const chunk = Buffer.alloc(64 * 1024, ' ')
  const more = () => {
    while (!reply.destroyed && reply.write(chunk));
  }
  reply.on('drain', more)
  more()
}

function begin(request: FaultRequest, reply: http.ServerResponse): http.ServerResponse {
  const { start, end, blob } = wantedOf(request)
  const length = { 'content-length': end - start }
  if (request.headers.range === undefined) return reply.writeHead(200, length)
  return reply.writeHead(206, { ...length, 'content-range': `bytes ${start}-${end - 1}/${blob.length}` })
}

function wantedBytes(request: FaultRequest): Buffer {
  const { start, end, blob } = wantedOf(request)
  return blob.subarray(start, end)
}

function wantedOf({ wanted, url }: FaultRequest): NonNullable<FaultRequest['wanted']> {
  if (!wanted) throw new Error(`${url} is no blob of this registry`)
  return wanted
}
