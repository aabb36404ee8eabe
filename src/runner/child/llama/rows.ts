// One llama_batch of rows in native memory: what stands in the place of tokens, all of one sequence. Rows and tokens cannot be in one batch.

import { AppError } from '../../../base/errors.ts'
import type { MediaRows } from '../engine.ts'
import type { BatchStruct } from './api.ts'
import { allocateAddresses, allocateBytes, allocateInt8, allocateInt32 } from './native-memory.ts'

/** With M-RoPE: time, height, width and one that is always zero for text. */
const TEXT_DIMENSIONS = 3

export interface RowShape {
  /** In one batch at most. */
  capacity: number
  /** Numbers of one row. */
  width: number
  /** Positions of one row. */
  dimensions: number
}

export class LlamaRows {
  readonly #shape: RowShape
  readonly #rows: Float32Array
  readonly #position
  readonly #sequence
  readonly #output
  readonly #struct: BatchStruct

  constructor(shape: RowShape) {
    const { capacity, width, dimensions } = shape
    this.#shape = shape
    const rows = allocateBytes(capacity * width * Float32Array.BYTES_PER_ELEMENT)
    this.#rows = new Float32Array(rows.view)
    this.#position = allocateInt32(capacity * dimensions)
    this.#sequence = allocateInt32(1)
    this.#output = allocateInt8(capacity)
    const sequenceCounts = allocateInt32(capacity)
    sequenceCounts.view.fill(1)
    const sequences = allocateAddresses(capacity)
    sequences.view.fill(this.#sequence.address)
    this.#struct = {
      n_tokens: 0,
      token: null,
      embd: rows.address,
      pos: this.#position.address,
      n_seq_id: sequenceCounts.address,
      seq_id: sequences.address,
      logits: this.#output.address,
    }
  }

  /** Throws `engine_error` for rows that are none for this model. */
  fill({ count, rows, positions, sequence, wantOutput }: MediaRows): BatchStruct {
    const { capacity, width, dimensions } = this.#shape
    if (count < 1 || count > capacity || rows.length !== count * width)
      throw new AppError('engine_error', `the projector gave rows of ${rows.length / count} numbers, and this model takes ${width}`)
    this.#rows.set(rows)
    this.#position.view.fill(0)
    if (positions.length === count * dimensions) this.#position.view.set(positions)
    else if (positions.length === count) {
      for (let dimension = 0; dimension < TEXT_DIMENSIONS; dimension++) this.#position.view.set(positions, dimension * count)
    } else throw new AppError('engine_error', 'the projector gave positions that are none of this model')
    this.#sequence.view[0] = sequence
    this.#output.view.fill(0)
    if (wantOutput) this.#output.view[count - 1] = 1
    this.#struct.n_tokens = count
    return this.#struct
  }
}
