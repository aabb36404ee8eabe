// Inputs to pooled vectors: as many inputs as fit go through the engine together, each in a sequence of its own, and nothing stays in memory
// afterwards. An input is never split, as pooling needs all of its tokens at once.

import { AppError } from '../../base/errors.ts'
import type { EmbeddingResult } from '../protocol.ts'
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
