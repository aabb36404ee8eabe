// Qwen3-VL, Qwen3.5 and Qwen3-Next. The towers of the first two are alike: three projections of a block in one tensor, and a patch of two
// frames as two patches of one.

import { invalidGguf } from '../../gguf/byte-source.ts'
import type { Draft } from '../draft.ts'
import { becomeProjector, HALVES, type Layout, removeMedia } from '../layout.ts'

const CHANNELS = 3
/** A patch is of two frames, which for an image are the same. */
const FRAMES = 2

const BLOCK_NAMES = [
  ['.norm1', '.ln1'],
  ['.norm2', '.ln2'],
  ['.mlp.linear_fc1', '.ffn_up'],
  ['.mlp.linear_fc2', '.ffn_down'],
] as const

export const QWEN3VL: Layout = {
  architectures: ['qwen3vl', 'qwen3vlmoe'],
  isMarked: (file) => !file.has(`${file.architecture}.rope.dimension_sections`),
  toText(file) {
    const { architecture } = file
    // How the dimensions of a head are shared by time, height and width: the same in all sizes that are published.
    file.setItems(`${architecture}.rope.dimension_sections`, 'int32', [24, 20, 20, 0])
    file.add(`${architecture}.n_deepstack_layers`, 'uint32', file.count(`${architecture}.vision.deepstack_visual_indexes`))
    removeMedia(file)
  },
  toProjector(file) {
    const { architecture } = file
    const vision = (key: string) => `${architecture}.vision.${key}`
    const deep = file.items(vision('deepstack_visual_indexes')).map(Number)
    file.add('clip.vision.rope.freq_base', 'float32', file.number(vision('rope.freq_base')) ?? 10_000)
    file.add('clip.vision.image_min_pixels', 'uint32', file.number(vision('shortest_edge')) ?? 65_536)
    file.add('clip.vision.image_max_pixels', 'uint32', file.number(vision('longest_edge')) ?? 16_777_216)
    for (const key of ['image_mean', 'image_std']) file.renameKey(vision(key), `clip.vision.${key}`)
    becomeProjector(file, { type: 'qwen3vl_merger', activation: 'gelu', ...HALVES })
    file.add('clip.vision.temporal_patch_size', 'uint32', FRAMES)
    file.add('clip.vision.feed_forward_length', 'uint32', file.tensor('v.blk.0.mlp.linear_fc1.weight')?.shape[1])
    const positions = file.tensor('v.pos_embed.weight')?.shape[1] ?? 0
    file.add('clip.vision.image_size', 'uint32', Math.floor(Math.sqrt(positions)) * (file.number('clip.vision.patch_size') ?? 0))
    toMerger(file, deep)
  },
}

export const QWEN35: Layout = {
  architectures: ['qwen35', 'qwen35moe'],
  isMarked: (file) =>
    file.hasTensors('mtp.', 'v.') ||
    ['vision.block_count', 'image_token_id', 'ssm.v_head_reordered', 'rope.mrope_interleaved'].some((key) =>
      file.has(`${file.architecture}.${key}`),
    ) ||
    file.has('qwen35moe.feed_forward_length'),
  toText(file) {
    const { architecture } = file
    takeLargest(file, `${architecture}.attention.head_count_kv`, 2)
    const sections = file.items(`${architecture}.rope.dimension_sections`)
    if (sections.length === 3) file.setItems(`${architecture}.rope.dimension_sections`, 'int32', [...sections, 0])
    nameBias(file)
    // They only guess ahead: what the model writes is the same without them.
    file.removeTensors((name) => name.startsWith('mtp.'))
    removeMedia(file)
  },
  toProjector(file) {
    becomeProjector(file, { type: 'qwen3vl_merger', activation: 'gelu', ...HALVES })
    file.add('clip.vision.feed_forward_length', 'uint32', file.tensor('v.blk.0.mlp.linear_fc1.weight')?.shape[1] ?? 4304)
    file.add('clip.vision.image_size', 'uint32', 768)
    file.add('clip.vision.attention.layer_norm_epsilon', 'float32', 1e-6)
    toMerger(file, [])
  },
}

export const QWEN3_NEXT: Layout = {
  architectures: ['qwen3next'],
  isMarked: (file) => file.tensors.some(({ name }) => name.endsWith('.ssm_dt')),
  toText(file) {
    takeLargest(file, 'qwen3next.attention.head_count_kv', 0)
    nameBias(file)
  },
}

/** `deep`: the blocks behind which rows are given to the model beside those of the last. */
function toMerger(file: Draft, deep: readonly number[]): void {
  const blocks = file.number('clip.vision.block_count') ?? 0
  file.addItems(
    'clip.vision.is_deepstack_layers',
    'bool',
    Array.from({ length: blocks }, (_, block) => deep.includes(block)),
  )
  for (let block = 0; block < blocks; block++) {
    for (const end of ['weight', 'bias']) {
      file.join(
        ['q', 'k', 'v'].map((letter) => `v.blk.${block}.attn_${letter}.${end}`),
        `v.blk.${block}.attn_qkv.${end}`,
      )
    }
  }
  splitFrames(file)
  for (const [index, block] of deep.entries()) {
    file.renameParts([
      [`v.deepstack_merger.${index}.linear_fc1`, `v.deepstack.${block}.fc1`],
      [`v.deepstack_merger.${index}.linear_fc2`, `v.deepstack.${block}.fc2`],
      [`v.deepstack_merger.${index}.norm`, `v.deepstack.${block}.norm`],
    ])
  }
  file.renameParts([
    ['v.merger.norm', 'v.post_ln'],
    ['v.merger.linear_fc1', 'mm.0'],
    ['v.merger.linear_fc2', 'mm.2'],
    ['v.patch_embed', 'v.patch_embd'],
    ['v.pos_embed', 'v.position_embd'],
    ...BLOCK_NAMES,
  ])
  file.widen('v.position_embd.weight')
}

/** One tensor of [width, height, frames, outputs * channels] becomes one per frame of [width, height, channels, outputs]. */
function splitFrames(file: Draft): void {
  const tensor = file.tensor('v.patch_embed.weight')
  const [part] = tensor?.parts ?? []
  if (!tensor || part?.kind !== 'bytes') return
  const [width = 0, height = 0, frames = 0, packed = 0] = tensor.shape
  const channels = file.number('clip.vision.num_channels') ?? CHANNELS
  if (frames !== FRAMES || packed % channels !== 0) {
    throw invalidGguf(`the patches of this layout are of ${tensor.shape.join('x')}, not of ${FRAMES} frames and ${channels} channels`)
  }
  const area = width * height
  file.removeTensors((name) => name === tensor.name)
  for (let frame = 0; frame < frames; frame++) {
    const runs = Array.from({ length: packed }, (_, index): [number, number] => [area * (index * frames + frame), area])
    file.addTensor({
      name: frame === 0 ? 'v.patch_embd.weight' : `v.patch_embd.weight.${frame}`,
      type: 'F32',
      shape: [width, height, channels, packed / channels],
      parts: [{ ...part, kind: 'runs', runs }],
    })
  }
}

/** Layers without attention have none; the engine takes one number for those that have. */
function takeLargest(file: Draft, key: string, otherwise: number): void {
  const counts = file.items(key).map(Number)
  if (counts.length === 0) return
  const largest = Math.max(...counts) || otherwise
  if (largest > 0) file.set(key, 'uint32', largest)
}

function nameBias(file: Draft): void {
  for (const { name } of file.tensors) if (name.endsWith('.ssm_dt')) file.renameTensor(name, `${name}.bias`)
}
