// Small models of random weights in two layouts: llama.cpp's, and Ollama's own of the same family. What they write means nothing; it is the same.

import { crc32 } from 'node:zlib'
import { convertFloats } from '../../src/gguf/half-floats.ts'
import { readGgufHead } from '../../src/gguf/head.ts'
import { createRandom } from '../../src/gguf/testing/random.ts'
import { entriesOf, type GgufEntry, type GgufTensorData, writeGgufFile } from '../../src/gguf/writer.ts'

export type Facts = Record<string, number | string | boolean | readonly number[] | readonly boolean[]>

export interface TwoNames {
  /** In llama.cpp's layout. */
  name: string
  /** In Ollama's, where it has another. */
  ollama?: string
  shape: readonly number[]
  /** In Ollama's layout these are halves. */
  half?: boolean
  /** Rows of so many heads, which rotate: llama.cpp's lie in another order. */
  heads?: number
  /** llama.cpp's alone. */
  zeros?: boolean
  /** Ollama's, of which it is made one behind the other. */
  joins?: readonly string[]
  /** Of the frames that lie together in Ollama's tensor of patches, which comes with the first. */
  frame?: number
}

export interface RandomModel {
  /** Of the models, without the prefix that the architecture is. */
  names: { engine: string; ollama: string }
  facts: Facts
  /** Where the two differ. */
  engineFacts?: Facts
  ollamaFacts?: Facts
  tensors: readonly TwoNames[]
  /** `clip.*` facts, without that prefix, and what Ollama's file says instead, without the architecture's. */
  projector?: { facts: Facts; ollamaFacts: Facts; tensors: readonly TwoNames[] }
}

export interface RandomFiles {
  model: string
  projector: string
  foreign: string
}

/** Of a row of embeddings. */
export const WIDTH = 64
/** Pixels of a side. */
export const PATCH = 14

/** The vocabulary is that of the given model. */
export async function writeRandomModel(vocabulary: string, model: RandomModel, files: RandomFiles): Promise<void> {
  const head = await readGgufHead(vocabulary, { arrays: 'values' })
  const tokens = head.metadata.get('tokenizer.ggml.tokens')
  const rows = typeof tokens === 'object' ? tokens.length : 0
  const shared = entriesOf(head).filter(({ key }) => key.startsWith('tokenizer.'))
  const tensors = [{ name: 'token_embd.weight', shape: [WIDTH, rows] }, { name: 'output.weight', shape: [WIDTH, rows] }, ...model.tensors]
  const { engine, ollama } = model.names
  const toFile = (architecture: string, ...facts: (Facts | undefined)[]) =>
    merge(shared, toEntries({ 'general.architecture': architecture }), ...facts.map((some) => toEntries(some ?? {}, architecture)))
  await writeGgufFile(files.model, {
    metadata: toFile(engine, model.facts, model.engineFacts),
    tensors: tensors.map(engineTensor),
  })
  const { projector } = model
  if (projector) {
    await writeGgufFile(files.projector, {
      metadata: toEntries({ 'general.architecture': 'clip', 'general.type': 'mmproj', ...prefixed(projector.facts, 'clip') }),
      tensors: projector.tensors.map(engineTensor),
    })
  }
  await writeGgufFile(files.foreign, {
    metadata: toFile(ollama, model.facts, model.ollamaFacts, projector?.ollamaFacts),
    tensors: [...tensors, ...(projector?.tensors ?? [])].flatMap(ollamaTensors),
  })
}

function prefixed(facts: Facts, prefix: string): Facts {
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key.startsWith('/') ? key.slice(1) : `${prefix}.${key}`, value]))
}

function toEntries(facts: Facts, prefix?: string): GgufEntry[] {
  return Object.entries(prefix === undefined ? facts : prefixed(facts, prefix)).map(([key, value]): GgufEntry => {
    if (typeof value === 'string') return { key, type: 'string', value }
    if (typeof value === 'boolean') return { key, type: 'bool', value }
    if (typeof value === 'number') return { key, type: Number.isInteger(value) ? 'uint32' : 'float32', value }
    if (typeof value[0] === 'boolean') return { key, type: 'array', itemType: 'bool', values: value }
    return { key, type: 'array', itemType: value.every(Number.isInteger) ? 'int32' : 'float32', values: value }
  })
}

/** Of two entries with a key, the later one. */
function merge(...entries: GgufEntry[][]): GgufEntry[] {
  return [...new Map(entries.flat().map((entry) => [entry.key, entry])).values()]
}

function engineTensor(tensor: TwoNames): GgufTensorData {
  return { name: tensor.name, type: 'F32', shape: tensor.shape, data: new Uint8Array(engineValues(tensor).buffer) }
}

function engineValues({ name, shape, heads, zeros, joins, frame }: TwoNames): Float32Array {
  if (zeros) return new Float32Array(shape[0] ?? 0)
  if (joins) return Float32Array.from(joins.flatMap((one) => [...valuesOf(one, thirdOf(shape))]))
  if (frame !== undefined) return frameOf(valuesOf(FRAMES, framesShape(shape)), frame)
  const values = valuesOf(name, shape)
  return heads ? rotated(values, shape, heads) : values
}

function ollamaTensors({ name, ollama = name, shape, half, zeros, joins, frame }: TwoNames): GgufTensorData[] {
  if (zeros || (frame !== undefined && frame > 0)) return []
  if (joins) return joins.map((one) => stored(one, thirdOf(shape), valuesOf(one, thirdOf(shape)), one.includes('_q.')))
  if (frame === 0) return [stored(ollama, framesShape(shape), valuesOf(FRAMES, framesShape(shape)), true)]
  return [stored(ollama, shape, valuesOf(name, shape), half === true)]
}

const FRAMES = 'frames'

function stored(name: string, shape: readonly number[], values: Float32Array, half: boolean): GgufTensorData {
  const data = new Uint8Array(values.buffer)
  return { name, type: half ? 'F16' : 'F32', shape, data: half ? convertFloats(data, 'F32', { to: 'F16' }) : data }
}

function thirdOf(shape: readonly number[]): number[] {
  return shape.map((dimension, index) => (index === shape.length - 1 ? dimension / 3 : dimension))
}

function framesShape([width = 1, height = 1, channels = 1, outputs = 1]: readonly number[]): number[] {
  return [width, height, 2, channels * outputs]
}

function frameOf(values: Float32Array, frame: number): Float32Array {
  const area = PATCH * PATCH
  return values.filter((_, index) => Math.floor(index / area) % 2 === frame)
}

/** Multiples of 1/64 from -1 to 1, which halves hold exactly: of norms around 1, of others small. */
function valuesOf(name: string, shape: readonly number[]): Float32Array {
  const random = createRandom(crc32(name))
  const length = shape.reduce((product, dimension) => product * dimension, 1)
  const around = name.includes('norm') || name.includes('ln') ? 1 : 0
  return Float32Array.from({ length }, () => around + Math.round((random() * 2 - 1) * 16) / 64)
}

/** As converters for llama.cpp lay the rows of a head: the halves that rotate together side by side. */
function rotated(values: Float32Array, [width = 1, rows = 1]: readonly number[], heads: number): Float32Array {
  const headRows = rows / heads
  return values.map((_, index) => {
    const [row, column] = [Math.floor(index / width), index % width]
    const [head, inHead] = [Math.floor(row / headRows), row % headRows]
    const from = head * headRows + (inHead % 2) * (headRows / 2) + Math.floor(inHead / 2)
    return values[from * width + column] as number
  })
}
