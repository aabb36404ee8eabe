// HTTP without a network: a function answers each request; what was asked is kept for the test to look at.

import { AppError } from '../../base/errors.ts'
import type { HttpClient, HttpReply, HttpRequest } from '../http-client.ts'

export interface FakeAnswer {
  status: number
  headers?: Record<string, string>
  body?: string | Uint8Array | AsyncIterable<Uint8Array>
}

export interface FakeRequest {
  method: string
  url: string
  headers: Readonly<Record<string, string>>
  publicOnly: boolean
  body: Buffer
  signal: AbortSignal | undefined
}

export interface FakeHttp extends HttpClient {
  readonly requests: FakeRequest[]
}

export type FakeServer = (request: FakeRequest, url: URL) => FakeAnswer | Promise<FakeAnswer>

/** Hosts are public unless `privateHosts` names them. */
export function createFakeHttp(server: FakeServer, privateHosts: readonly string[] = []): FakeHttp {
  const requests: FakeRequest[] = []
  const client = async (request: HttpRequest): Promise<HttpReply> => {
    const asked: FakeRequest = {
      method: request.method,
      url: request.url.href,
      headers: request.headers ?? {},
      publicOnly: request.publicOnly ?? false,
      body: await collect(request.body),
      signal: request.signal,
    }
    requests.push(asked)
    const isPrivate = privateHosts.includes(request.url.hostname)
    if (asked.publicOnly && isPrivate) throw new AppError('registry_error', `${request.url.host} is private`)
    const { status, headers = {}, body = '' } = await server(asked, request.url)
    return { status, headers, body: toStream(body), fromPrivateAddress: isPrivate, discard: () => {} }
  }
  return Object.assign(client, { requests })
}

/** What a server does with a Range header. */
export function rangeAnswer(request: FakeRequest, blob: Uint8Array): FakeAnswer {
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
  if (!range) return { status: 200, headers: { 'content-length': String(blob.length) }, body: blob }
  const [start, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, blob.length)]
  return {
    status: 206,
    headers: { 'content-range': `bytes ${start}-${end - 1}/${blob.length}`, 'content-length': String(end - start) },
    body: blob.subarray(start, end),
  }
}

async function* toStream(body: NonNullable<FakeAnswer['body']>): AsyncGenerator<Uint8Array> {
  if (typeof body === 'string') yield Buffer.from(body)
  else if (body instanceof Uint8Array) yield body
  else yield* body
}

async function collect(body: HttpRequest['body']): Promise<Buffer> {
  if (body === undefined) return Buffer.alloc(0)
  if (body instanceof Uint8Array) return Buffer.from(body)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
