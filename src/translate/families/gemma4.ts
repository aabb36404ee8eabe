// Gemma 4: its vocabulary was called one of pieces, and what sees and hears lies in the model's file, nearly under the engine's names.

import type { Draft } from '../draft.ts'
import { becomeProjector, type Layout, removeMedia } from '../layout.ts'

const AUDIO_COUNTS = ['block_count', 'embedding_length', 'feed_forward_length', 'attention.head_count']
/** In this order: the third takes the name that the second gives up. */
const AUDIO_NAMES = [
  ['ln1', 'attn_pre_norm'],
  ['ln2', 'attn_post_norm'],
  ['layer_pre_norm', 'ln2'],
  ['linear_pos', 'attn_k_rel'],
] as const

export const GEMMA4: Layout = {
  architectures: ['gemma4'],
  isMarked: (file) => file.hasTensors('a.', 'v.', 'mm.', 'model.vision_tower.') || file.text('tokenizer.ggml.model') === 'llama',
  toText(file) {
    if (file.text('tokenizer.ggml.model') === 'llama') file.set('tokenizer.ggml.model', 'string', 'gemma4')
    for (let block = 0; block < (file.number('gemma4.block_count') ?? 0); block++) {
      file.renameTensor(`blk.${block}.ffn_gate_inp.per_expert_scale`, `blk.${block}.ffn_down_exps.scale`)
    }
    removeMedia(file)
  },
  toProjector(file) {
    const hears = file.hasTensors('a.')
    if (hears) addAudio(file)
    // The model norms its images itself.
    becomeProjector(file, { type: 'gemma4v', activation: 'gelu', mean: [0, 0, 0], deviation: [1, 1, 1] })
    file.add('clip.vision.image_size', 'uint32', 224)
    // One key for both kinds would make the one the other.
    file.renameKey('clip.projector_type', 'clip.vision.projector_type')
    file.widen('v.patch_embd.weight')
    if (hears) nameAudio(file)
  },
}

function addAudio(file: Draft): void {
  for (const key of AUDIO_COUNTS) file.add(`clip.audio.${key}`, 'uint32', file.number(`gemma4.audio.${key}`))
  const epsilon = file.number('gemma4.audio.attention.layer_norm_epsilon')
  file.add('clip.audio.attention.layer_norm_epsilon', 'float32', epsilon)
  file.add('clip.audio.num_mel_bins', 'uint32', 128)
  file.add('clip.audio.projection_dim', 'uint32', file.number('gemma4.embedding_length'))
  file.set('clip.has_audio_encoder', 'bool', true)
  file.set('clip.audio.projector_type', 'string', 'gemma4a')
}

function nameAudio(file: Draft): void {
  file.renameTensor('a.pre_encode.out.weight', 'a.input_projection.weight')
  file.renameTensor('mm.a.fc.weight', 'a.pre_encode.out.weight')
  file.renameTensor('mm.a.fc.bias', 'a.pre_encode.out.bias')
  for (let block = 0; block < (file.number('clip.audio.block_count') ?? 0); block++) {
    for (const [from, to] of AUDIO_NAMES) file.renameTensor(`a.blk.${block}.${from}.weight`, `a.blk.${block}.${to}.weight`)
  }
}
