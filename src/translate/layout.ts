// The vocabulary of a family of files in a layout of Ollama's own: what shows that a file is one, and what becomes of it. Files of the same
// architecture in llama.cpp's layout show none of the marks and are left alone.

import type { Draft } from './draft.ts'

export interface Layout {
  /** Of general.architecture, in the file. */
  architectures: readonly string[]
  isMarked(file: Draft): boolean
  /** The engine loads the file as it is, too, only worse: where no copy can be made it does. */
  isOptional?: boolean
  /** Makes the file that the engine loads as the model. Absent: the layout is known, and cannot be read yet. */
  toText?(file: Draft): void
  /** Makes the file that sees for the model: of a file with a vision tower, what `toProjector` starts from has nothing but its tensors. */
  toProjector?(file: Draft): void
}

/** Tensors of what sees and hears, beside those of the model. */
export const MEDIA_PREFIXES = ['v.', 'mm.', 'a.', 's.', 'model.vision_tower.']

export function isMediaTensor(name: string): boolean {
  return MEDIA_PREFIXES.some((prefix) => name.startsWith(prefix))
}

/** What the text model has no use for. */
export function removeMedia(file: Draft): void {
  const { architecture } = file
  file.removeTensors(isMediaTensor)
  file.removeKeys((key) =>
    [`${architecture}.vision.`, `${architecture}.mm.`, `${architecture}.audio.`].some((prefix) => key.startsWith(prefix)),
  )
}

/** `clip.vision.*` counts by the name that the file has for them under its architecture. */
export type VisionKeys = readonly (readonly [from: string, to: string])[]

export const VISION_COUNTS: VisionKeys = [
  ['vision.block_count', 'block_count'],
  ['vision.embedding_length', 'embedding_length'],
  ['vision.feed_forward_length', 'feed_forward_length'],
  ['vision.image_size', 'image_size'],
  ['vision.patch_size', 'patch_size'],
  ['vision.attention.head_count', 'attention.head_count'],
  ['vision.num_channels', 'num_channels'],
  ['vision.spatial_merge_size', 'spatial_merge_size'],
  ['vision.window_size', 'window_size'],
  ['vision.temporal_patch_size', 'temporal_patch_size'],
  // What comes out of the projector is as long as a row of the model's embeddings.
  ['embedding_length', 'projection_dim'],
]

export interface ProjectorFacts {
  /** As libmtmd calls it. */
  type: string
  activation: 'gelu' | 'silu'
  mean: readonly number[]
  deviation: readonly number[]
}

/** Half of the range of a colour: what towers of the SigLIP kind were trained with. */
export const HALVES = { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] }
/** Of the images that CLIP was trained with. */
export const CLIP_COLOURS = { mean: [0.48145466, 0.4578275, 0.40821073], deviation: [0.26862954, 0.26130258, 0.27577711] }

/** Leaves the tensors of the tower and turns the head into a projector's. */
export function becomeProjector(file: Draft, { type, activation, mean, deviation }: ProjectorFacts): void {
  const { architecture } = file
  for (const [from, to] of VISION_COUNTS) file.add(`clip.vision.${to}`, 'uint32', file.number(`${architecture}.${from}`))
  const epsilon =
    file.number(`${architecture}.vision.attention.layer_norm_epsilon`) ?? file.number(`${architecture}.vision.layer_norm_epsilon`)
  file.add('clip.vision.attention.layer_norm_epsilon', 'float32', epsilon)
  file.removeKeys((key) => !key.startsWith('clip.') && !key.startsWith('general.'))
  file.removeTensors((name) => !isMediaTensor(name))
  file.addItems('clip.vision.image_mean', 'float32', [...mean])
  file.addItems('clip.vision.image_std', 'float32', [...deviation])
  file.set('clip.has_vision_encoder', 'bool', true)
  file.set(`clip.use_${activation}`, 'bool', true)
  file.set('clip.projector_type', 'string', type)
  file.set('general.architecture', 'string', 'clip')
  file.set('general.type', 'string', 'mmproj')
}
