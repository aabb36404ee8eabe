// One llama_batch in native memory, filled again for every step: no allocation for a token, and nothing that the collector could move under
// the addresses that the engine follows.

import { AppError } from '../../../base/errors.ts'
import type { Batch } from '../engine.ts'
import type { BatchStruct } from './api.ts'
import { allocateAddresses, allocateInt8, allocateInt32 } from './native-memory.ts'

export class LlamaBatch implements Batch {
  readonly #capacity: number
  readonly #token
  readonly #position
  readonly #sequence
  readonly #output
  readonly #sequenceAddresses: bigint[]
  readonly #struct: BatchStruct
  #size = 0

  constructor(capacity: number, sequences: number) {
    this.#capacity = capacity
    this.#token = allocateInt32(capacity)
    this.#position = allocateInt32(capacity)
    this.#sequence = allocateAddresses(capacity)
    this.#output = allocateInt8(capacity)
    const sequenceCounts = allocateInt32(capacity)
    sequenceCounts.view.fill(1)
    const sequenceIds = allocateInt32(sequences)
    this.#sequenceAddresses = Array.from({ length: sequences }, (_, id) => {
      sequenceIds.view[id] = id
      return sequenceIds.address + BigInt(id * 4)
    })
    this.#struct = {
      n_tokens: 0,
      token: this.#token.address,
      embd: null,
      pos: this.#position.address,
      n_seq_id: sequenceCounts.address,
      seq_id: this.#sequence.address,
      logits: this.#output.address,
    }
  }

  get size(): number {
    return this.#size
  }

  clear(): void {
    this.#size = 0
  }

  add(token: number, position: number, sequence: number, wantOutput: boolean): number {
    const at = this.#size
    if (at >= this.#capacity) throw new AppError('internal', 'the batch is full')
    this.#token.view[at] = token
    this.#position.view[at] = position
    this.#sequence.view[at] = this.#sequenceAddresses[sequence] as bigint
    this.#output.view[at] = wantOutput ? 1 : 0
    this.#size = at + 1
    return at
  }

  toStruct(): BatchStruct {
    this.#struct.n_tokens = this.#size
    return this.#struct
  }
}
