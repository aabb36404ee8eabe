// Gemma 2 and 3. Their norms are stored as a distance from one. Source: conversion/gemma.py of llama.cpp 0.5.0.

import { invalidModel } from '../failure.ts'
import type { Family, Placement, SourceModel } from '../family.ts'
import type { Fields } from '../fields.ts'
import { describeHeads, describeNorms, describeRope, describeSizes, readRope } from '../hyper-parameters.ts'
import type { Metadata } from '../metadata.ts'
import { DECODER_NAMES, findTensorName, type NameTable } from '../tensor-names.ts'
import { writeVocabulary } from '../tokenizer/select.ts'

const NAMES: NameTable = {
  ...DECODER_NAMES,
  block: {
    ...DECODER_NAMES.block,
    post_attention_layernorm: 'post_attention_norm',
    pre_feedforward_layernorm: 'ffn_norm',
    post_feedforward_layernorm: 'post_ffw_norm',
  },
}

export const GEMMA_2: Family = {
  names: ['Gemma2ForCausalLM'],
  architecture: 'gemma2',
  defaults: {
    max_position_embeddings: 8192,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    head_dim: 256,
    rms_norm_eps: 1e-6,
    sliding_window: 4096,
    final_logit_softcapping: 30,
    attn_logit_softcapping: 50,
  },
  describe({ config }, metadata) {
    describeSizes(config, metadata)
    describeNorms(config, metadata)
    describeHeads(config, metadata)
    metadata.number(metadata.own('attn_logit_softcapping'), config.number('attn_logit_softcapping'))
    metadata.number(metadata.own('final_logit_softcapping'), config.number('final_logit_softcapping'))
    metadata.count(metadata.own('attention.sliding_window'), config.requireCount('sliding_window'))
  },
  writeVocabulary: writeGemmaVocabulary,
  // The output is the embedding; some programs save it twice.
  place: (tensor) => (tensor === 'lm_head.weight' ? undefined : place(tensor)),
}

export const GEMMA_3: Family = {
  names: ['Gemma3ForCausalLM', 'Gemma3ForConditionalGeneration'],
  architecture: 'gemma3',
  defaults: {
    max_position_embeddings: 131_072,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    head_dim: 256,
    rms_norm_eps: 1e-6,
    sliding_window: 4096,
    rope_theta: 1_000_000,
    rope_local_base_freq: 10_000,
  },
  describe({ config }, metadata) {
    describeSizes(config, metadata)
    describeRope(readRope(config), metadata)
    describeNorms(config, metadata)
    describeHeads(config, metadata)
    if (config.has('attn_logit_softcapping')) throw invalidModel('config.json: attn_logit_softcapping is nothing that Gemma 3 has')
    const cap = config.number('final_logit_softcapping')
    if (cap) metadata.number(metadata.own('final_logit_softcapping'), cap)
    if (config.count('sliding_window_pattern') !== 1)
      metadata.count(metadata.own('attention.sliding_window'), config.requireCount('sliding_window'))
  },
  writeVocabulary: writeGemmaVocabulary,
  place: (tensor, { config }) => withoutSpareRows(place(tensor), config),
}

function place(tensor: string): Placement | 'unknown' {
  const found = findTensorName(tensor, NAMES)
  if (!found) return 'unknown'
  return { name: found.name, ...(tensor.endsWith('norm.weight') ? { add: 1 } : {}) }
}

/** The embedding may have more rows than the vocabulary has tokens. */
function withoutSpareRows(placement: Placement | 'unknown', config: Fields): Placement | 'unknown' {
  const tokens = config.count('vocab_size')
  if (placement === 'unknown' || placement.name !== 'token_embd.weight' || tokens === undefined) return placement
  return { ...placement, rows: { first: 0, count: tokens } }
}

async function writeGemmaVocabulary(model: SourceModel, metadata: Metadata): Promise<void> {
  await writeVocabulary(model, metadata)
  metadata.flag('tokenizer.ggml.add_space_prefix', false)
}
