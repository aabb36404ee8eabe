// Small files for tests of layouts: what matters of a tensor is its name, its shape and, here and there, its numbers.

import { createBytesSource } from '../../gguf/byte-source.ts'
import { parseGgufHead } from '../../gguf/head.ts'
import type { GgufHead } from '../../gguf/types.ts'
import { type GgufEntry, type GgufTensorData, writeGguf } from '../../gguf/writer.ts'
import { tensorBytes } from '../draft.ts'

/** Counts for numbers that are whole, floats for others, an array of texts, counts or flags, or the entry itself. */
export type TinyValue = number | string | boolean | readonly string[] | readonly number[] | GgufEntry

export interface TinyFile {
  keys: Record<string, TinyValue>
  /** F32 unless named, filled with zeros unless given. */
  tensors?: Record<string, readonly number[] | { type: string; shape: readonly number[]; data?: Uint8Array }>
}

export async function tinyBytes({ keys, tensors = {} }: TinyFile): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  const metadata = Object.entries(keys).map(([key, value]) => toEntry(key, value))
  for await (const chunk of writeGguf({ metadata, tensors: Object.entries(tensors).map(toTensor) })) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

export async function tinyHead(file: TinyFile): Promise<GgufHead> {
  return parseGgufHead(createBytesSource(await tinyBytes(file)), { arrays: 'values' })
}

/** Keys and tensors as a person would write them down: values plain, arrays as arrays, tensors as `type shape`. */
export function describeHead({ metadata, tensors }: GgufHead): { keys: Record<string, unknown>; tensors: Record<string, string> } {
  return {
    keys: Object.fromEntries([...metadata].map(([key, value]) => [key, typeof value === 'object' ? value.values : value])),
    tensors: Object.fromEntries(tensors.map(({ name, type, shape }) => [name, `${type} ${shape.join('x')}`])),
  }
}

function toEntry(key: string, value: TinyValue): GgufEntry {
  if (typeof value === 'string') return { key, type: 'string', value }
  if (typeof value === 'boolean') return { key, type: 'bool', value }
  if (typeof value === 'number') return { key, type: Number.isInteger(value) ? 'uint32' : 'float32', value }
  if (!('key' in value)) return { key, type: 'array', itemType: typeof value[0] === 'string' ? 'string' : 'int32', values: value }
  return { ...value, key }
}

function toTensor([name, tensor]: [string, Exclude<TinyFile['tensors'], undefined>[string]]): GgufTensorData {
  const { type, shape, data } = 'shape' in tensor ? tensor : { type: 'F32', shape: tensor, data: undefined }
  return { name, type, shape, data: data ?? new Uint8Array(tensorBytes(type, shape)) }
}
