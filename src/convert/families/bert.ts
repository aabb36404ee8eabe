// BERT and its like, which make vectors of texts: no generation, attention to both sides, absolute positions.
// Source: conversion/bert.py of llama.cpp 0.5.0.

import type { Family, Placement, SourceModel } from '../family.ts'
import { describeNorms, describeSizes } from '../hyper-parameters.ts'
import type { Metadata } from '../metadata.ts'
import { describePooling } from '../pooling.ts'
import { findTensorName, type NameTable } from '../tensor-names.ts'
import { writeVocabulary } from '../tokenizer/select.ts'

const NAMES: NameTable = {
  whole: {
    'embeddings.word_embeddings': 'token_embd',
    'embeddings.position_embeddings': 'position_embd',
    'embeddings.token_type_embeddings': 'token_types',
    'embeddings.LayerNorm': 'token_embd_norm',
  },
  blockPrefix: 'encoder.layer.',
  block: {
    'attention.self.query': 'attn_q',
    'attention.self.key': 'attn_k',
    'attention.self.value': 'attn_v',
    'attention.output.dense': 'attn_output',
    'attention.output.LayerNorm': 'attn_output_norm',
    'intermediate.dense': 'ffn_up',
    'output.dense': 'ffn_down',
    'output.LayerNorm': 'layer_output_norm',
  },
}

export const BERT: Family = {
  names: ['BertModel', 'BertForMaskedLM'],
  architecture: 'bert',
  defaults: { max_position_embeddings: 512, layer_norm_eps: 1e-12, type_vocab_size: 2 },
  async describe({ config, files }, metadata) {
    describeSizes(config, metadata)
    describeNorms(config, metadata)
    metadata.flag(metadata.own('attention.causal'), false)
    await describePooling(files, metadata)
  },
  async writeVocabulary(model: SourceModel, metadata: Metadata) {
    metadata.count('tokenizer.ggml.token_type_count', model.config.requireCount('type_vocab_size'))
    await writeVocabulary(model, metadata)
  },
  place: (tensor) => place(tensor),
}

/** Heads for training, and the layer behind the first token, make no vectors. */
const LEFT_OUT = /^(embeddings\.position_ids$|pooler\.|cls\.)/

function place(tensor: string): Placement | undefined | 'unknown' {
  // Older files call the norms' numbers as the article does.
  const name = tensor
    .replace(/^bert\./, '')
    .replace(/\.gamma$/, '.weight')
    .replace(/\.beta$/, '.bias')
  if (LEFT_OUT.test(name)) return undefined
  const found = findTensorName(name, NAMES)
  return found ? { name: found.name } : 'unknown'
}
