// Families that see, whose towers need no more than other names: Qwen2.5-VL, Mistral 3, Llama 4; and the projectors of old LLaVA models.

import type { Draft } from '../draft.ts'
import { becomeProjector, CLIP_COLOURS, HALVES, type Layout, removeMedia } from '../layout.ts'

export const QWEN25VL: Layout = {
  architectures: ['qwen25vl'],
  isMarked: () => true,
  toText(file) {
    removeMedia(file)
    file.setArchitecture('qwen2vl')
    const sections = file.items('qwen2vl.rope.mrope_section')
    if (sections.length >= 3) file.setItems('qwen2vl.rope.dimension_sections', 'int32', [...sections.slice(0, 3), 0])
    file.removeKeys((key) => key === 'qwen2vl.rope.mrope_section')
  },
  toProjector(file) {
    // The first block that looks at the whole image tells how many look at a window before it.
    const [whole] = file.items('qwen25vl.vision.fullatt_block_indexes')
    file.add('clip.vision.n_wa_pattern', 'uint32', typeof whole === 'number' ? whole + 1 : 8)
    becomeProjector(file, { type: 'qwen2.5vl_merger', activation: 'silu', ...CLIP_COLOURS })
    file.add('clip.vision.feed_forward_length', 'uint32', file.tensor('v.blk.0.ffn_up.weight')?.shape[1])
    file.add('clip.vision.image_size', 'uint32', 560)
    for (const end of ['weight', 'bias']) {
      file.renameTensor(`v.merger.mlp.0.${end}`, `mm.0.${end}`)
      file.renameTensor(`v.merger.mlp.2.${end}`, `mm.2.${end}`)
    }
    file.renameTensor('v.merger.ln_q.weight', 'v.post_ln.weight')
    file.renameTensor('v.patch_embd_0.weight', 'v.patch_embd.weight')
    file.renameTensor('v.patch_embd_1.weight', 'v.patch_embd.weight.1')
    file.widen('v.patch_embd.weight')
    file.widen('v.patch_embd.weight.1')
  },
}

const MISTRAL_KEYS = [
  ['rope.scaling.beta_fast', 'rope.scaling.yarn_beta_fast'],
  ['rope.scaling.beta_slow', 'rope.scaling.yarn_beta_slow'],
  ['rope.scaling.mscale_all_dim', 'rope.scaling.yarn_log_multiplier'],
  ['rope.scaling_beta', 'attention.temperature_scale'],
] as const

const PIXTRAL_NAMES = [
  ['v.patch_conv', 'v.patch_embd'],
  ['v.encoder_norm', 'v.pre_ln'],
  ['.attn_output', '.attn_out'],
  ['.attn_norm', '.ln1'],
  ['.ffn_norm', '.ln2'],
  ['mm.linear_1', 'mm.1'],
  ['mm.linear_2', 'mm.2'],
  ['mm.patch_merger.merging_layer', 'mm.patch_merger'],
  ['mm.norm', 'mm.input_norm'],
] as const

export const MISTRAL3: Layout = {
  architectures: ['mistral3'],
  isMarked: (file) =>
    file.hasTensors('v.', 'mm.') || MISTRAL_KEYS.some(([from]) => from !== 'rope.scaling.beta_slow' && file.has(`mistral3.${from}`)),
  toText(file) {
    for (const [from, to] of MISTRAL_KEYS) file.renameKey(`mistral3.${from}`, `mistral3.${to}`)
    if (['', 'default'].includes(file.text('tokenizer.ggml.pre') ?? '')) file.set('tokenizer.ggml.pre', 'string', 'tekken')
    file.removeKeys((key) => key === 'mistral3.spatial_merge_size')
    removeMedia(file)
  },
  toProjector(file) {
    file.add('clip.vision.spatial_merge_size', 'uint32', file.number('mistral3.spatial_merge_size'))
    file.add('clip.rope.freq_base', 'float32', file.number('mistral3.vision.rope.freq_base'))
    becomeProjector(file, { type: 'pixtral', activation: 'silu', ...CLIP_COLOURS })
    file.add('clip.vision.attention.layer_norm_epsilon', 'float32', 1e-5)
    for (const { name } of file.tensors) if (/^v\.blk\.\d+\.attn_[qk]\.weight$/.test(name)) pairRotated(file, name)
    file.renameParts(PIXTRAL_NAMES)
    file.widen('v.patch_embd.weight')
    // The tower of the file has no row that ends a line of patches: added to nothing, it changes nothing.
    const width = file.number('clip.vision.projection_dim') ?? 0
    file.addTensor({ name: 'v.token_embd.img_break', type: 'F32', shape: [width], parts: [{ kind: 'zeros', sizeBytes: width * 4 }] })
  },
}

/** The halves of a head that rotate together lie behind each other in the file, and beside each other in the engine. */
function pairRotated(file: Draft, name: string): void {
  const tensor = file.tensor(name)
  const [part] = tensor?.parts ?? []
  const heads = file.number('clip.vision.attention.head_count') ?? 0
  if (!tensor || part?.kind !== 'bytes' || heads === 0) return
  const [width = 0, rows = 0] = tensor.shape
  const half = rows / heads / 2
  if (!Number.isInteger(half)) return
  const runs = Array.from({ length: rows }, (_, row): [number, number] => {
    const [head, inHead] = [Math.floor(row / (2 * half)), row % (2 * half)]
    return [(head * 2 * half + (inHead % 2) * half + Math.floor(inHead / 2)) * width, width]
  })
  tensor.parts = [{ ...part, kind: 'runs', runs }]
}

const LLAMA4_NAMES = [
  ['v.vision_adapter.mlp.fc1', 'mm.model.mlp.1'],
  ['v.vision_adapter.mlp.fc2', 'mm.model.mlp.2'],
  ['mm.linear_1', 'mm.model.fc'],
  ['v.class_embedding', 'v.class_embd'],
  ['v.layernorm_post', 'v.post_ln'],
  ['v.layernorm_pre', 'v.pre_ln'],
  ['v.patch_embedding', 'v.patch_embd'],
  ['.attn_output', '.attn_out'],
  ['.attn_norm', '.ln1'],
  ['.ffn_norm', '.ln2'],
  ['.mlp.fc1', '.ffn_up'],
  ['.mlp.fc2', '.ffn_down'],
] as const

export const LLAMA4: Layout = {
  architectures: ['llama4'],
  isMarked: (file) => file.hasTensors('v.', 'mm.'),
  toText: removeMedia,
  toProjector(file) {
    const ratio = file.number('llama4.vision.pixel_shuffle_ratio') ?? 0
    file.add('clip.vision.projector.scale_factor', 'uint32', ratio > 0 ? Math.max(Math.round(1 / ratio), 1) : 2)
    becomeProjector(file, { type: 'llama4', activation: 'gelu', ...HALVES })
    file.renameTensor('v.positional_embedding_vlm', 'v.position_embd.weight')
    file.renameParts(LLAMA4_NAMES)
  },
}

/** A file of its own that says how it sees by everything but its kind: those from before there were several. */
export const OLD_LLAVA: Layout = {
  architectures: ['clip'],
  isMarked: (file) =>
    file.metadata.get('clip.has_vision_encoder') === true && !file.has('clip.projector_type') && !file.has('clip.vision.projector_type'),
  toProjector: (file) => file.set('clip.projector_type', 'string', 'mlp'),
}
