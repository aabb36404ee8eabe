// Reads the key-value section of a head. Refuses what llama.cpp refuses (empty and duplicate keys, unknown types) and what could cost more
// than it is worth: every length is compared with the bytes that are left before anything is built from it.

import { type ByteCursor, invalidGguf } from './byte-source.ts'
import { readFixedScalar, SCALAR_BYTES, VALUE_TYPES } from './scalar.ts'
import type { GgufArray, GgufScalar, GgufScalarType, GgufValue } from './types.ts'

/** `short` keeps arrays of numbers with up to MAX_SHORT_ARRAY items (per-layer values) and skips vocabularies. */
export type ArrayReading = 'skip' | 'short' | 'values'

/** The GGUF specification's own limit. */
export const MAX_KEY_BYTES = 65_535
/** A chat template is the longest text that is known: some 100 KiB. */
export const MAX_STRING_BYTES = 4 * 1024 * 1024
/** Bytes of all texts together that are kept in memory: a large vocabulary has 10 MiB. */
export const MAX_KEPT_TEXT_BYTES = 64 * 1024 * 1024
/** The largest vocabularies have 0.3 million tokens and a million merges. */
export const MAX_ARRAY_LENGTH = 16 * 1024 * 1024
/** Items of all arrays together that are kept in memory. */
export const MAX_KEPT_ITEMS = 4 * 1024 * 1024
export const MAX_ARRAY_DEPTH = 3
export const MAX_SHORT_ARRAY = 4096

export class MetadataReader {
  readonly #cursor: ByteCursor
  readonly #lengthBytes: 4 | 8
  readonly #arrays: ArrayReading
  // A token may be a byte order mark, or begin with one.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #keptItems = 0
  #keptTextBytes = 0

  constructor(cursor: ByteCursor, version: number, arrays: ArrayReading) {
    this.#cursor = cursor
    // Version 1 has 32-bit lengths throughout.
    this.#lengthBytes = version === 1 ? 4 : 8
    this.#arrays = arrays
  }

  async readCount(what: string, limit: number): Promise<number> {
    await this.#cursor.fill(this.#lengthBytes)
    return this.#length(what, limit)
  }

  async readUint32(): Promise<number> {
    await this.#cursor.fill(4)
    return this.#cursor.uint32()
  }

  /** Offsets and dimensions: 64 bits wide but for the dimensions of version 1. */
  async readUint64(): Promise<bigint> {
    await this.#cursor.fill(8)
    return this.#cursor.uint64()
  }

