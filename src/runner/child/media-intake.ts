// Requests whose media are being read. They are in nobody's way: the others go on, and those that come later may begin before them.

import { AppError } from '../../base/errors.ts'
import type { CompletionRequest } from '../protocol.ts'
import type { MediaReader, PromptPart } from './media.ts'

export interface MediaIntakeOptions {
  reader: MediaReader
  onRead: (id: number, request: CompletionRequest, parts: readonly PromptPart[]) => void
  onFailure: (id: number, error: unknown) => void
}

export class MediaIntake {
  readonly #options: MediaIntakeOptions
  readonly #reading = new Map<number, AbortController>()

  constructor(options: MediaIntakeOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#reading.size
  }

  /** Throws `invalid_request` and `unsupported_capability` for what cannot be asked about media. */
  begin(id: number, request: CompletionRequest): void {
    const { images = [], prompt, promptLogprobs } = request
    if (typeof prompt !== 'string') throw new AppError('invalid_request', 'a prompt with media must be a text')
    if (promptLogprobs !== undefined)
      throw new AppError('unsupported_capability', 'the log-probabilities of a prompt with media cannot be told')
    const controller = new AbortController()
    this.#reading.set(id, controller)
    void this.#read(id, { prompt, images, signal: controller.signal }, request)
  }

  /** Nothing is heard of it any more. */
  cancel(id: number): void {
    this.#reading.get(id)?.abort()
    this.#reading.delete(id)
  }

  async #read(
    id: number,
    { prompt, images, signal }: { prompt: string; images: readonly Uint8Array[]; signal: AbortSignal },
    request: CompletionRequest,
  ): Promise<void> {
    const { images: _, ...rest } = request
    let parts: readonly PromptPart[] = []
    let problem: { error: unknown } | undefined
    try {
      parts = await this.#options.reader.read(prompt, images, signal)
    } catch (error) {
      problem = { error }
    }
    if (signal.aborted) return
    this.#reading.delete(id)
    if (problem) this.#options.onFailure(id, problem.error)
    else this.#options.onRead(id, rest, parts)
  }
}
