// A server of our own on a free port, over a fake service; and a client that sees bytes, since the wire is what these tests are about.

import { once } from 'node:events'
import http from 'node:http'
import { silentLog } from '../../src/base/log.ts'
import type { Kernel } from '../../src/http/kernel/server.ts'
import { createHttpServer, type HttpServerOptions } from '../../src/http/server.ts'
import { createFakeService, type FakeAnswers, type FakeService } from '../../src/http/testing/fake-service.ts'

export interface WireServer extends AsyncDisposable {
  service: FakeService
  kernel: Kernel
  port: number
  url: string
}

export async function startWire(answers: FakeAnswers = {}, options: Partial<HttpServerOptions> = {}): Promise<WireServer> {
  const service = createFakeService(answers)
  const kernel = createHttpServer({ service, log: silentLog, version: '0.33.0', ...options })
  const { port } = await kernel.listen({ host: '127.0.0.1', port: 0 })
  return {
    service,
    kernel,
    port,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => kernel.close({ drainMs: 0 }),
  }
}

export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  /** Name and value in turn, as they came. */
  rawHeaders: string[]
  text: string
}

export interface Sent {
  method?: string
  path: string
  headers?: Record<string, string>
  body?: string | Uint8Array
}

export async function send({ port }: WireServer, sent: Sent): Promise<Answer> {
  const response = await open(port, sent)
  let text = ''
  for await (const part of response.setEncoding('utf8')) text += part
  return { status: response.statusCode ?? 0, headers: response.headers, rawHeaders: response.rawHeaders, text }
}

/** The answer as soon as its head is there. */
export async function open(port: number, { method = 'POST', path, headers = {}, body }: Sent): Promise<http.IncomingMessage> {
  const length: Record<string, number> = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }
  const request = http.request({ host: '127.0.0.1', port, method, path, headers: { ...length, ...headers }, agent: false })
  request.end(body)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  // A server may close before it has read all; the answer is here.
  request.on('error', () => {})
  return response
}

export function sendJson(server: WireServer, path: string, body: unknown): Promise<Answer> {
  return send(server, { path, body: JSON.stringify(body) })
}

export function records(answer: Answer): Record<string, unknown>[] {
  return answer.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}
