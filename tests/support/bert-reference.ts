// What a BERT with a rank head says of a pair, worked out in plain loops from the numbers of its file: what the engine's score is held against.
// Source: the articles on BERT (post-norm, GELU, tanh behind the first token). All tokens count as those of the first text,
// since the engine knows no other kind.

import { readFileSync } from 'node:fs'
import { readGgufHead } from '../../src/gguf/head.ts'

type Vector = number[]
/** The tensors of a file by name; each is rows of `shape[0]` numbers. */
type Tensors = ReadonlyMap<string, Float32Array>

export interface BertShape {
  width: number
  heads: number
  blocks: number
  epsilon: number
}

/** `tokens` with whatever stands around and between the texts. Returns the share, 0 to 1. */
export async function createBertReference(file: string, shape: BertShape): Promise<(tokens: readonly number[]) => number> {
  const tensors = await readTensors(file)
  return (tokens) => {
    let rows = tokens.map((token, position) => embed(tensors, shape, token, position))
    for (let block = 0; block < shape.blocks; block++) rows = runBlock(tensors, shape, `blk.${block}`, rows)
    const pooled = linear(tensors, 'cls', rows[0] ?? []).map(Math.tanh)
    const [score = Number.NaN] = linear(tensors, 'cls.output', pooled)
    return 1 / (1 + Math.exp(-score))
  }
}

async function readTensors(file: string): Promise<Tensors> {
  const head = await readGgufHead(file)
  const bytes = readFileSync(file)
  return new Map(
    head.tensors.map(({ name, offsetBytes, sizeBytes }) => {
      const start = head.dataOffsetBytes + offsetBytes
      return [name, new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + start + sizeBytes))]
    }),
  )
}

function embed(tensors: Tensors, shape: BertShape, token: number, position: number): Vector {
  const parts = [
    row(tensors, 'token_embd', shape, token),
    row(tensors, 'token_types', shape, 0),
    row(tensors, 'position_embd', shape, position),
  ]
  return normalize(tensors, 'token_embd_norm', shape, parts.reduce(add))
}

function runBlock(tensors: Tensors, shape: BertShape, block: string, rows: Vector[]): Vector[] {
  const attended = attend(tensors, shape, block, rows).map((one) => linear(tensors, `${block}.attn_output`, one))
  const between = rows.map((one, index) => normalize(tensors, `${block}.attn_output_norm`, shape, add(one, attended[index] ?? [])))
  return between.map((one) => {
    const wide = linear(tensors, `${block}.ffn_up`, one).map(gelu)
    return normalize(tensors, `${block}.layer_output_norm`, shape, add(one, linear(tensors, `${block}.ffn_down`, wide)))
  })
}

/** Every token looks at all of them, in each head apart. */
function attend(tensors: Tensors, { width, heads }: BertShape, block: string, rows: Vector[]): Vector[] {
  const [queries, keys, values] = ['attn_q', 'attn_k', 'attn_v'].map((name) => rows.map((one) => linear(tensors, `${block}.${name}`, one)))
  const size = width / heads
  const part = (vector: Vector | undefined, head: number) => (vector ?? []).slice(head * size, (head + 1) * size)
  return rows.map((_, at) =>
    Array.from({ length: heads }, (_head, head) => {
      const weights = softmax((keys ?? []).map((key) => dot(part(queries?.[at], head), part(key, head)) / Math.sqrt(size)))
      return (values ?? []).map((value, index) => part(value, head).map((one) => one * (weights[index] ?? 0))).reduce(add)
    }).flat(),
  )
}

function row(tensors: Tensors, name: string, { width }: BertShape, index: number): Vector {
  return [...tensor(tensors, `${name}.weight`).subarray(index * width, (index + 1) * width)]
}

function linear(tensors: Tensors, name: string, vector: Vector): Vector {
  const weights = tensor(tensors, `${name}.weight`)
  const bias = tensor(tensors, `${name}.bias`)
  return Array.from(bias, (one, index) => one + dot([...weights.subarray(index * vector.length, (index + 1) * vector.length)], vector))
}

function normalize(tensors: Tensors, name: string, { width, epsilon }: BertShape, vector: Vector): Vector {
  const mean = sum(vector) / width
  const spread = Math.sqrt(sum(vector.map((one) => (one - mean) ** 2)) / width + epsilon)
  const [weight, bias] = [tensor(tensors, `${name}.weight`), tensor(tensors, `${name}.bias`)]
  return vector.map((one, index) => ((one - mean) / spread) * (weight[index] ?? 0) + (bias[index] ?? 0))
}

function tensor(tensors: Tensors, name: string): Float32Array {
  const found = tensors.get(name)
  if (!found) throw new Error(`the file has no ${name}`)
  return found
}

function softmax(values: Vector): Vector {
  const most = Math.max(...values)
  const powers = values.map((one) => Math.exp(one - most))
  const total = sum(powers)
  return powers.map((one) => one / total)
}

/** By tanh, as ggml works it out; the error function differs in the fourth digit. */
function gelu(value: number): number {
  return 0.5 * value * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3)))
}

function add(a: Vector, b: Vector): Vector {
  return a.map((one, index) => one + (b[index] ?? 0))
}

function dot(a: Vector, b: Vector): number {
  return a.reduce((total, one, index) => total + one * (b[index] ?? 0), 0)
}

function sum(values: Vector): number {
  return values.reduce((total, one) => total + one, 0)
}
