// The wire format of protobuf: fields with a number, each a length of bytes, a fixed number of bytes or a variable number. Nothing is allocated
// that the bytes do not have. Source: protobuf.dev/programming-guides/encoding.

import { invalidModel } from '../failure.ts'

export interface MessageField {
  number: number
  /** Of a length, or of 4 or 8 fixed bytes. */
  bytes?: Uint8Array
  /** Of a variable number; those beyond 2^53 are not exact. */
  value?: number
}

const VARIABLE = 0
const FIXED_64 = 1
const LENGTH = 2
const FIXED_32 = 5
const MAX_VARIABLE_BYTES = 10

export function* readMessage(bytes: Uint8Array): Generator<MessageField> {
  let position = 0
  const variable = (): number => {
    let value = 0
    for (let index = 0; index < MAX_VARIABLE_BYTES; index++) {
      const byte = bytes[position++]
      if (byte === undefined) throw invalidModel('tokenizer.model ends inside a number')
      value += (byte & 0x7f) * 2 ** (7 * index)
      if (byte < 0x80) return value
    }
    throw invalidModel(`tokenizer.model has a number of more than ${MAX_VARIABLE_BYTES} bytes`)
  }
  const take = (length: number): Uint8Array => {
    if (length > bytes.byteLength - position) throw invalidModel(`tokenizer.model ends inside a field of ${length} bytes`)
    position += length
    return bytes.subarray(position - length, position)
  }
  while (position < bytes.byteLength) {
    const tag = variable()
    const number = Math.floor(tag / 8)
    switch (tag % 8) {
      case VARIABLE:
        yield { number, value: variable() }
        break
      case FIXED_64:
        yield { number, bytes: take(8) }
        break
      case LENGTH:
        yield { number, bytes: take(variable()) }
        break
      case FIXED_32:
        yield { number, bytes: take(4) }
        break
      default:
        throw invalidModel(`tokenizer.model has a field of the unknown kind ${tag % 8}`)
    }
  }
}
