// The list that samplers sort and cut in place: a llama_token_data_array with room for the whole vocabulary, in native memory. One for all requests.

import { AppError } from '../../../base/errors.ts'
import { allocateBytes, type NativeArray } from './native-memory.ts'
import { TOKEN_DATA, TOKEN_DATA_ARRAY } from './structs.ts'

export class CandidateList {
  readonly #size: number
  readonly #ids: Int32Array
  readonly #floats: Float32Array
  readonly #array: DataView
  readonly #data: NativeArray<ArrayBuffer>
  readonly address: bigint

  constructor(vocabularySize: number) {
    this.#size = vocabularySize
    this.#data = allocateBytes(vocabularySize * TOKEN_DATA.sizeBytes)
    this.#ids = new Int32Array(this.#data.view)
    this.#floats = new Float32Array(this.#data.view)
    const array = allocateBytes(TOKEN_DATA_ARRAY.sizeBytes)
    this.#array = new DataView(array.view)
    this.address = array.address
  }

  fill(logits: Float32Array, forbidden: readonly number[] = []): void {
    for (let token = 0, at = 0; token < this.#size; token++, at += 3) {
      this.#ids[at + TOKEN_DATA.id] = token
      this.#floats[at + TOKEN_DATA.logit] = logits[token] as number
      this.#floats[at + TOKEN_DATA.probability] = 0
    }
    for (const token of forbidden) this.#floats[token * 3 + TOKEN_DATA.logit] = Number.NEGATIVE_INFINITY
    this.#reset(this.#size)
  }

  fillFrom(logits: Float32Array, tokens: Int32Array): void {
    for (let index = 0, at = 0; index < tokens.length; index++, at += 3) {
      const token = tokens[index] as number
      this.#ids[at + TOKEN_DATA.id] = token
      this.#floats[at + TOKEN_DATA.logit] = logits[token] as number
      this.#floats[at + TOKEN_DATA.probability] = 0
    }
    this.#reset(tokens.length)
  }

  only(token: number): void {
    this.#ids[TOKEN_DATA.id] = token
    this.#floats[TOKEN_DATA.logit] = 1
    this.#floats[TOKEN_DATA.probability] = 0
    this.#reset(1)
  }

  selected(): number {
    const at = Number(this.#array.getBigInt64(TOKEN_DATA_ARRAY.selected, true))
    if (at < 0) throw new AppError('engine_error', 'the samplers chose no token')
    return this.#ids[at * 3 + TOKEN_DATA.id] as number
  }

  firstLogit(): number {
    return this.#floats[TOKEN_DATA.logit] as number
  }

  #reset(size: number): void {
    this.#array.setBigUint64(TOKEN_DATA_ARRAY.data, this.#data.address, true)
    this.#array.setBigUint64(TOKEN_DATA_ARRAY.size, BigInt(size), true)
    this.#array.setBigInt64(TOKEN_DATA_ARRAY.selected, -1n, true)
    this.#array.setUint8(TOKEN_DATA_ARRAY.sorted, 0)
  }
}
