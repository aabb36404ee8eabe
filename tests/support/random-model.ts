// Small models of random weights in two layouts: llama.cpp's, and Ollama's own of the same family. What they write means nothing; it is the same.

import { crc32 } from 'node:zlib'
import { convertFloats } from '../../src/gguf/half-floats.ts'
import { readGgufHead } from '../../src/gguf/head.ts'
import { createRandom } from '../../src/gguf/testing/random.ts'
import { entriesOf, type GgufEntry, type GgufTensorData, writeGgufFile } from '../../src/gguf/writer.ts'

type Facts = Record<string, number | string | boolean | readonly number[]>

interface TwoNames {
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

const WIDTH = 64
const FEED_FORWARD = 96
const HEADS = 4
const KV_LENGTH = 32
const EXPERTS = 2
const TOWER = 32
const PATCH = 14
/** Of a row that four patches become together. */
const MERGED = TOWER * 4

const FACTS = {
  context_length: 4096,
  embedding_length: WIDTH,
  block_count: 1,
  feed_forward_length: FEED_FORWARD,
  'attention.head_count': HEADS,
  'attention.head_count_kv': 2,
  'attention.layer_norm_rms_epsilon': 1e-5,
}

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
    metadata: toFile(engine, FACTS, model.facts, model.engineFacts),
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
    metadata: toFile(ollama, FACTS, model.facts, model.ollamaFacts, projector?.ollamaFacts),
    tensors: [...tensors, ...(projector?.tensors ?? [])].filter(({ zeros }) => !zeros).map(ollamaTensor),
  })
}

const ATTENTION: readonly TwoNames[] = [
  { name: 'output_norm.weight', shape: [WIDTH] },
  { name: 'blk.0.attn_norm.weight', shape: [WIDTH] },
  { name: 'blk.0.attn_q.weight', shape: [WIDTH, WIDTH] },
  { name: 'blk.0.attn_k.weight', shape: [WIDTH, KV_LENGTH] },
  { name: 'blk.0.attn_v.weight', shape: [WIDTH, KV_LENGTH] },
]
const BIASES: readonly TwoNames[] = [
  { name: 'blk.0.attn_q.bias', shape: [WIDTH] },
  { name: 'blk.0.attn_k.bias', shape: [KV_LENGTH] },
  { name: 'blk.0.attn_v.bias', shape: [KV_LENGTH] },
]
const DENSE: readonly TwoNames[] = [
  ...ATTENTION,
  { name: 'blk.0.attn_output.weight', shape: [WIDTH, WIDTH] },
  { name: 'blk.0.ffn_norm.weight', shape: [WIDTH] },
  { name: 'blk.0.ffn_gate.weight', shape: [WIDTH, FEED_FORWARD] },
  { name: 'blk.0.ffn_up.weight', shape: [WIDTH, FEED_FORWARD] },
  { name: 'blk.0.ffn_down.weight', shape: [FEED_FORWARD, WIDTH] },
]

export const RANDOM_GPT_OSS: RandomModel = {
  names: { engine: 'gpt-oss', ollama: 'gptoss' },
  facts: {
    expert_count: EXPERTS,
    expert_used_count: 1,
    'attention.key_length': 16,
    'attention.value_length': 16,
    'attention.sliding_window': 128,
    'rope.scaling.factor': 2.5,
    'rope.scaling.original_context_length': 2048,
  },
  engineFacts: { expert_feed_forward_length: FEED_FORWARD, 'rope.scaling.type': 'yarn', '/tokenizer.ggml.pre': 'gpt-4o' },
  ollamaFacts: { '/tokenizer.ggml.pre': 'default' },
  tensors: [
    ...ATTENTION,
    ...BIASES,
    { name: 'blk.0.attn_output.weight', ollama: 'blk.0.attn_out.weight', shape: [WIDTH, WIDTH] },
    { name: 'blk.0.attn_output.bias', ollama: 'blk.0.attn_out.bias', shape: [WIDTH] },
    { name: 'blk.0.attn_sinks.weight', ollama: 'blk.0.attn_sinks', shape: [HEADS] },
    { name: 'blk.0.post_attention_norm.weight', ollama: 'blk.0.ffn_norm.weight', shape: [WIDTH] },
    { name: 'blk.0.ffn_gate_inp.weight', shape: [WIDTH, EXPERTS] },
    { name: 'blk.0.ffn_gate_inp.bias', shape: [EXPERTS] },
    ...['gate', 'up'].flatMap((name) => [
      { name: `blk.0.ffn_${name}_exps.weight`, shape: [WIDTH, FEED_FORWARD, EXPERTS] },
      { name: `blk.0.ffn_${name}_exps.bias`, shape: [FEED_FORWARD, EXPERTS] },
    ]),
    { name: 'blk.0.ffn_down_exps.weight', shape: [FEED_FORWARD, WIDTH, EXPERTS] },
    { name: 'blk.0.ffn_down_exps.bias', shape: [WIDTH, EXPERTS] },
  ],
}

