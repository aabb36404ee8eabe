// What the files of a few families have in llama.cpp's layout and in Ollama's own: as small as their code allows.

import { type Facts, PATCH, type RandomModel, type TwoNames, WIDTH } from './random-model.ts'

const FEED_FORWARD = 96
const HEADS = 4
const KV_HEADS = 2
const HEAD_LENGTH = 16
/** Of Qwen3-VL: as long as the shares of its dimensions, at least. */
const LONG_HEAD = 64
const EXPERTS = 2
const TOWER = 32
/** Of a row that four patches become together. */
const MERGED = TOWER * 4

const FACTS: Facts = {
  context_length: 4096,
  embedding_length: WIDTH,
  block_count: 1,
  feed_forward_length: FEED_FORWARD,
  'attention.head_count': HEADS,
  'attention.head_count_kv': KV_HEADS,
  'attention.layer_norm_rms_epsilon': 1e-5,
}

function attention(headLength = HEAD_LENGTH): TwoNames[] {
  return [
    { name: 'output_norm.weight', shape: [WIDTH] },
    { name: 'blk.0.attn_norm.weight', shape: [WIDTH] },
    { name: 'blk.0.attn_q.weight', shape: [WIDTH, headLength * HEADS] },
    { name: 'blk.0.attn_k.weight', shape: [WIDTH, headLength * KV_HEADS] },
    { name: 'blk.0.attn_v.weight', shape: [WIDTH, headLength * KV_HEADS] },
  ]
}

const BIASES: readonly TwoNames[] = [
  { name: 'blk.0.attn_q.bias', shape: [WIDTH] },
  { name: 'blk.0.attn_k.bias', shape: [HEAD_LENGTH * KV_HEADS] },
  { name: 'blk.0.attn_v.bias', shape: [HEAD_LENGTH * KV_HEADS] },
]
function dense(headLength = HEAD_LENGTH): TwoNames[] {
  return [
    ...attention(headLength),
    { name: 'blk.0.attn_output.weight', shape: [headLength * HEADS, WIDTH] },
    { name: 'blk.0.ffn_norm.weight', shape: [WIDTH] },
    { name: 'blk.0.ffn_gate.weight', shape: [WIDTH, FEED_FORWARD] },
    { name: 'blk.0.ffn_up.weight', shape: [WIDTH, FEED_FORWARD] },
    { name: 'blk.0.ffn_down.weight', shape: [FEED_FORWARD, WIDTH] },
  ]
}

