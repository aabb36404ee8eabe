// The server as the console talks to it: the paths of /api, beside the page's own, with the key where the user gave one. Every failure is a
// `Failure`; what its kind says about the server itself goes to whoever listens.

import type { ChatRequestBody, ChatResponseBody } from '../../src/api/chat.ts'
import type { DoctorResponseBody } from '../../src/api/maintenance.ts'
import type { PsResponseBody, ShowResponseBody, TagsResponseBody } from '../../src/api/models.ts'
import type { ProgressBody, TransferRequestBody } from '../../src/api/transfer.ts'
import { type Failure, toFailure, toRefusal } from './failure.ts'
import { readRecords } from './ndjson.ts'

export interface Versions {
  version: string
  llamero?: string
}

export interface Server {
  versions(): Promise<Versions>
  tags(): Promise<TagsResponseBody>
  ps(): Promise<PsResponseBody>
  show(model: string): Promise<ShowResponseBody>
  doctor(): Promise<DoctorResponseBody>
  copy(source: string, destination: string): Promise<void>
  remove(model: string): Promise<void>
  unload(model: string): Promise<void>
  chat(request: ChatRequestBody, signal: AbortSignal): AsyncIterable<ChatResponseBody>
  pull(request: TransferRequestBody, signal: AbortSignal): AsyncIterable<ProgressBody>
}

export interface ServerOptions {
  /** With a slash at its end. */
  baseUrl: string
  key(): string | undefined
  /** After each answer; the failure, where it was none. */
  onAnswer(failure?: Failure): void
  fetch?: typeof globalThis.fetch
}

interface Call {
  method?: 'GET' | 'POST' | 'DELETE'
  json?: unknown
  signal?: AbortSignal
}

export function createServer({ baseUrl, key, onAnswer, fetch = (input, init) => globalThis.fetch(input, init) }: ServerOptions): Server {
  const told = (error: unknown): Failure => {
    const failure = toFailure(error)
    if (failure.kind !== 'stopped') onAnswer(failure)
    return failure
  }
  const send = async (path: string, { method = 'GET', json, signal }: Call): Promise<Response> => {
    const given = key()
    const response = await fetch(new URL(path, baseUrl), {
      method,
      credentials: 'omit',
      cache: 'no-store',
      headers: {
        ...(given === undefined ? {} : { Authorization: `Bearer ${given}` }),
        ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(signal ? { signal } : {}),
    })
    if (!response.ok) throw toRefusal(response.status, await response.text())
    onAnswer()
    return response
  }
  const read = async <T>(path: string, call: Call = {}): Promise<T> => {
    try {
      return (await (await send(path, call)).json()) as T
    } catch (error) {
      throw told(error)
    }
  }
  const finish = async (path: string, call: Call): Promise<void> => {
    try {
      await (await send(path, call)).text()
    } catch (error) {
      throw told(error)
    }
  }
  async function* stream<T>(path: string, call: Call): AsyncGenerator<T> {
    try {
      const { body } = await send(path, call)
      if (body) yield* readRecords<T>(chunksOf(body))
    } catch (error) {
      throw told(error)
    }
  }
  const post = (json: unknown): Call => ({ method: 'POST', json })
  return {
    versions: () => read('api/version'),
    tags: () => read('api/tags'),
    ps: () => read('api/ps'),
    show: (model) => read('api/show', post({ model })),
    doctor: () => read('api/llamero/doctor'),
    copy: (source, destination) => finish('api/copy', post({ source, destination })),
    remove: (model) => finish('api/delete', { method: 'DELETE', json: { model } }),
    unload: (model) => finish('api/generate', post({ model, keep_alive: 0, stream: false })),
    chat: (request, signal) => stream('api/chat', { ...post(request), signal }),
    pull: (request, signal) => stream('api/pull', { ...post(request), signal }),
  }
}

/** Safari's streams cannot be iterated. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}
