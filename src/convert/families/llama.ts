// Llama and those that are built like it: Mistral. Source: conversion/llama.py of llama.cpp 0.5.0.

import { invalidModel } from '../failure.ts'
import type { Family, GeneratedTensor, Placement, SourceModel } from '../family.ts'
import type { Fields } from '../fields.ts'
import { describeHeads, describeNorms, describeRope, describeSizes, readRope } from '../hyper-parameters.ts'
import type { Metadata } from '../metadata.ts'
import { MAX_CONFIG_BYTES } from '../model-files.ts'
import { DECODER_NAMES, findTensorName } from '../tensor-names.ts'
import { writeVocabulary } from '../tokenizer/select.ts'

export const LLAMA: Family = {
  names: ['LlamaForCausalLM', 'LLaMAForCausalLM', 'LlamaModel'],
  architecture: 'llama',
  defaults: { max_position_embeddings: 2048, rms_norm_eps: 1e-6, rope_theta: 10_000 },
  describe({ config }, metadata) {
    const heads = config.requireCount('num_attention_heads')
    describe(config.withDefaults({ head_dim: headLength(config), num_key_value_heads: heads }), metadata)
  },
  writeVocabulary: writeLlamaVocabulary,
  place,
  generate: generateRopeFactors,
}

export const MISTRAL: Family = {
  ...LLAMA,
  names: ['MistralForCausalLM'],
  defaults: { max_position_embeddings: 131_072, rms_norm_eps: 1e-6, rope_theta: 10_000, num_key_value_heads: 8 },
  describe: ({ config }, metadata) => describe(config, metadata),
}

function describe(config: Fields, metadata: Metadata): void {
  describeSizes(config, metadata)
  describeRope(readRope(config), metadata)
  describeNorms(config, metadata)
  describeHeads(config, metadata)
  metadata.count(metadata.own('vocab_size'), config.requireCount('vocab_size'))
  metadata.count(metadata.own('rope.dimension_count'), headLength(config))
}

function headLength(config: Fields): number {
  const heads = config.requireCount('num_attention_heads')
  if (heads === 0) throw invalidModel('config.json: num_attention_heads is 0')
  return config.count('head_dim') ?? Math.floor(config.requireCount('hidden_size') / heads)
}

const CODE_LLAMA_TOKENS = 32_016
const GRANITE_TOKENS = 49_152

async function writeLlamaVocabulary(model: SourceModel, metadata: Metadata): Promise<void> {
  const tokenizerConfig = await model.files.json('tokenizer_config.json', MAX_CONFIG_BYTES)
  metadata.flag('tokenizer.ggml.add_space_prefix', tokenizerConfig?.flag('add_prefix_space'))
  await writeVocabulary(model, metadata)
  const size = model.config.count('vocab_size')
  if (size === CODE_LLAMA_TOKENS) {
    metadata.count('tokenizer.ggml.prefix_token_id', 32_007)
    metadata.count('tokenizer.ggml.suffix_token_id', 32_008)
    metadata.count('tokenizer.ggml.middle_token_id', 32_009)
    metadata.count('tokenizer.ggml.eot_token_id', 32_010)
  }
  // Granite and SmolLM, whose first token has two uses.
  if (size === GRANITE_TOKENS) metadata.flag('tokenizer.ggml.add_bos_token', false)
}

function place(tensor: string, { config }: SourceModel): Placement | 'unknown' {
  const found = findTensorName(tensor, DECODER_NAMES)
  if (!found) return 'unknown'
  const heads = config.requireCount('num_attention_heads')
  if (found.module === 'self_attn.q_proj') return { name: found.name, weaveHeads: heads }
  if (found.module === 'self_attn.k_proj') return { name: found.name, weaveHeads: config.count('num_key_value_heads') ?? heads }
  return { name: found.name }
}

/** Llama 3.1 slows its low frequencies down for long texts: a factor for each pair of dimensions, reckoned in 32 bits as the converter does. */
function generateRopeFactors({ config }: SourceModel): GeneratedTensor[] {
  const { type, theta, parameters, originalContextTokens } = readRope(config)
  if (type !== 'llama3') return []
  const round = Math.fround
  const dimensions = headLength(config)
  const factor = parameters?.number('factor') ?? 8
  const low = parameters?.number('low_freq_factor') ?? 1
  const high = parameters?.number('high_freq_factor') ?? 4
  const context = originalContextTokens ?? 8192
  const values = Float32Array.from({ length: Math.ceil(dimensions / 2) }, (_, index) => {
    const frequency = round(1 / round((theta ?? 10_000) ** round((2 * index) / dimensions)))
    const length = round((2 * Math.PI) / frequency)
    if (length < context / high) return 1
    if (length > context / low) return factor
    const smooth = round(round(round(context / length) - low) / (high - low))
    return 1 / round(round(round(1 - smooth) / factor) + smooth)
  })
  return [{ name: 'rope_freqs.weight', values }]
}
