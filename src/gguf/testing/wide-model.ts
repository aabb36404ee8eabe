// A llama with eight blocks and rows of 256 weights, for the quantizations that want such: enough blocks that a mix gives them different types,
// and one matrix (ffn_down) whose rows are no multiple of 256, where the engine must fall back. Seeded weights: the same bytes each time.

import { type GgufEntry, type GgufTensorData, writeGgufFile } from '../writer.ts'
import { createRandom } from './random.ts'
import { createVocabulary, vocabularyEntries } from './tiny-vocabulary.ts'

export interface WideModelOptions {
  /** Of the matrices; the norms are F32 always. */
  type: 'F32' | 'F16' | 'BF16'
  /** Another word for it than the true one. */
  fileType?: number
  blocks?: number
  /** As the only part of a split model. */
  split?: boolean
  feedForward?: number
  architecture?: string
  /** Tensors besides those of a llama. */
  tensors?: readonly { name: string; shape: number[] }[]
}

const WIDTH = 256
const HEADS = 4
const KV_HEADS = 2
const FILE_TYPES = { F32: 0, F16: 1, BF16: 32 } as const

export async function writeWideModel(path: string, options: WideModelOptions): Promise<void> {
  const { type, blocks = 8, feedForward = 288, architecture = 'llama', tensors = [] } = options
  const vocabulary = createVocabulary()
  const count = (key: string, value: number): GgufEntry => ({ key, type: 'uint32', value })
  const metadata: GgufEntry[] = [
    { key: 'general.architecture', type: 'string', value: architecture },
    { key: 'general.type', type: 'string', value: 'model' },
    { key: 'general.name', type: 'string', value: 'Wide' },
    count('general.file_type', options.fileType ?? FILE_TYPES[type]),
    count(`${architecture}.block_count`, blocks),
    count(`${architecture}.context_length`, 256),
    count(`${architecture}.embedding_length`, WIDTH),
    count(`${architecture}.feed_forward_length`, feedForward),
    count(`${architecture}.attention.head_count`, HEADS),
    count(`${architecture}.attention.head_count_kv`, KV_HEADS),
    { key: `${architecture}.attention.layer_norm_rms_epsilon`, type: 'float32', value: 1e-5 },
    count(`${architecture}.rope.dimension_count`, WIDTH / HEADS),
    count(`${architecture}.vocab_size`, vocabulary.tokens.length),
    ...vocabularyEntries(vocabulary),
    ...(options.split ? splitEntries(blocks * 9 + 3 + tensors.length) : []),
  ]
  const random = createRandom(7)
  const matrix = (name: string, shape: number[]): GgufTensorData => ({ name, type, shape, data: WEIGHTS[type](product(shape), random) })
  const ones = (name: string): GgufTensorData => {
    return { name, type: 'F32', shape: [WIDTH], data: new Uint8Array(new Float32Array(WIDTH).fill(1).buffer) }
  }
  const kvWidth = (WIDTH / HEADS) * KV_HEADS
  const block = (prefix: string): GgufTensorData[] => [
    ones(`${prefix}.attn_norm.weight`),
    matrix(`${prefix}.attn_q.weight`, [WIDTH, WIDTH]),
    matrix(`${prefix}.attn_k.weight`, [WIDTH, kvWidth]),
    matrix(`${prefix}.attn_v.weight`, [WIDTH, kvWidth]),
    matrix(`${prefix}.attn_output.weight`, [WIDTH, WIDTH]),
    ones(`${prefix}.ffn_norm.weight`),
    matrix(`${prefix}.ffn_gate.weight`, [WIDTH, feedForward]),
    matrix(`${prefix}.ffn_up.weight`, [WIDTH, feedForward]),
    matrix(`${prefix}.ffn_down.weight`, [feedForward, WIDTH]),
  ]
  await writeGgufFile(path, {
    metadata,
    tensors: [
      matrix('token_embd.weight', [WIDTH, vocabulary.tokens.length]),
      matrix('output.weight', [WIDTH, vocabulary.tokens.length]),
      ones('output_norm.weight'),
      ...Array.from({ length: blocks }, (_, index) => block(`blk.${index}`)).flat(),
      ...tensors.map(({ name, shape }) => matrix(name, shape)),
    ],
  })
}

/** Between -0.5 and 0.5. */
const WEIGHTS: Readonly<Record<WideModelOptions['type'], (count: number, random: () => number) => Uint8Array>> = {
  F32: (count, random) => new Uint8Array(Float32Array.from({ length: count }, () => random() - 0.5).buffer),
  BF16(count, random) {
    const whole = new Uint32Array(Float32Array.from({ length: count }, () => random() - 0.5).buffer)
    return new Uint8Array(Uint16Array.from(whole, (bits) => bits >>> 16).buffer)
  },
  // A sign, an exponent of 2^-5 to 2^-2, ten bits of the fraction.
  F16(count, random) {
    return new Uint8Array(
      Uint16Array.from({ length: count }, () => ((random() < 0.5 ? 0x8000 : 0) | 0x2800) + Math.floor(random() * 4096)).buffer,
    )
  },
}

function splitEntries(tensorCount: number): GgufEntry[] {
  return [
    { key: 'split.no', type: 'uint16', value: 0 },
    { key: 'split.count', type: 'uint16', value: 1 },
    { key: 'split.tensors.count', type: 'int32', value: tensorCount },
  ]
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1)
}
