// What nearly every architecture has: sizes, heads, norms, rotary positions. Keys: gguf-py/gguf/constants.py of llama.cpp 0.5.0; which key of
// config.json each comes from: conversion/base.py.

import type { Fields } from './fields.ts'
import type { Metadata } from './metadata.ts'

export function describeSizes(config: Fields, metadata: Metadata): void {
  metadata.count(metadata.own('block_count'), config.requireCount('num_hidden_layers', 'n_layers', 'n_layer', 'num_layers'))
  metadata.count(metadata.own('context_length'), config.count('max_position_embeddings', 'n_ctx', 'n_positions'))
  metadata.count(metadata.own('embedding_length'), config.requireCount('hidden_size', 'n_embd', 'dim'))
  metadata.count(metadata.own('feed_forward_length'), config.count('intermediate_size', 'n_inner', 'hidden_dim'))
  metadata.count(metadata.own('attention.head_count'), config.count('num_attention_heads', 'n_head', 'n_heads'))
  metadata.count(metadata.own('attention.head_count_kv'), config.count('num_key_value_heads', 'n_kv_heads'))
}

export function describeNorms(config: Fields, metadata: Metadata): void {
  metadata.number(metadata.own('attention.layer_norm_rms_epsilon'), config.number('rms_norm_eps', 'norm_eps'))
  metadata.number(metadata.own('attention.layer_norm_epsilon'), config.number('layer_norm_eps', 'layer_norm_epsilon', 'norm_epsilon'))
}

export function describeHeads(config: Fields, metadata: Metadata): void {
  const length = config.count('head_dim')
  metadata.count(metadata.own('attention.key_length'), length)
  metadata.count(metadata.own('attention.value_length'), length)
}

/** Rotary positions. `theta` and `type` of the older configurations and the newer `rope_parameters`, also by kind of attention, are one here. */
export interface Rope {
  type: string | undefined
  theta: number | undefined
  /** Of layers with a sliding window. */
  slidingTheta: number | undefined
  partialRotaryFactor: number | undefined
  originalContextTokens: number | undefined
  /** The object that scales; empty where nothing does. */
  parameters: Fields | undefined
}

export function readRope(config: Fields): Rope {
  const all = config.fields('rope_parameters', 'rope_scaling')
  const parameters = all?.fields('full_attention') ?? all
  return {
    type: parameters?.text('rope_type', 'type'),
    theta: parameters?.number('rope_theta') ?? config.number('rope_theta', 'rotary_emb_base'),
    slidingTheta: all?.fields('sliding_attention')?.number('rope_theta') ?? config.number('rope_local_base_freq', 'swa_rope_theta'),
    partialRotaryFactor: parameters?.number('partial_rotary_factor') ?? config.number('partial_rotary_factor', 'rope_pct'),
    originalContextTokens: parameters?.count('original_max_position_embeddings') ?? config.count('original_max_position_embeddings'),
    parameters,
  }
}

export function describeRope(rope: Rope, metadata: Metadata): void {
  describeScaling(rope, metadata)
  metadata.number(metadata.own('rope.freq_base'), rope.theta)
  metadata.number(metadata.own('rope.freq_base_swa'), rope.slidingTheta)
}

function describeScaling({ type, parameters, originalContextTokens }: Rope, metadata: Metadata): void {
  const factor = parameters?.number('factor')
  const key = (name: string) => metadata.own(`rope.scaling.${name}`)
  if (type === 'longrope' || type === 'su') metadata.text(key('type'), 'longrope')
  if ((type !== 'linear' && type !== 'yarn') || factor === undefined) return
  metadata.text(key('type'), type)
  metadata.number(key('factor'), factor)
  if (type === 'linear') return
  metadata.count(key('original_context_length'), originalContextTokens)
  metadata.number(key('yarn_ext_factor'), parameters?.number('extrapolation_factor'))
  metadata.number(key('yarn_attn_factor'), parameters?.number('attention_factor', 'attn_factor'))
  metadata.number(key('yarn_beta_fast'), parameters?.number('beta_fast'))
  metadata.number(key('yarn_beta_slow'), parameters?.number('beta_slow'))
}