export const RANDOM_GPT_OSS: RandomModel = {
  names: { engine: 'gpt-oss', ollama: 'gptoss' },
  facts: {
    ...FACTS,
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
    ...attention(),
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
  facts: FACTS,
  engineFacts: { 'rope.dimension_sections': [2, 3, 3, 0] },
  ollamaFacts: { 'rope.mrope_section': [2, 3, 3] },
  tensors: [...dense(), ...BIASES],
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

const QWEN3_TOWER: readonly TwoNames[] = [0, 1].flatMap((block): TwoNames[] => {
  const name = (end: string) => `v.blk.${block}.${end}`
  return ['weight', 'bias'].flatMap((end): TwoNames[] => {
    const wide = (length: number) => (end === 'weight' ? [TOWER, length] : [length])
    return [
      { name: name(`ln1.${end}`), ollama: name(`norm1.${end}`), shape: [TOWER] },
      { name: name(`ln2.${end}`), ollama: name(`norm2.${end}`), shape: [TOWER] },
      { name: name(`attn_qkv.${end}`), joins: ['q', 'k', 'v'].map((letter) => name(`attn_${letter}.${end}`)), shape: wide(TOWER * 3) },
      { name: name(`attn_out.${end}`), shape: wide(TOWER) },
      { name: name(`ffn_up.${end}`), ollama: name(`mlp.linear_fc1.${end}`), shape: wide(FEED_FORWARD) },
      {
        name: name(`ffn_down.${end}`),
        ollama: name(`mlp.linear_fc2.${end}`),
        shape: end === 'weight' ? [FEED_FORWARD, TOWER] : [TOWER],
      },
    ]
  })
})

/** A merger of four patches into a row, behind a norm. */
function qwen3Merger(names: { norm: string; first: string; second: string }, ollama: string, normLength: number): TwoNames[] {
  return ['weight', 'bias'].flatMap((end): TwoNames[] => [
    { name: `${names.norm}.${end}`, ollama: `${ollama}.norm.${end}`, shape: [normLength] },
    { name: `${names.first}.${end}`, ollama: `${ollama}.linear_fc1.${end}`, shape: end === 'weight' ? [MERGED, MERGED] : [MERGED] },
    { name: `${names.second}.${end}`, ollama: `${ollama}.linear_fc2.${end}`, shape: end === 'weight' ? [MERGED, WIDTH] : [WIDTH] },
  ])
}

/** Positions of 40 patches on a side. */
const SIDE = 40

export const RANDOM_QWEN3VL: RandomModel = {
  names: { engine: 'qwen3vl', ollama: 'qwen3vl' },
  // Behind the last block no rows can be added to those that are there.
  facts: { ...FACTS, block_count: 2, 'attention.key_length': LONG_HEAD, 'attention.value_length': LONG_HEAD },
  engineFacts: { 'rope.dimension_sections': [24, 20, 20, 0], n_deepstack_layers: 1 },
  tensors: [
    ...dense(LONG_HEAD),
    { name: 'blk.0.attn_q_norm.weight', shape: [LONG_HEAD] },
    { name: 'blk.0.attn_k_norm.weight', shape: [LONG_HEAD] },
  ].flatMap((tensor) => (tensor.name.startsWith('blk.0.') ? [tensor, { ...tensor, name: tensor.name.replace('.0.', '.1.') }] : [tensor])),
  projector: {
    facts: {
      ...CLIP_FACTS,
      'vision.image_mean': [0.5, 0.5, 0.5],
      'vision.image_std': [0.5, 0.5, 0.5],
      use_silu: false,
      use_gelu: true,
      projector_type: 'qwen3vl_merger',
      'vision.attention.layer_norm_epsilon': 1e-6,
      'vision.spatial_merge_size': 2,
      'vision.image_size': SIDE * PATCH,
      'vision.block_count': 2,
      'vision.image_min_pixels': 65_536,
      'vision.image_max_pixels': 16_777_216,
      'vision.is_deepstack_layers': [true, false],
    },
    ollamaFacts: {
      ...TOWER_FACTS,
      'vision.attention.layer_norm_epsilon': 1e-6,
      'vision.spatial_merge_size': 2,
      'vision.block_count': 2,
      'vision.deepstack_visual_indexes': [0],
    },
    tensors: [
      { name: 'v.patch_embd.weight', ollama: 'v.patch_embed.weight', shape: PATCHES, half: true, frame: 0 },
      { name: 'v.patch_embd.weight.1', shape: PATCHES, frame: 1 },
      { name: 'v.patch_embd.bias', ollama: 'v.patch_embed.bias', shape: [TOWER] },
      { name: 'v.position_embd.weight', ollama: 'v.pos_embed.weight', shape: [TOWER, SIDE * SIDE], half: true },
      ...QWEN3_TOWER,
      ...qwen3Merger({ norm: 'v.post_ln', first: 'mm.0', second: 'mm.2' }, 'v.merger', TOWER),
      ...qwen3Merger(
        { norm: 'v.deepstack.0.norm', first: 'v.deepstack.0.fc1', second: 'v.deepstack.0.fc2' },
        'v.deepstack_merger.0',
        MERGED,
      ),
    ],
  },
}

export const RANDOM_MISTRAL3: RandomModel = {
  names: { engine: 'mistral3', ollama: 'mistral3' },
  facts: {
    ...FACTS,
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
  tensors: dense(),
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
