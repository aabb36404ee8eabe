// A Runner over a process: numbers the requests, sorts the answers to those who wait for them, and fails them all when the process dies. A
// reader that is slow makes its own request pause in the child, and only that one; what is buffered for it here stays bounded.

import { onAbort, throwIfAborted } from '../../base/abort.ts'
import { BoundedQueue } from '../../base/bounded-queue.ts'
import { AppError, cancelled } from '../../base/errors.ts'
import type { Result, ToChild, ToParent } from '../protocol.ts'
import type {
  CompletionChunk,
  CompletionRequest,
  ContextSize,
  EmbeddingResult,
  Runner,
  RunnerExit,
  RunnerFacts,
  TokenizeOptions,
} from '../runner.ts'
import { toError } from './failure.ts'

/** Chunks that wait for a slow reader before its request pauses; it goes on when a quarter of them is left. */
export const MAX_BUFFERED_CHUNKS = 256

/** Of the images of one request, which go to the process in one message: more than a body of HTTP brings. */
export const MAX_MEDIA_BYTES = 256 * 1024 * 1024

/** What the channel needs of the process. */
export interface Connection {
  readonly exited: Promise<RunnerExit>
  readonly exit: RunnerExit | undefined
  send(message: ToChild): void
  close(): Promise<void>
}

export interface ChannelOptions {
  /** As they were after the load. */
  facts: Omit<RunnerFacts, 'sizeBytes' | 'sizeVramBytes'>
  sizes: () => Pick<RunnerFacts, 'sizeBytes' | 'sizeVramBytes'>
  mayGrow: (wanted: ContextSize) => boolean
}

type Pending =
  | { type: 'stream'; queue: BoundedQueue<CompletionChunk>; paused: boolean }
  | { type: 'call'; resolve: (result: Result) => void; reject: (error: AppError) => void }

/** A message that asks for an answer, before it has its number. */
type Call = DistributiveOmit<Extract<ToChild, { type: 'embed' | 'tokenize' | 'detokenize' }>, 'id'>
type DistributiveOmit<T, Key extends PropertyKey> = T extends unknown ? Omit<T, Key> : never

export class RunnerChannel implements Runner {
  readonly exited: Promise<RunnerExit>
  readonly #connection: Connection
  readonly #options: ChannelOptions
  #contextTokens: number
  readonly #pending = new Map<number, Pending>()
  #lastId = 0

  constructor(connection: Connection, options: ChannelOptions) {
    this.#connection = connection
    this.#options = options
    this.#contextTokens = options.facts.contextTokens
    this.exited = connection.exited
    void connection.exited.then(() => this.#failAll())
  }

  get facts(): RunnerFacts {
    const { facts, sizes } = this.#options
    return { ...facts, contextTokens: this.#contextTokens, ...sizes() }
  }

  async *complete(request: CompletionRequest, signal?: AbortSignal): AsyncGenerator<CompletionChunk> {
    throwIfAborted(signal)
    this.#refuseDead()
    refuseLarge(request.images)
    const id = ++this.#lastId
    const stream = { type: 'stream' as const, queue: new BoundedQueue<CompletionChunk>(MAX_BUFFERED_CHUNKS), paused: false }
    this.#pending.set(id, stream)
    this.#connection.send({ type: 'complete', id, request })
    const off = onAbort(signal, () => {
      this.#abandon(id)
      stream.queue.fail(cancelled(signal?.reason))
    })
    try {
      for await (const chunk of stream.queue) {
        throwIfAborted(signal)
        this.#resume(id, stream)
        yield chunk
      }
    } finally {
      off()
      this.#abandon(id)
    }
  }

  async embed(inputs: readonly (readonly number[])[], signal?: AbortSignal): Promise<EmbeddingResult> {
    const result = await this.#call({ type: 'embed', inputs }, signal)
    return result.type === 'embedded' ? result.result : refuseAnswer()
  }

  async tokenize(text: string, options: TokenizeOptions): Promise<number[]> {
    refuseLarge(options.images)
    const result = await this.#call({ type: 'tokenize', text, ...options })
    return result.type === 'tokens' ? result.tokens : refuseAnswer()
  }

  async detokenize(tokens: readonly number[]): Promise<string> {
    const result = await this.#call({ type: 'detokenize', tokens })
    return result.type === 'text' ? result.text : refuseAnswer()
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  /** What the process has sent. Answers to requests that are gone are dropped. */
  hear(message: ToParent): void {
    if (message.type === 'step') for (const { id, chunk } of message.chunks) this.#takeChunk(id, chunk)
    else if (message.type === 'result') this.#settle(message.id, (pending) => pending.resolve(message.result))
    else if (message.type === 'failure') this.#fail(message.id, toError(message.failure))
    else if (message.type === 'grow') {
      this.#connection.send({ type: 'growth', granted: this.#options.mayGrow(message.size) })
    } else if (message.type === 'grown') this.#contextTokens = message.size.contextTokens
  }

  #takeChunk(id: number, chunk: CompletionChunk): void {
    const pending = this.#pending.get(id)
    if (pending?.type !== 'stream') return
    const hasRoom = pending.queue.offer(chunk)
    if (chunk.type === 'end') {
      this.#pending.delete(id)
      pending.queue.end()
    } else if (!hasRoom && !pending.paused) {
      pending.paused = true
      this.#connection.send({ type: 'pause', id })
    }
  }

  #resume(id: number, stream: { queue: BoundedQueue<CompletionChunk>; paused: boolean }): void {
    if (!stream.paused || stream.queue.size > MAX_BUFFERED_CHUNKS / 4) return
    stream.paused = false
    this.#connection.send({ type: 'resume', id })
  }

  async #call(call: Call, signal?: AbortSignal): Promise<Result> {
    throwIfAborted(signal)
    this.#refuseDead()
    const id = ++this.#lastId
    const answered = new Promise<Result>((resolve, reject) => this.#pending.set(id, { type: 'call', resolve, reject }))
    this.#connection.send({ ...call, id })
    const off = onAbort(signal, () => {
      const pending = this.#pending.get(id)
      this.#abandon(id)
      if (pending?.type === 'call') pending.reject(cancelled(signal?.reason))
    })
    try {
      return await answered
    } finally {
      off()
    }
  }

  #settle(id: number, settle: (pending: Extract<Pending, { type: 'call' }>) => void): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (pending?.type === 'call') settle(pending)
  }

  #fail(id: number, error: AppError): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (pending?.type === 'call') pending.reject(error)
    else pending?.queue.fail(error)
  }

  /** Nobody waits for the answer any more; the child is told, unless it has answered. */
  #abandon(id: number): void {
    if (this.#pending.delete(id)) this.#connection.send({ type: 'cancel', id })
  }

  #failAll(): void {
    for (const id of [...this.#pending.keys()]) this.#fail(id, this.#crashed())
  }

  #refuseDead(): void {
    if (this.#connection.exit) throw this.#crashed()
  }

  #crashed(): AppError {
    const { code = null, signal = null, lastLines = '' } = this.#connection.exit ?? {}
    return new AppError('runner_crashed', 'the runner of this model has stopped', { details: { exitCode: code, signal, lastLines } })
  }
}

function refuseLarge(images: readonly Uint8Array[] = []): void {
  const sizeBytes = images.reduce((sum, { byteLength }) => sum + byteLength, 0)
  if (sizeBytes > MAX_MEDIA_BYTES) throw new AppError('payload_too_large', `the images are larger than ${MAX_MEDIA_BYTES} bytes together`)
}

function refuseAnswer(): never {
  throw new AppError('internal', 'the runner gave an answer of another kind')
}