  async readText(what: string, limit: number): Promise<string> {
    const length = await this.readCount(`the length of ${what}`, limit)
    if (!this.#cursor.isReady(length)) await this.#cursor.fill(length)
    return this.#text(length)
  }

  async readEntry(index: number): Promise<{ key: string; type: GgufScalarType | 'array'; value: GgufValue }> {
    const key = await this.readText(`key ${index}`, MAX_KEY_BYTES)
    if (key === '') throw invalidGguf(`key ${index} is empty`)
    const type = await this.#readType(key)
    if (type === 'array') return { key, type, value: await this.#readArray(key, 1) }
    return { key, type, value: await this.#readScalar(key, type) }
  }

  async #readType(key: string): Promise<GgufScalarType | 'array'> {
    const code = await this.readUint32()
    const type = VALUE_TYPES[code]
    if (!type) throw invalidGguf(`the value of ${JSON.stringify(key)} has the unknown type ${code}`)
    return type
  }

  async #readScalar(key: string, type: GgufScalarType): Promise<GgufScalar> {
    if (type === 'string') return this.readText(`the value of ${JSON.stringify(key)}`, MAX_STRING_BYTES)
    await this.#cursor.fill(SCALAR_BYTES[type])
    return readFixedScalar(this.#cursor, type)
  }

  async #readArray(key: string, depth: number): Promise<GgufArray> {
    if (depth > MAX_ARRAY_DEPTH) throw invalidGguf(`the arrays of ${JSON.stringify(key)} are nested deeper than ${MAX_ARRAY_DEPTH}`)
    const itemType = await this.#readType(key)
    const length = await this.readCount(`the length of the array ${JSON.stringify(key)}`, MAX_ARRAY_LENGTH)
    // The smallest string is its length; the smallest array a type and a length.
    const itemBytes = itemType === 'string' ? this.#lengthBytes : itemType === 'array' ? 4 + this.#lengthBytes : SCALAR_BYTES[itemType]
    this.#cursor.require(length * itemBytes)
    const values = this.#keeps(itemType, length) ? this.#reserve(key, length) : undefined
    if (itemType === 'array') await this.#readArrays(key, { length, depth, values })
    else if (itemType === 'string') await this.#readTexts(key, length, values)
    else await this.#readNumbers(itemType, length, values)
    return values ? { itemType, length, values } : { itemType, length }
  }

  #keeps(itemType: GgufScalarType | 'array', length: number): boolean {
    if (this.#arrays !== 'short') return this.#arrays === 'values'
    return itemType !== 'string' && itemType !== 'array' && length <= MAX_SHORT_ARRAY
  }

  #reserve(key: string, length: number): (GgufScalar | GgufArray)[] {
    this.#keptItems += length
    if (this.#keptItems > MAX_KEPT_ITEMS) {
      throw invalidGguf(`the arrays up to ${JSON.stringify(key)} have ${this.#keptItems} items, more than the limit of ${MAX_KEPT_ITEMS}`)
    }
    return []
  }

  async #readArrays(key: string, array: { length: number; depth: number; values: (GgufScalar | GgufArray)[] | undefined }): Promise<void> {
    for (let i = 0; i < array.length; i++) {
      const item = await this.#readArray(key, array.depth + 1)
      array.values?.push(item)
    }
  }

  async #readTexts(key: string, length: number, values: (GgufScalar | GgufArray)[] | undefined): Promise<void> {
    const what = `the length of a string of ${JSON.stringify(key)}`
    for (let i = 0; i < length; i++) {
      if (!this.#cursor.isReady(this.#lengthBytes)) await this.#cursor.fill(this.#lengthBytes)
      const textLength = this.#length(what, MAX_STRING_BYTES)
      if (!values) {
        this.#cursor.skip(textLength)
        continue
      }
      if (!this.#cursor.isReady(textLength)) await this.#cursor.fill(textLength)
      values.push(this.#text(textLength))
    }
  }

  async #readNumbers(
    type: Exclude<GgufScalarType, 'string'>,
    length: number,
    values: (GgufScalar | GgufArray)[] | undefined,
  ): Promise<void> {
    const itemBytes = SCALAR_BYTES[type]
    if (!values) {
      this.#cursor.skip(length * itemBytes)
      return
    }
    for (let i = 0; i < length; i++) {
      if (!this.#cursor.isReady(itemBytes)) await this.#cursor.fill(itemBytes)
      values.push(readFixedScalar(this.#cursor, type))
    }
  }

  #length(what: string, limit: number): number {
    const length = this.#lengthBytes === 4 ? this.#cursor.uint32() : this.#cursor.uint64()
    if (length > limit) throw invalidGguf(`${what} is ${length}, more than the limit of ${limit}`)
    return Number(length)
  }

  #text(length: number): string {
    this.#keptTextBytes += length
    if (this.#keptTextBytes > MAX_KEPT_TEXT_BYTES)
      throw invalidGguf(`the texts of the head are longer than the limit of ${MAX_KEPT_TEXT_BYTES} bytes`)
    const bytes = this.#cursor.bytes(length)
    // Writers of version 1 ended some strings with a NUL that counts.
    const end = this.#lengthBytes === 4 && bytes.at(-1) === 0 ? length - 1 : length
    return this.#decoder.decode(bytes.subarray(0, end))
  }
}
