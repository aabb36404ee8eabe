// What the loop has to say to each request, in the protocol's words.

import { toAppError } from '../../base/errors.ts'
import type { Result, StepChunk, ToParent } from '../protocol.ts'

export class Answers {
  readonly #send: (message: ToParent) => void

  constructor(send: (message: ToParent) => void) {
    this.#send = send
  }

  chunks(chunks: StepChunk[]): void {
    if (chunks.length > 0) this.#send({ type: 'step', chunks })
  }

  result(id: number, result: Result): void {
    this.#send({ type: 'result', id, result })
  }

  failure(id: number, error: unknown): void {
    const { code, message, details } = toAppError(error)
    this.#send({ type: 'failure', id, failure: { code, message, details } })
  }

  /** What goes wrong is that request's failure. */
  attempt(id: number, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.failure(id, error)
    }
  }
}
