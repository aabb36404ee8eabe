// What the command line asks of a client of /api/*. src/api/client.ts is one; tests put a fake here.

import type { ChatRequestBody, ChatResponseBody } from '../api/chat.ts'
import type { CreateRequestBody } from '../api/create.ts'
import type { EmbedRequestBody, EmbedResponseBody } from '../api/embed.ts'
import type { GenerateRequestBody, GenerateResponseBody } from '../api/generate.ts'
import type { CopyRequestBody, PsResponseBody, ShowRequestBody, ShowResponseBody, TagsResponseBody } from '../api/models.ts'
import type { ProgressBody, TransferRequestBody } from '../api/transfer.ts'

/** Every failure is an AppError: what the server answered has `details.status`, a server that does not listen `details.unreachable`. */
export interface ServerClient {
  version(): Promise<string>
  tags(): Promise<TagsResponseBody>
  ps(): Promise<PsResponseBody>
  show(request: ShowRequestBody): Promise<ShowResponseBody>
  copy(request: CopyRequestBody): Promise<void>
  delete(request: { model: string }): Promise<void>
  headBlob(digest: string): Promise<boolean>
  postBlob(digest: string, body: AsyncIterable<Uint8Array>): Promise<void>
  embed(request: EmbedRequestBody, signal?: AbortSignal): Promise<EmbedResponseBody>
  generate(request: GenerateRequestBody, signal?: AbortSignal): AsyncIterable<GenerateResponseBody>
  chat(request: ChatRequestBody, signal?: AbortSignal): AsyncIterable<ChatResponseBody>
  create(request: CreateRequestBody, signal?: AbortSignal): AsyncIterable<ProgressBody>
  pull(request: TransferRequestBody, signal?: AbortSignal): AsyncIterable<ProgressBody>
  push(request: TransferRequestBody, signal?: AbortSignal): AsyncIterable<ProgressBody>
}
