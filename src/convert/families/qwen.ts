// Qwen 2, 2.5 and 3, also as embedding models. Source: conversion/qwen.py of llama.cpp 0.5.0.

import type { Family, SourceModel } from '../family.ts'
import { describeHeads, describeNorms, describeRope, describeSizes, readRope } from '../hyper-parameters.ts'
import type { Metadata } from '../metadata.ts'
import { describePooling } from '../pooling.ts'
import { DECODER_NAMES, findTensorName } from '../tensor-names.ts'
import { writeVocabulary } from '../tokenizer/select.ts'

const DEFAULTS = { max_position_embeddings: 32_768, rms_norm_eps: 1e-6, rope_theta: 10_000, num_key_value_heads: 32 }

export const QWEN_2: Family = {
  names: ['Qwen2ForCausalLM', 'Qwen2Model'],
  architecture: 'qwen2',
  defaults: DEFAULTS,
  describe,
  writeVocabulary,
  place(tensor) {
    const found = findTensorName(tensor, DECODER_NAMES)
    return found ? { name: found.name } : 'unknown'
  },
}

export const QWEN_3: Family = {
  ...QWEN_2,
  names: ['Qwen3ForCausalLM', 'Qwen3Model'],
  architecture: 'qwen3',
  defaults: { ...DEFAULTS, head_dim: 128 },
}

async function describe({ config, files }: SourceModel, metadata: Metadata): Promise<void> {
  describeSizes(config, metadata)
  describeRope(readRope(config), metadata)
  describeNorms(config, metadata)
  describeHeads(config, metadata)
  await describePooling(files, metadata)
}
