// Reads the head of a GGUF file: everything before the tensor data. Whatever the bytes are, the answer is a head whose tensors lie inside the
// file or `invalid_gguf` with what was found and the limit; memory stays within a small multiple of what was kept. The tensor data is never read.

import { ByteCursor, type ByteSource, invalidGguf, withFileSource } from './byte-source.ts'
import { type ArrayReading, MetadataReader } from './metadata-reader.ts'
import { findTensorType } from './quantization.ts'
import type { GgufHead, GgufTensor } from './types.ts'

export interface ReadGgufOptions {
  arrays: ArrayReading
}

export const MAX_HEAD_BYTES = 256 * 1024 * 1024
export const MAX_METADATA_KEYS = 65_536
export const MAX_TENSORS = 262_144
/** llama.cpp refuses 64 bytes and more; files for other engines may go beyond. */
export const MAX_TENSOR_NAME_BYTES = 512
const MAX_DIMENSIONS = 4
const DEFAULT_ALIGNMENT = 32
const MAX_ALIGNMENT = 2 ** 20
const MAGIC = 'GGUF'
// The smallest entries that the format allows, to compare counts with the bytes that are left: lengths, a type and a value or an offset.
const SMALLEST_ENTRY_BYTES = 10
const SMALLEST_TENSOR_BYTES = 20

/** Throws `invalid_gguf`; its details say `reason: 'magic'` for a file of another format. Devices, pipes and folders are refused at once. */
export function readGgufHead(path: string, options: ReadGgufOptions = { arrays: 'skip' }): Promise<GgufHead> {
  return withFileSource(path, (source) => parseGgufHead(source, options))
}

/** As readGgufHead, from any source of bytes. */
export async function parseGgufHead(source: ByteSource, options: ReadGgufOptions = { arrays: 'skip' }): Promise<GgufHead> {
  const cursor = new ByteCursor(source, MAX_HEAD_BYTES)
  const version = await readVersion(cursor)
  const reader = new MetadataReader(cursor, version, options.arrays)
  const tensorCount = await reader.readCount('the number of tensors', MAX_TENSORS)
  const keyCount = await reader.readCount('the number of keys', MAX_METADATA_KEYS)
  cursor.require(tensorCount * SMALLEST_TENSOR_BYTES + keyCount * SMALLEST_ENTRY_BYTES)
  const { metadata, metadataTypes } = await readMetadata(reader, keyCount)
  const alignment = toAlignment(metadata, metadataTypes)
  const tensors = await readTensors(reader, { count: tensorCount, version, alignment })
  const dataOffsetBytes = tensors.length === 0 ? cursor.position : Math.ceil(cursor.position / alignment) * alignment
  checkTensorRanges(tensors, source.sizeBytes - dataOffsetBytes)
  return {
    version,
    littleEndian: cursor.littleEndian,
    alignment,
    metadata,
    metadataTypes,
    tensors,
    parameterCount: countParameters(tensors),
    dataOffsetBytes,
    fileSizeBytes: source.sizeBytes,
  }
}

async function readVersion(cursor: ByteCursor): Promise<number> {
  await cursor.fill(Math.min(MAGIC.length, cursor.leftBytes))
  const magic = String.fromCharCode(...cursor.bytes(Math.min(MAGIC.length, cursor.leftBytes)))
  if (magic !== MAGIC) {
    throw invalidGguf(`the file begins with ${JSON.stringify(magic)}, not with "${MAGIC}"`, { details: { reason: 'magic' } })
  }
  await cursor.fill(4)
  const version = cursor.uint32()
  if (version >= 1 && version <= 3) return version
  const swapped = ((version >>> 24) | ((version >>> 8) & 0xff00)) >>> 0
  if ((version & 0xffff) === 0 && swapped >= 1 && swapped <= 3) {
    cursor.littleEndian = false
    return swapped
  }
  throw invalidGguf(`version ${version} is not one of 1, 2 and 3`)
}

async function readMetadata(reader: MetadataReader, count: number): Promise<Required<Pick<GgufHead, 'metadata' | 'metadataTypes'>>> {
  const metadata: GgufHead['metadata'] = new Map()
  const metadataTypes: Required<GgufHead>['metadataTypes'] = new Map()
  for (let i = 0; i < count; i++) {
    const { key, type, value } = await reader.readEntry(i)
    if (metadata.has(key)) throw invalidGguf(`the key ${JSON.stringify(key)} appears twice`)
    metadata.set(key, value)
    metadataTypes.set(key, type)
  }
  return { metadata, metadataTypes }
}

