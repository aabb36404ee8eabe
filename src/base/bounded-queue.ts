// A queue between one producer and one consumer that says "full" instead of growing. The producer awaits `push`; the consumer iterates.
// The channel of a runner uses it, so that a slow reader of an HTTP stream slows its sequence down and not the server's memory.

import { AppError } from './errors.ts'

export class BoundedQueue<T> implements AsyncIterable<T> {
  readonly #capacity: number
  #items: T[] = []
  #ended = false
  #error: unknown
  #wakeConsumer: (() => void) | undefined
  #wakeProducers: (() => void)[] = []

  constructor(capacity: number) {
    if (!(capacity >= 1)) throw new AppError('internal', 'a queue needs a capacity of at least 1')
    this.#capacity = capacity
  }

  get size(): number {
    return this.#items.length
  }

  /** Adds without waiting; true while there is room for more. The item is taken even when the queue is full. */
  offer(item: T): boolean {
    if (this.#ended) return false
    this.#items.push(item)
    this.#wake()
    return this.#items.length < this.#capacity
  }

  /** Adds, and resolves when there is room for the next one. */
  async push(item: T): Promise<void> {
    if (this.offer(item) || this.#ended) return
    await new Promise<void>((resolve) => this.#wakeProducers.push(resolve))
  }

  end(): void {
    this.#close()
  }

  fail(error: unknown): void {
    if (this.#ended) return
    this.#error = error
    this.#close()
  }

  /** No generator: between a runner and a client each of them is a part of what a token costs. */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.#items = []
        this.#close()
        return { done: true, value: undefined }
      },
    }
  }

  async #next(): Promise<IteratorResult<T>> {
    while (this.#items.length === 0) {
      if (this.#ended) return this.#finish()
      await new Promise<void>((resolve) => {
        this.#wakeConsumer = resolve
      })
    }
    const value = this.#items.shift() as T
    if (this.#items.length < this.#capacity) this.#releaseProducers()
    return { done: false, value }
  }

  /** The error is told once. */
  #finish(): IteratorReturnResult<undefined> {
    const error = this.#error
    this.#error = undefined
    if (error !== undefined) throw error
    return { done: true, value: undefined }
  }

  #close(): void {
    this.#ended = true
    this.#wake()
    this.#releaseProducers()
  }

  #wake(): void {
    this.#wakeConsumer?.()
    this.#wakeConsumer = undefined
  }

  #releaseProducers(): void {
    for (const resolve of this.#wakeProducers.splice(0)) resolve()
  }
}
