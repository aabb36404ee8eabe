// The bytes of a translated file: its tensors in pieces of the source's, of which a run is at most in memory, or one tensor where its elements
// change places.

import { createReadStream } from 'node:fs'
import { AppError } from '../base/errors.ts'
import { bytesPerElement, convertFloats, type FloatType } from '../gguf/half-floats.ts'
import { findTensorTypeByName } from '../gguf/quantization.ts'
import { entriesOf, type GgufContent } from '../gguf/writer.ts'
import type { Draft, DraftTensor, Part } from './draft.ts'

const READ_BYTES = 1024 * 1024
/** Elements that change places are held in memory: the largest such tensor that is published has some 20 MB. */
const MAX_HELD_BYTES = 256 * 1024 * 1024

/** The draft's head was read with all items of its arrays. `path` is read while the content is. */
export function contentOf(draft: Draft, path: string, signal?: AbortSignal): GgufContent {
  const { dataOffsetBytes } = draft.source
  const source: Source = { path, dataOffsetBytes, ...(signal ? { signal } : {}) }
  return {
    metadata: entriesOf(draft.toHead()),
    tensors: draft.tensors.map((tensor) => ({ ...tensor, data: () => readTensor(source, tensor) })),
  }
}

interface Source {
  path: string
  dataOffsetBytes: number
  signal?: AbortSignal
}

async function* readTensor(source: Source, { type, parts }: DraftTensor): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part.kind === 'zeros') yield new Uint8Array(part.sizeBytes)
    else if (part.kind === 'runs') yield widen(reorder(await readAll(source, part), part), part.type, type)
    else for await (const bytes of readBlocks(source, part)) yield widen(bytes, part.type, type)
  }
}

/** Whole blocks of the type, which for floats begin where their numbers may be read. */
async function* readBlocks(source: Source, { offsetBytes, sizeBytes, type }: Exclude<Part, { kind: 'zeros' }>): AsyncGenerator<Uint8Array> {
  if (sizeBytes === 0) return
  const block = findTensorTypeByName(type)?.blockBytes ?? 1
  const start = source.dataOffsetBytes + offsetBytes
  const options = { start, end: start + sizeBytes - 1, highWaterMark: READ_BYTES, ...(source.signal ? { signal: source.signal } : {}) }
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(source.path, options)) {
    const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer])
    const whole = bytes.length - (bytes.length % block)
    rest = bytes.subarray(whole)
    if (whole > 0) yield bytes.subarray(0, whole)
  }
}

async function readAll(source: Source, part: Exclude<Part, { kind: 'zeros' }>): Promise<Uint8Array> {
  if (part.sizeBytes > MAX_HELD_BYTES) {
    throw new AppError('load_failed', `a tensor of ${part.sizeBytes} bytes has to be rearranged, more than the limit of ${MAX_HELD_BYTES}`)
  }
  const all = new Uint8Array(part.sizeBytes)
  let filled = 0
  for await (const bytes of readBlocks(source, part)) {
    all.set(bytes, filled)
    filled += bytes.byteLength
  }
  return all
}

function reorder(bytes: Uint8Array, { runs, type }: Extract<Part, { kind: 'runs' }>): Uint8Array {
  const block = findTensorTypeByName(type)
  if (!block) throw unreadable(type)
  const toBytes = (elements: number) => (elements / block.blockElements) * block.blockBytes
  const total = runs.reduce((sum, [, length]) => sum + toBytes(length), 0)
  if (!Number.isInteger(total) || runs.some(([start]) => !Number.isInteger(toBytes(start)))) throw unreadable(type)
  const ordered = new Uint8Array(total)
  let filled = 0
  for (const [start, length] of runs) {
    const from = toBytes(start)
    ordered.set(bytes.subarray(from, from + toBytes(length)), filled)
    filled += toBytes(length)
  }
  return ordered
}

function widen(bytes: Uint8Array, from: string, to: string): Uint8Array {
  if (from === to) return bytes
  if (to !== 'F32') throw unreadable(from)
  if (from === 'Q8_0') return widenBlocks(bytes)
  if (!isFloat(from)) throw unreadable(from)
  return convertFloats(aligned(bytes, bytesPerElement(from)), from, { to })
}

/** 32 numbers of 8 bits behind the half float that they are multiplied by. */
function widenBlocks(bytes: Uint8Array): Uint8Array {
  const blocks = bytes.byteLength / 34
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const halves = Uint16Array.from({ length: blocks }, (_, block) => view.getUint16(block * 34, true))
  const scales = convertFloats(new Uint8Array(halves.buffer), 'F16', { to: 'F32' })
  const scaleOf = new Float32Array(scales.buffer, scales.byteOffset, blocks)
  const values = new Float32Array(blocks * 32)
  for (let block = 0; block < blocks; block++) {
    for (let index = 0; index < 32; index++) {
      values[block * 32 + index] = (scaleOf[block] as number) * view.getInt8(block * 34 + 2 + index)
    }
  }
  return new Uint8Array(values.buffer)
}

function aligned(bytes: Uint8Array, elementBytes: number): Uint8Array {
  return bytes.byteOffset % elementBytes === 0 ? bytes : new Uint8Array(bytes)
}

function isFloat(type: string): type is FloatType {
  return type === 'F32' || type === 'F16' || type === 'BF16'
}

function unreadable(type: string): AppError {
  return new AppError(
    'load_failed',
    `this file has tensors of the type ${type} where its translation into the engine's layout needs floats`,
  )
}
