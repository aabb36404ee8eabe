// A typed client of /api/*, for the command line and for tests. Over node:http, since fetch gives up after five silent minutes and a model
// may think longer than that. No socket outlives its request, so a client never keeps a process from ending.
// Every failure is an AppError: what a server answered has `details.status`, a server that cannot be reached `details.unreachable`.

import { AppError } from '../base/errors.ts'
import type { ChatRequestBody, ChatResponseBody } from './chat.ts'
import type { CreateRequestBody } from './create.ts'
import type { EmbedRequestBody, EmbedResponseBody } from './embed.ts'
import type { GenerateRequestBody, GenerateResponseBody } from './generate.ts'
import type {
  DoctorResponseBody,
  ImportRecord,
  ImportRequestBody,
  OriginsResponseBody,
  PartialsResponseBody,
  PruneRequestBody,
  PruneResponseBody,
  VerifyRecord,
  VerifyRequestBody,
} from './maintenance.ts'
import type { CopyRequestBody, PsResponseBody, ShowRequestBody, ShowResponseBody, TagsResponseBody } from './models.ts'
import type { DetokenizeRequestBody, DetokenizeResponseBody, TokenizeRequestBody, TokenizeResponseBody } from './tokenize.ts'
import type { ProgressBody, TransferRequestBody } from './transfer.ts'
import { createTransport } from './transport.ts'

export interface Client {
  /** Rejects when no server answers. */
  heartbeat(signal?: AbortSignal): Promise<void>
  version(): Promise<string>
  /** The version of Ollama that the server speaks like, and Llamero's own where it is one. */
  versions(signal?: AbortSignal): Promise<{ version: string; llamero?: string }>
  tags(): Promise<TagsResponseBody>
  ps(): Promise<PsResponseBody>
  show(request: ShowRequestBody): Promise<ShowResponseBody>
  copy(request: CopyRequestBody): Promise<void>
  delete(request: { model: string }): Promise<void>
  headBlob(digest: string): Promise<boolean>
  postBlob(digest: string, body: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>
  embed(request: EmbedRequestBody, signal?: AbortSignal): Promise<EmbedResponseBody>
  tokenize(request: TokenizeRequestBody, signal?: AbortSignal): Promise<TokenizeResponseBody>
  detokenize(request: DetokenizeRequestBody, signal?: AbortSignal): Promise<DetokenizeResponseBody>
  /** One record where `stream` is false. */
  generate(request: GenerateRequestBody, signal?: AbortSignal): AsyncIterable<GenerateResponseBody>
  chat(request: ChatRequestBody, signal?: AbortSignal): AsyncIterable<ChatResponseBody>
  create(request: CreateRequestBody, signal?: AbortSignal): AsyncIterable<ProgressBody>
  pull(request: TransferRequestBody, signal?: AbortSignal): AsyncIterable<ProgressBody>
  push(request: TransferRequestBody, signal?: AbortSignal): AsyncIterable<ProgressBody>
  prune(request: PruneRequestBody): Promise<PruneResponseBody>
  verify(request: VerifyRequestBody, signal?: AbortSignal): AsyncIterable<VerifyRecord>
  importFile(request: ImportRequestBody, signal?: AbortSignal): AsyncIterable<ImportRecord>
  partials(): Promise<PartialsResponseBody>
  origins(): Promise<OriginsResponseBody>
  doctor(): Promise<DoctorResponseBody>
  /** With the key of the server's own user. */
  stop(request: { key: string }): Promise<void>
}

export interface ClientOptions {
  /** `http://127.0.0.1:11434`, perhaps with a path. */
  baseUrl: string
  /** Of a server that asks for one. */
  apiKey?: string | undefined
}

export function createClient({ baseUrl, apiKey }: ClientOptions): Client {
  const { readJson, readRecords, finish } = createTransport(baseUrl, apiKey)
  const versions = (signal?: AbortSignal) => readJson<{ version: string; llamero?: string }>('GET', '/api/version', { signal })
  return {
    heartbeat: (signal) => finish('HEAD', '/', { signal }),
    version: async () => (await versions()).version,
    versions,
    tags: () => readJson('GET', '/api/tags'),
    ps: () => readJson('GET', '/api/ps'),
    show: (json) => readJson('POST', '/api/show', { json }),
    copy: (json) => finish('POST', '/api/copy', { json }),
    delete: (json) => finish('DELETE', '/api/delete', { json }),
    async headBlob(digest) {
      try {
        await finish('HEAD', blobPath(digest))
        return true
      } catch (error) {
        if (error instanceof AppError && error.details.status === 404) return false
        throw error
      }
    },
    postBlob: (digest, body, signal) => finish('POST', blobPath(digest), { body, signal }),
    embed: (json, signal) => readJson('POST', '/api/embed', { json, signal }),
    tokenize: (json, signal) => readJson('POST', '/api/tokenize', { json, signal }),
    detokenize: (json, signal) => readJson('POST', '/api/detokenize', { json, signal }),
    generate: (json, signal) => readRecords('POST', '/api/generate', { json, signal }),
    chat: (json, signal) => readRecords('POST', '/api/chat', { json, signal }),
    create: (json, signal) => readRecords('POST', '/api/create', { json, signal }),
    pull: (json, signal) => readRecords('POST', '/api/pull', { json, signal }),
    push: (json, signal) => readRecords('POST', '/api/push', { json, signal }),
    prune: (json) => readJson('POST', '/api/llamero/prune', { json }),
    verify: (json, signal) => readRecords('POST', '/api/llamero/verify', { json, signal }),
    importFile: (json, signal) => readRecords('POST', '/api/llamero/import', { json, signal }),
    partials: () => readJson('GET', '/api/llamero/partials'),
    origins: () => readJson('GET', '/api/llamero/origins'),
    doctor: () => readJson('GET', '/api/llamero/doctor'),
    stop: (json) => finish('POST', '/api/llamero/stop', { json }),
  }
}

function blobPath(digest: string): string {
  return `/api/blobs/${encodeURIComponent(digest)}`
}
