// Writes GGUF version 3, little-endian: metadata, tensor list, padding, tensor data. The bytes come out as a stream, so that a file of any size
// can go straight into a blob. A tensor whose data is not exactly as long as its shape and type say ends the stream with an error.

import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '../base/errors.ts'
import { findTensorTypeByName } from './quantization.ts'
import { SCALAR_BYTES, VALUE_TYPES } from './scalar.ts'
import type { GgufHead, GgufScalar, GgufScalarType } from './types.ts'

export type GgufEntry =
  | { key: string; type: GgufScalarType; value: GgufScalar }
  | { key: string; type: 'array'; itemType: GgufScalarType; values: readonly GgufScalar[] }

export interface GgufTensorData {
  name: string
  /** ggml's name: F32, Q4_K, ... */
  type: string
  shape: readonly number[]
  data: Uint8Array | (() => AsyncIterable<Uint8Array>)
}

export interface GgufContent {
  metadata: readonly GgufEntry[]
  tensors: readonly GgufTensorData[]
}

const DEFAULT_ALIGNMENT = 32

/** The whole file. */
export async function* writeGguf(content: GgufContent): AsyncGenerator<Uint8Array> {
  const alignment = alignmentOf(content.metadata)
  const sizes = content.tensors.map(tensorBytes)
  const head = formatHead(content, sizes, alignment)
  yield head
  let position = head.byteLength
  for (const [index, tensor] of content.tensors.entries()) {
    const padding = paddingBytes(position, alignment)
    if (padding > 0) yield new Uint8Array(padding)
    const size = sizes[index] as number
    yield* checkedData(tensor, size)
    position += padding + size
  }
  const padding = paddingBytes(position, alignment)
  if (padding > 0 && content.tensors.length > 0) yield new Uint8Array(padding)
}

/** Of the whole file. */
export function ggufSizeBytes(content: GgufContent): number {
  const alignment = alignmentOf(content.metadata)
  const sizes = content.tensors.map(tensorBytes)
  return sizes.reduce((sum, size) => sum + size + paddingBytes(size, alignment), formatHead(content, sizes, alignment).byteLength)
}

export async function writeGgufFile(path: string, content: GgufContent, signal?: AbortSignal): Promise<void> {
  await pipeline(Readable.from(writeGguf(content)), createWriteStream(path), signal ? { signal } : {})
}

/** The metadata of a head that was read with `arrays: 'values'`, with its types, for a file that is a copy with changes. */
export function entriesOf(head: GgufHead): GgufEntry[] {
  return [...head.metadata].map(([key, value]): GgufEntry => {
    if (typeof value === 'object') {
      if (value.itemType === 'array' || !value.values)
        throw new AppError('internal', `the array ${JSON.stringify(key)} was not read or is nested`)
      return { key, type: 'array', itemType: value.itemType, values: value.values as GgufScalar[] }
    }
    const type = head.metadataTypes?.get(key)
    if (type === undefined || type === 'array') throw new AppError('internal', `the type of ${JSON.stringify(key)} is not known`)
    return { key, type, value }
  })
}

function alignmentOf(metadata: readonly GgufEntry[]): number {
  const entry = metadata.find(({ key }) => key === 'general.alignment')
  return entry && entry.type === 'uint32' ? Number(entry.value) : DEFAULT_ALIGNMENT
}

function tensorBytes({ name, type, shape }: GgufTensorData): number {
  const found = findTensorTypeByName(type)
  if (!found) throw new AppError('internal', `the tensor ${JSON.stringify(name)} has the unknown type ${type}`)
  return (shape.reduce((product, dimension) => product * dimension, 1) / found.blockElements) * found.blockBytes
}

async function* checkedData({ name, data }: GgufTensorData, size: number): AsyncGenerator<Uint8Array> {
  let written = 0
  for await (const chunk of typeof data === 'function' ? data() : [data]) {
    written += chunk.byteLength
    if (written > size) break
    yield chunk
  }
  if (written !== size) throw new AppError('internal', `the tensor ${JSON.stringify(name)} has other than ${size} bytes of data`)
}

function formatHead({ metadata, tensors }: GgufContent, sizes: readonly number[], alignment: number): Uint8Array {
  const out = new HeadBytes()
  out.raw(new TextEncoder().encode('GGUF'))
  out.scalar('uint32', 3)
  out.scalar('uint64', tensors.length)
  out.scalar('uint64', metadata.length)
  for (const entry of metadata) writeEntry(out, entry)
  let offset = 0
  for (const [index, tensor] of tensors.entries()) {
    out.scalar('string', tensor.name)
    out.scalar('uint32', tensor.shape.length)
    for (const dimension of tensor.shape) out.scalar('uint64', dimension)
    out.scalar('uint32', findTensorTypeByName(tensor.type)?.code ?? 0)
    out.scalar('uint64', offset)
    offset += sizes[index] as number
    offset += paddingBytes(offset, alignment)
  }
  if (tensors.length > 0) out.raw(new Uint8Array(paddingBytes(out.length, alignment)))
  return out.take()
}

function writeEntry(out: HeadBytes, entry: GgufEntry): void {
  out.scalar('string', entry.key)
  out.scalar('uint32', VALUE_TYPES.indexOf(entry.type))
  if (entry.type !== 'array') {
    out.scalar(entry.type, entry.value)
    return
  }
  out.scalar('uint32', VALUE_TYPES.indexOf(entry.itemType))
  out.scalar('uint64', entry.values.length)
  for (const value of entry.values) out.scalar(entry.itemType, value)
}

function paddingBytes(position: number, alignment: number): number {
  return (alignment - (position % alignment)) % alignment
}

class HeadBytes {
  #bytes = new Uint8Array(64 * 1024)
  #view = new DataView(this.#bytes.buffer)
  length = 0

  take(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }

  raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.byteLength)
    this.#bytes.set(bytes, at)
  }

  scalar(type: GgufScalarType, value: GgufScalar): void {
    if (type === 'string') {
      const bytes = new TextEncoder().encode(String(value))
      this.scalar('uint64', bytes.byteLength)
      this.raw(bytes)
      return
    }
    const at = this.#reserve(SCALAR_BYTES[type])
    if (type === 'uint64') this.#view.setBigUint64(at, BigInt(value), true)
    else if (type === 'int64') this.#view.setBigInt64(at, BigInt(value), true)
    else if (type === 'float32') this.#view.setFloat32(at, Number(value), true)
    else if (type === 'float64') this.#view.setFloat64(at, Number(value), true)
    else if (SCALAR_BYTES[type] === 1) this.#view.setInt8(at, Number(value))
    else if (SCALAR_BYTES[type] === 2) this.#view.setInt16(at, Number(value), true)
    else this.#view.setInt32(at, Number(value), true)
  }

  #reserve(length: number): number {
    const at = this.length
    this.length += length
    if (this.length > this.#bytes.byteLength) {
      const grown = new Uint8Array(Math.max(this.length, this.#bytes.byteLength * 2))
      grown.set(this.#bytes.subarray(0, at))
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    return at
  }
}
