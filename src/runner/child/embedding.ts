// Inputs to pooled vectors: as many inputs as fit go through the engine together, each in a sequence of its own, and nothing stays in memory
// afterwards. An input is never split, as pooling needs all of its tokens at once.

import { AppError } from '../../base/errors.ts'
import type { EmbeddingResult } from '../protocol.ts'
import type { Answers } from './answers.ts'
import type { Engine } from './engine.ts'

export class EmbeddingJob {
  readonly id: number
  readonly #engine: Engine
  readonly #inputs: readonly (readonly number[])[]
  readonly #vectors: Float32Array[] = []

  /** Throws `context_exceeded` for an input that is too long, `invalid_request` for one that is empty, `unsupported_capability`. */
  constructor(engine: Engine, id: number, inputs: readonly (readonly number[])[]) {
    refuseWrongInputs(engine, inputs)
    this.id = id
    this.#engine = engine
    this.#inputs = inputs
  }

  get done(): boolean {
    return this.#vectors.length === this.#inputs.length
  }

  get result(): EmbeddingResult {
    return { vectors: this.#vectors, promptTokens: this.#inputs.reduce((sum, input) => sum + input.length, 0) }
  }

  /** Fills the batch with the next inputs, at least one; returns how many. */
  fill(budgetTokens: number): number {
    const { batch, facts, sequences } = this.#engine
    const room = Math.min(budgetTokens, facts.pooledTokens)
    let count = 0
    for (const input of this.#inputs.slice(this.#vectors.length, this.#vectors.length + sequences)) {
      if (count > 0 && batch.size + input.length > room) break
      for (const [position, token] of input.entries()) batch.add(token, position, count, true)
      count++
    }
    return count
  }

  /** The batch has been evaluated. */
  take(count: number): void {
    for (let sequence = 0; sequence < count; sequence++) this.#vectors.push(this.#engine.pooled(sequence))
    this.#engine.clear()
  }
}

/** Jobs one after the other. */
export class EmbeddingQueue {
  readonly #engine: Engine
  readonly #answers: Answers
  readonly #jobs: EmbeddingJob[] = []

  constructor(engine: Engine, answers: Answers) {
    this.#engine = engine
    this.#answers = answers
  }

  get isEmpty(): boolean {
    return this.#jobs.length === 0
  }

  add(id: number, inputs: readonly (readonly number[])[]): void {
    this.#answers.attempt(id, () => {
      const job = new EmbeddingJob(this.#engine, id, inputs)
      if (job.done) this.#send(job)
      else this.#jobs.push(job)
    })
  }

  cancel(id: number): void {
    const at = this.#jobs.findIndex((job) => job.id === id)
    if (at >= 0) this.#jobs.splice(at, 1)
  }

  step(budgetTokens: number, decode: () => void): void {
    const job = this.#jobs[0] as EmbeddingJob
    try {
      this.#engine.batch.clear()
      const count = job.fill(budgetTokens)
      decode()
      job.take(count)
      if (!job.done) return
      this.#send(job)
    } catch (error) {
      this.#engine.clear()
      this.#answers.failure(job.id, error)
    }
    this.#jobs.shift()
  }

  #send(job: EmbeddingJob): void {
    this.#answers.result(job.id, { type: 'embedded', result: job.result })
  }
}

function refuseWrongInputs(engine: Engine, inputs: readonly (readonly number[])[]): void {
  const { pooling, pooledTokens } = engine.facts
  if (pooling === 'none') throw new AppError('unsupported_capability', 'this model is not loaded for embeddings')
  for (const input of inputs) {
    if (input.length === 0) throw new AppError('invalid_request', 'an input without tokens cannot be embedded')
    if (input.length > pooledTokens) {
      throw new AppError('context_exceeded', `the input has ${input.length} tokens and the model takes ${pooledTokens}`, {
        details: { promptTokens: input.length, contextTokens: pooledTokens },
      })
    }
    engine.refuseUnknown(input)
  }
}
