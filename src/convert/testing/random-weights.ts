// Weights of small models, seeded: the names, shapes and orders that Hugging Face's programs save.

import type { FloatType } from '../../gguf/half-floats.ts'
import { createRandom } from '../../gguf/testing/random.ts'
import { formatSafetensors, type TensorValues } from './safetensors-file.ts'

export const HIDDEN = 64
export const HEADS = 4
export const KV_HEADS = 2
export const FEED_FORWARD = 96
export const BLOCKS = 2
const POSITIONS = 128

/** Lays values down in order, as the random numbers come. */
export class Weights {
  readonly tensors: TensorValues[] = []
  readonly #random: () => number
  readonly #type: FloatType

  constructor(seed: number, type: FloatType) {
    this.#random = createRandom(seed)
    this.#type = type
  }

  matrix(name: string, rows: number, columns: number, scale = 0.3): this {
    return this.#put(name, [rows, columns], 0, scale)
  }

  vector(name: string, length: number, { around = 0, scale = 0.2 }: { around?: number; scale?: number } = {}): this {
    return this.#put(name, [length], around, scale)
  }

  #put(name: string, shape: number[], around: number, scale: number): this {
    const values = new Float32Array(shape.reduce((product, dimension) => product * dimension, 1))
    for (let i = 0; i < values.length; i++) values[i] = around + (this.#random() * 2 - 1) * scale
    this.tensors.push({ name, type: this.#type, shape, values })
    return this
  }
}

export interface DecoderOptions {
  seed: number
  type: FloatType
  tokens: number
  prefix?: string
  headLength?: number
  /** What norms lie around: Gemma stores the distance from one. */
  norm?: number
  bias?: readonly ('q_proj' | 'k_proj' | 'v_proj' | 'o_proj')[]
  headNorms?: boolean
  fourNorms?: boolean
  fused?: boolean
  output?: boolean
}

export function decoderWeights(options: DecoderOptions): Weights {
  const { tokens, prefix = 'model', headLength = HIDDEN / HEADS, norm = 1 } = options
  const weights = new Weights(options.seed, options.type)
  if (options.output) weights.matrix('lm_head.weight', tokens, HIDDEN, 0.4)
  weights.matrix(`${prefix}.embed_tokens.weight`, tokens, HIDDEN, 1)
  for (let block = 0; block < BLOCKS; block++) decoderBlock(weights, `${prefix}.layers.${block}`, { ...options, headLength, norm })
  return weights.vector(`${prefix}.norm.weight`, HIDDEN, { around: norm })
}

function decoderBlock(weights: Weights, at: string, options: DecoderOptions & { headLength: number; norm: number }): void {
  const { headLength, norm, bias = [] } = options
  const queries = HEADS * headLength
  const keys = KV_HEADS * headLength
  const vector = (name: string, length = HIDDEN) => weights.vector(`${at}.${name}.weight`, length, { around: norm })
  vector('input_layernorm')
  weights.matrix(`${at}.mlp.down_proj.weight`, HIDDEN, FEED_FORWARD)
  if (options.fused) {
    weights.matrix(`${at}.mlp.gate_up_proj.weight`, 2 * FEED_FORWARD, HIDDEN)
  } else {
    weights.matrix(`${at}.mlp.gate_proj.weight`, FEED_FORWARD, HIDDEN).matrix(`${at}.mlp.up_proj.weight`, FEED_FORWARD, HIDDEN)
  }
  vector('post_attention_layernorm')
  if (options.fourNorms) {
    vector('post_feedforward_layernorm')
    vector('pre_feedforward_layernorm')
  }
  if (options.headNorms) vector('self_attn.k_norm', headLength)
  if (options.fused) {
    weights.matrix(`${at}.self_attn.qkv_proj.weight`, queries + 2 * keys, HIDDEN)
  } else {
    for (const [name, rows] of [
      ['k_proj', keys],
      ['q_proj', queries],
      ['v_proj', keys],
    ] as const) {
      if (bias.includes(name)) weights.vector(`${at}.self_attn.${name}.bias`, rows)
      weights.matrix(`${at}.self_attn.${name}.weight`, rows, HIDDEN)
    }
  }
  weights.matrix(`${at}.self_attn.o_proj.weight`, HIDDEN, queries)
  if (bias.includes('o_proj')) weights.vector(`${at}.self_attn.o_proj.bias`, HIDDEN)
  if (options.headNorms) vector('self_attn.q_norm', headLength)
}

/** Two files and their index. */
export function inTwoParts(tensors: readonly TensorValues[]): Record<string, Uint8Array | object> {
  const half = Math.ceil(tensors.length / 2)
  const parts = [tensors.slice(0, half), tensors.slice(half)]
  const name = (part: number) => `model-0000${part + 1}-of-00002.safetensors`
  const places = parts.flatMap((items, part) => items.map((tensor): [string, string] => [tensor.name, name(part)]))
  return {
    ...Object.fromEntries(parts.map((items, part) => [name(part), formatSafetensors(items)])),
    'model.safetensors.index.json': { metadata: { total_size: 1 }, weight_map: Object.fromEntries(places) },
  }
}

export function bertWeights(tokens: number): Weights {
  const weights = new Weights(11, 'F32')
  weights
    .vector('embeddings.LayerNorm.gamma', HIDDEN, { around: 1 })
    .vector('embeddings.LayerNorm.beta', HIDDEN)
    .matrix('embeddings.position_embeddings.weight', POSITIONS, HIDDEN)
    .matrix('embeddings.token_type_embeddings.weight', 2, HIDDEN)
    .matrix('embeddings.word_embeddings.weight', tokens, HIDDEN, 1)
  for (let block = 0; block < BLOCKS; block++) {
    const at = `encoder.layer.${block}`
    const linear = (name: string, rows: number, columns: number) =>
      weights.matrix(`${at}.${name}.weight`, rows, columns).vector(`${at}.${name}.bias`, rows)
    const norm = (name: string) => weights.vector(`${at}.${name}.weight`, HIDDEN, { around: 1 }).vector(`${at}.${name}.bias`, HIDDEN)
    for (const name of ['query', 'key', 'value']) linear(`attention.self.${name}`, HIDDEN, HIDDEN)
    linear('attention.output.dense', HIDDEN, HIDDEN)
    norm('attention.output.LayerNorm')
    linear('intermediate.dense', FEED_FORWARD, HIDDEN)
    linear('output.dense', HIDDEN, FEED_FORWARD)
    norm('output.LayerNorm')
  }
  return weights.matrix('pooler.dense.weight', HIDDEN, HIDDEN).vector('pooler.dense.bias', HIDDEN)
}