const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073]
const CLIP_DEVIATION = [0.26862954, 0.26130258, 0.27577711]
const TOWER_FACTS = {
  'vision.block_count': 1,
  'vision.embedding_length': TOWER,
  'vision.feed_forward_length': FEED_FORWARD,
  'vision.attention.head_count': 2,
  'vision.patch_size': PATCH,
  'vision.num_channels': 3,
}
const CLIP_FACTS = {
  ...TOWER_FACTS,
  'vision.projection_dim': WIDTH,
  'vision.image_mean': CLIP_MEAN,
  'vision.image_std': CLIP_DEVIATION,
  has_vision_encoder: true,
  use_silu: true,
}

function towerFeedForward(block: number): TwoNames[] {
  return [
    { name: `v.blk.${block}.ffn_gate.weight`, shape: [TOWER, FEED_FORWARD] },
    { name: `v.blk.${block}.ffn_up.weight`, shape: [TOWER, FEED_FORWARD] },
    { name: `v.blk.${block}.ffn_down.weight`, shape: [FEED_FORWARD, TOWER] },
  ]
}

function qwenBlock(block: number): TwoNames[] {
  const name = (end: string) => `v.blk.${block}.${end}`
  return [
    { name: name('ln1.weight'), shape: [TOWER] },
    { name: name('ln2.weight'), shape: [TOWER] },
    ...['attn_q', 'attn_k', 'attn_v', 'attn_out'].flatMap((tensor) => [
      { name: name(`${tensor}.weight`), shape: [TOWER, TOWER] },
      { name: name(`${tensor}.bias`), shape: [TOWER] },
    ]),
    ...towerFeedForward(block),
    { name: name('ffn_gate.bias'), shape: [FEED_FORWARD] },
    { name: name('ffn_up.bias'), shape: [FEED_FORWARD] },
    { name: name('ffn_down.bias'), shape: [TOWER] },
  ]
}

const PATCHES = [PATCH, PATCH, 3, TOWER]

export const RANDOM_QWEN25VL: RandomModel = {
  names: { engine: 'qwen2vl', ollama: 'qwen25vl' },
  facts: {},
  engineFacts: { 'rope.dimension_sections': [2, 3, 3, 0] },
  ollamaFacts: { 'rope.mrope_section': [2, 3, 3] },
  tensors: [...DENSE, ...BIASES],
  projector: {
    facts: {
      ...CLIP_FACTS,
      projector_type: 'qwen2.5vl_merger',
      'vision.attention.layer_norm_epsilon': 1e-6,
      'vision.spatial_merge_size': 2,
      'vision.window_size': 112,
      'vision.image_size': 560,
      'vision.block_count': 2,
      'vision.n_wa_pattern': 2,
    },
    ollamaFacts: {
      ...TOWER_FACTS,
      'vision.attention.layer_norm_epsilon': 1e-6,
      'vision.spatial_merge_size': 2,
      'vision.window_size': 112,
      'vision.block_count': 2,
      // The last alone looks at the whole image.
      'vision.fullatt_block_indexes': [1],
    },
    tensors: [
      { name: 'v.patch_embd.weight', ollama: 'v.patch_embd_0.weight', shape: PATCHES, half: true },
      { name: 'v.patch_embd.weight.1', ollama: 'v.patch_embd_1.weight', shape: PATCHES, half: true },
      ...qwenBlock(0),
      ...qwenBlock(1),
      { name: 'v.post_ln.weight', ollama: 'v.merger.ln_q.weight', shape: [TOWER] },
      { name: 'mm.0.weight', ollama: 'v.merger.mlp.0.weight', shape: [MERGED, MERGED] },
      { name: 'mm.0.bias', ollama: 'v.merger.mlp.0.bias', shape: [MERGED] },
      { name: 'mm.2.weight', ollama: 'v.merger.mlp.2.weight', shape: [MERGED, WIDTH] },
      { name: 'mm.2.bias', ollama: 'v.merger.mlp.2.bias', shape: [WIDTH] },
    ],
  },
}

