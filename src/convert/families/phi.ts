// Phi 3, 3.5 and 4. Source: conversion/phi.py of llama.cpp 0.5.0.

import { invalidModel, unsupportedModel } from '../failure.ts'
import type { Family, GeneratedTensor, SourceModel } from '../family.ts'
import type { Fields } from '../fields.ts'
import { describeNorms, describeSizes, readRope } from '../hyper-parameters.ts'
import type { Metadata } from '../metadata.ts'
import { DECODER_NAMES, findTensorName, type NameTable } from '../tensor-names.ts'
import { writeVocabulary } from '../tokenizer/select.ts'

/** Query, key and value are one tensor, and so are gate and up. */
const NAMES: NameTable = {
  ...DECODER_NAMES,
  block: { ...DECODER_NAMES.block, 'self_attn.qkv_proj': 'attn_qkv', 'mlp.gate_up_proj': 'ffn_up' },
}

export const PHI_3: Family = {
  names: ['Phi3ForCausalLM'],
  architecture: 'phi3',
  defaults: { max_position_embeddings: 4096, original_max_position_embeddings: 4096, rms_norm_eps: 1e-5, rope_theta: 10_000 },
  describe({ config }, metadata) {
    const rope = readRope(config)
    describeSizes(config.withDefaults({ num_key_value_heads: config.requireCount('num_attention_heads') }), metadata)
    describeNorms(config, metadata)
    metadata.count(metadata.own('rope.scaling.original_context_length'), rope.originalContextTokens)
    metadata.count(metadata.own('rope.dimension_count'), ropeDimensions(config))
    metadata.number(metadata.own('rope.freq_base'), rope.theta)
    // Zero tells Phi 4, which has no window, from the others.
    metadata.count(metadata.own('attention.sliding_window'), config.count('sliding_window') ?? 0)
  },
  writeVocabulary,
  place(tensor) {
    const found = findTensorName(tensor, NAMES)
    return found ? { name: found.name } : 'unknown'
  },
  generate: generateLongFactors,
}

function ropeDimensions(config: Fields): number {
  const heads = config.requireCount('num_attention_heads')
  if (heads === 0) throw invalidModel('config.json: num_attention_heads is 0')
  const share = readRope(config).partialRotaryFactor ?? 1
  return Math.floor(Math.floor(share * config.requireCount('hidden_size')) / heads)
}

/** Models for long texts bring factors for each pair of dimensions, others for short texts than for long ones. */
function generateLongFactors({ config }: SourceModel, metadata: Metadata): GeneratedTensor[] {
  const { type, parameters, originalContextTokens } = readRope(config)
  const long = parameters?.numbers('long_factor')
  const short = parameters?.numbers('short_factor')
  if (!long || long.length === 0) return []
  const wanted = ropeDimensions(config) / 2
  if (long.length !== wanted || short?.length !== wanted)
    throw invalidModel(`config.json: the long and short factors of rope_scaling must be ${wanted}, not ${long.length} and ${short?.length}`)
  const trained = originalContextTokens ?? 0
  const scale = config.requireCount('max_position_embeddings') / trained
  metadata.number(metadata.own('rope.scaling.attn_factor'), attentionFactor(type, scale, trained))
  return [
    { name: 'rope_factors_long.weight', values: Float32Array.from(long) },
    { name: 'rope_factors_short.weight', values: Float32Array.from(short) },
  ]
}

function attentionFactor(type: string | undefined, scale: number, trained: number): number {
  if (type === 'su' || type === 'longrope') return scale > 1 ? Math.sqrt(1 + Math.log(scale) / Math.log(trained)) : 1
  if (type === 'yarn') return scale > 1 ? 0.1 * Math.log(scale) + 1 : 1
  throw unsupportedModel(`config.json: the rope_scaling of the type ${JSON.stringify(type ?? null)} is not known`)
}