function toAlignment(metadata: GgufHead['metadata'], types: Required<GgufHead>['metadataTypes']): number {
  const alignment = metadata.get('general.alignment')
  if (alignment === undefined) return DEFAULT_ALIGNMENT
  if (typeof alignment !== 'number' || types.get('general.alignment') !== 'uint32') {
    throw invalidGguf(`general.alignment is of type ${types.get('general.alignment')}, not uint32`)
  }
  if (alignment < 1 || alignment > MAX_ALIGNMENT || (alignment & (alignment - 1)) !== 0) {
    throw invalidGguf(`general.alignment is ${alignment}, not a power of two from 1 to ${MAX_ALIGNMENT}`)
  }
  return alignment
}

async function readTensors(
  reader: MetadataReader,
  { count, version, alignment }: { count: number; version: number; alignment: number },
): Promise<GgufTensor[]> {
  const names = new Set<string>()
  const tensors: GgufTensor[] = []
  for (let i = 0; i < count; i++) {
    const name = await reader.readText(`the name of tensor ${i}`, MAX_TENSOR_NAME_BYTES)
    if (names.has(name)) throw invalidGguf(`the tensor name ${JSON.stringify(name)} appears twice`)
    names.add(name)
    tensors.push(await readTensor(reader, { name, version, alignment }))
  }
  return tensors
}

async function readTensor(
  reader: MetadataReader,
  { name, version, alignment }: { name: string; version: number; alignment: number },
): Promise<GgufTensor> {
  const quoted = JSON.stringify(name)
  const dimensions = await reader.readUint32()
  if (dimensions > MAX_DIMENSIONS) throw invalidGguf(`the tensor ${quoted} has ${dimensions} dimensions, more than ${MAX_DIMENSIONS}`)
  const shape: number[] = []
  for (let i = 0; i < dimensions; i++) {
    shape.push(toExactNumber(version === 1 ? await reader.readUint32() : await reader.readUint64(), `a dimension of the tensor ${quoted}`))
  }
  const code = await reader.readUint32()
  const type = findTensorType(code)
  if (!type) throw invalidGguf(`the tensor ${quoted} has the unknown type ${code}`)
  const offsetBytes = toExactNumber(await reader.readUint64(), `the offset of the tensor ${quoted}`)
  if (offsetBytes % alignment !== 0) throw invalidGguf(`the offset ${offsetBytes} of the tensor ${quoted} is no multiple of ${alignment}`)
  const rowElements = shape[0] ?? 1
  if (rowElements % type.blockElements !== 0) {
    throw invalidGguf(
      `the tensor ${quoted} has rows of ${rowElements} elements, no multiple of the ${type.blockElements} of a ${type.name} block`,
    )
  }
  const elements = toExactNumber(multiply(shape), `the number of elements of the tensor ${quoted}`)
  const sizeBytes = toExactNumber(
    (BigInt(elements) / BigInt(type.blockElements)) * BigInt(type.blockBytes),
    `the size of the tensor ${quoted}`,
  )
  return { name, type: type.name, shape, offsetBytes, sizeBytes }
}

/** Inside the file and beside each other, so that nobody ever reads bytes that are not the model's. */
function checkTensorRanges(tensors: readonly GgufTensor[], dataBytes: number): void {
  let end = 0
  let before = ''
  for (const tensor of tensors.toSorted((a, b) => a.offsetBytes - b.offsetBytes || a.sizeBytes - b.sizeBytes)) {
    if (tensor.offsetBytes < end) throw invalidGguf(`the tensors ${before} and ${JSON.stringify(tensor.name)} overlap`)
    end = tensor.offsetBytes + tensor.sizeBytes
    before = JSON.stringify(tensor.name)
    if (end > dataBytes) {
      throw invalidGguf(`the tensor ${before} ends at byte ${end} of the tensor data, which has ${Math.max(dataBytes, 0)} bytes`)
    }
  }
}

function countParameters(tensors: readonly GgufTensor[]): number {
  const count = tensors.reduce((sum, tensor) => sum + multiply(tensor.shape), 0n)
  return toExactNumber(count, 'the number of parameters')
}

function multiply(shape: readonly number[]): bigint {
  return shape.reduce((product, dimension) => product * BigInt(dimension), 1n)
}

function toExactNumber(value: number | bigint, what: string): number {
  if (value > Number.MAX_SAFE_INTEGER) throw invalidGguf(`${what} is ${value}, more than the limit of ${Number.MAX_SAFE_INTEGER}`)
  return Number(value)
}