export const RANDOM_MISTRAL3: RandomModel = {
  names: { engine: 'mistral3', ollama: 'mistral3' },
  facts: {
    'attention.key_length': 16,
    'attention.value_length': 16,
    'rope.dimension_count': 16,
    'rope.scaling.type': 'yarn',
    'rope.scaling.factor': 2.5,
    'rope.scaling.original_context_length': 2048,
  },
  engineFacts: {
    'rope.scaling.yarn_beta_fast': 32.5,
    'rope.scaling.yarn_beta_slow': 1.5,
    'rope.scaling.yarn_log_multiplier': 1.25,
    'attention.temperature_scale': 0.125,
  },
  ollamaFacts: {
    'rope.scaling.beta_fast': 32.5,
    'rope.scaling.beta_slow': 1.5,
    'rope.scaling.mscale_all_dim': 1.25,
    'rope.scaling_beta': 0.125,
  },
  tensors: DENSE,
  projector: {
    facts: {
      ...CLIP_FACTS,
      projector_type: 'pixtral',
      'vision.attention.layer_norm_epsilon': 1e-5,
      'vision.spatial_merge_size': 2,
      'vision.image_size': 560,
    },
    ollamaFacts: { ...TOWER_FACTS, 'vision.image_size': 560, spatial_merge_size: 2 },
    tensors: [
      { name: 'v.patch_embd.weight', ollama: 'v.patch_conv.weight', shape: PATCHES, half: true },
      { name: 'v.pre_ln.weight', ollama: 'v.encoder_norm.weight', shape: [TOWER] },
      { name: 'v.blk.0.ln1.weight', ollama: 'v.blk.0.attn_norm.weight', shape: [TOWER] },
      { name: 'v.blk.0.ln2.weight', ollama: 'v.blk.0.ffn_norm.weight', shape: [TOWER] },
      { name: 'v.blk.0.attn_q.weight', shape: [TOWER, TOWER], heads: 2 },
      { name: 'v.blk.0.attn_k.weight', shape: [TOWER, TOWER], heads: 2 },
      { name: 'v.blk.0.attn_v.weight', shape: [TOWER, TOWER] },
      { name: 'v.blk.0.attn_out.weight', ollama: 'v.blk.0.attn_output.weight', shape: [TOWER, TOWER] },
      ...towerFeedForward(0),
      { name: 'mm.1.weight', ollama: 'mm.linear_1.weight', shape: [TOWER, WIDTH] },
      { name: 'mm.2.weight', ollama: 'mm.linear_2.weight', shape: [WIDTH, WIDTH] },
      { name: 'mm.input_norm.weight', ollama: 'mm.norm.weight', shape: [TOWER] },
      { name: 'mm.patch_merger.weight', ollama: 'mm.patch_merger.merging_layer.weight', shape: [MERGED, TOWER] },
      { name: 'v.token_embd.img_break', shape: [WIDTH], zeros: true },
    ],
  },
}

function prefixed(facts: Facts, prefix: string): Facts {
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key.startsWith('/') ? key.slice(1) : `${prefix}.${key}`, value]))
}

function toEntries(facts: Facts, prefix?: string): GgufEntry[] {
  return Object.entries(prefix === undefined ? facts : prefixed(facts, prefix)).map(([key, value]): GgufEntry => {
    if (typeof value === 'string') return { key, type: 'string', value }
    if (typeof value === 'boolean') return { key, type: 'bool', value }
    if (typeof value === 'number') return { key, type: Number.isInteger(value) ? 'uint32' : 'float32', value }
    return { key, type: 'array', itemType: value.every(Number.isInteger) ? 'int32' : 'float32', values: value }
  })
}

/** Of two entries with a key, the later one. */
function merge(...entries: GgufEntry[][]): GgufEntry[] {
  return [...new Map(entries.flat().map((entry) => [entry.key, entry])).values()]
}

function engineTensor({ name, shape, heads, zeros }: TwoNames): GgufTensorData {
  const values = zeros ? new Float32Array(shape[0] ?? 0) : valuesOf(name, shape)
  return { name, type: 'F32', shape, data: new Uint8Array((heads ? rotated(values, shape, heads) : values).buffer) }
}

function ollamaTensor({ name, ollama = name, shape, half }: TwoNames): GgufTensorData {
  const data = new Uint8Array(valuesOf(name, shape).buffer)
  return { name: ollama, type: half ? 'F16' : 'F32', shape, data: half ? convertFloats(data, 'F32', { to: 'F16' }) : data }
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
