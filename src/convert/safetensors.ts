// Reads the head of a safetensors file: the names, types, shapes and places of its tensors. Whatever the bytes are, the answer is tensors that
// lie inside the file, do not overlap and leave no gap, or `invalid_gguf`; the tensor data is never read here.
// Source: the format's description in huggingface/safetensors, README.md. Its own limit for a head is 100 MB; the largest known has 10.

import type { FileHandle } from 'node:fs/promises'
import { isRecord } from '../base/json.ts'
import { bytesPerElement, type FloatType } from '../gguf/half-floats.ts'
import { invalidModel, unsupportedModel } from './failure.ts'
import { openRegular } from './model-files.ts'
import { checkOpenings } from './openings.ts'

export interface StoredTensor {
  name: string
  /** As the format calls it: F32, I64, ... */
  type: string
  /** Slowest-changing first, as in the file. */
  shape: readonly number[]
  /** The file that holds it. */
  path: string
  startBytes: number
  sizeBytes: number
}

/** A tensor of numbers that can become weights. */
export interface SourceTensor extends StoredTensor {
  type: FloatType
}

export const MAX_HEADER_BYTES = 32 * 1024 * 1024
export const MAX_TENSORS = 262_144
export const MAX_NAME_CHARACTERS = 512
export const MAX_DIMENSIONS = 4
const LENGTH_BYTES = 8
const METADATA = '__metadata__'
const FLOAT_TYPES: readonly FloatType[] = ['F32', 'F16', 'BF16']
const TYPE_BYTES: ReadonlyMap<unknown, number> = new Map([
  ...FLOAT_TYPES.map((type): [string, number] => [type, bytesPerElement(type)]),
  ...['BOOL', 'U8', 'I8', 'F8_E4M3', 'F8_E5M2'].map((type): [string, number] => [type, 1]),
  ...['U16', 'I16'].map((type): [string, number] => [type, 2]),
  ...['U32', 'I32'].map((type): [string, number] => [type, 4]),
  ...['U64', 'I64', 'F64'].map((type): [string, number] => [type, 8]),
])

/** Throws `not_supported` for a type that is not converted. Buffers of other types lie beside the weights of many models. */
export function requireFloats(tensor: StoredTensor): SourceTensor {
  const { type, name } = tensor
  if (type === 'F32' || type === 'F16' || type === 'BF16') return { ...tensor, type }
  throw unsupportedModel(`unknown data type: ${type} of the tensor ${JSON.stringify(name)}; F32, F16 and BF16 are converted`)
}

/** In the order of the head. `label` is what messages call the file. */
export async function readSafetensors(path: string, label: string): Promise<StoredTensor[]> {
  const handle = await openRegular(path, label)
  try {
    const { size } = await handle.stat()
    const headerBytes = await readHeaderLength(handle, size, label)
    const header = parseHeader(await readBytes(handle, LENGTH_BYTES, headerBytes, label), label)
    const dataStart = LENGTH_BYTES + headerBytes
    const ranges: Range[] = []
    const tensors = header.map(([name, value]) => {
      const { tensor, range } = toTensor(name, value, label)
      if (range.end > size - dataStart) {
        throw invalidModel(
          `${label}: the tensor ${JSON.stringify(name)} ends at byte ${range.end} of the data, which has ${size - dataStart} bytes`,
        )
      }
      ranges.push(range)
      return { ...tensor, path, startBytes: dataStart + range.start, sizeBytes: range.end - range.start }
    })
    checkCover(ranges, size - dataStart, label)
    return tensors
  } finally {
    await handle.close()
  }
}

interface Range {
  start: number
  end: number
}

async function readHeaderLength(handle: FileHandle, size: number, label: string): Promise<number> {
  if (size < LENGTH_BYTES) throw invalidModel(`${label} has ${size} bytes, which is no safetensors file`)
  const bytes = await readBytes(handle, 0, LENGTH_BYTES, label)
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  if (length > BigInt(MAX_HEADER_BYTES)) throw invalidModel(`${label}: the header claims ${length} bytes, the limit is ${MAX_HEADER_BYTES}`)
  if (Number(length) > size - LENGTH_BYTES)
    throw invalidModel(`${label}: the header claims ${length} bytes, the file has ${size - LENGTH_BYTES}`)
  return Number(length)
}

async function readBytes(handle: FileHandle, position: number, length: number, label: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled)
    if (bytesRead === 0) throw invalidModel(`${label} became shorter while it was read`)
    filled += bytesRead
  }
  return bytes
}

function parseHeader(bytes: Uint8Array, label: string): [string, unknown][] {
  // An object and two lists each.
  checkOpenings(bytes, 4 * MAX_TENSORS, `${label}: the header`)
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw invalidModel(`${label}: the header is not JSON`, { cause })
  }
  if (!isRecord(parsed)) throw invalidModel(`${label}: the header is not a JSON object`)
  const entries = Object.entries(parsed).filter(([name]) => name !== METADATA)
  if (entries.length > MAX_TENSORS) throw invalidModel(`${label} has ${entries.length} tensors, the limit is ${MAX_TENSORS}`)
  return entries
}

function toTensor(
  name: string,
  value: unknown,
  label: string,
): { tensor: Omit<StoredTensor, 'path' | 'startBytes' | 'sizeBytes'>; range: Range } {
  if (name.length > MAX_NAME_CHARACTERS)
    throw invalidModel(`${label}: the name of a tensor has ${name.length} characters, the limit is ${MAX_NAME_CHARACTERS}`)
  const what = `${label}: the tensor ${JSON.stringify(name)}`
  if (!isRecord(value)) throw invalidModel(`${what} is not described by an object`)
  const { dtype, shape, data_offsets: offsets } = value
  const elementBytes = TYPE_BYTES.get(dtype)
  if (elementBytes === undefined) throw unsupportedModel(`${what}: unknown data type: ${shown(dtype)}`)
  if (!isCounts(shape)) throw invalidModel(`${what} has the shape ${shown(shape)}`)
  if (shape.length > MAX_DIMENSIONS) throw invalidModel(`${what} has ${shape.length} dimensions, the limit is ${MAX_DIMENSIONS}`)
  if (!isCounts(offsets) || offsets.length !== 2) throw invalidModel(`${what} lies at ${shown(offsets)}`)
  const [start = 0, end = 0] = offsets
  const wanted = shape.reduce((product, dimension) => product * dimension, elementBytes)
  if (end < start || !Number.isSafeInteger(wanted) || end - start !== wanted)
    throw invalidModel(`${what} of ${shown(dtype)} ${shown(shape)} lies at ${shown(offsets)}, which is not ${wanted} bytes`)
  return { tensor: { name, type: String(dtype), shape }, range: { start, end } }
}

/** The format wants every byte of the data to belong to one tensor; a name that appears twice in the header leaves a gap too. */
function checkCover(ranges: readonly Range[], dataBytes: number, label: string): void {
  const inOrder = [...ranges].sort((a, b) => a.start - b.start || a.end - b.end)
  let position = 0
  for (const { start, end } of inOrder) {
    if (start !== position)
      throw invalidModel(`${label}: the tensors overlap or leave a gap at byte ${Math.min(start, position)} of the data`)
    position = end
  }
  if (position !== dataBytes) throw invalidModel(`${label}: ${dataBytes - position} bytes at the end belong to no tensor`)
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0)
}

function shown(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')).slice(0, 80)
}
