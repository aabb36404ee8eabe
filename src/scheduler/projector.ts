// What a projector's metadata says of the memory it takes beside its weights: the buffers in which one image becomes rows of the context.

import type { GgufHead } from '../gguf/types.ts'
import type { ProjectorTarget } from './target.ts'

/** Copies of what a patch holds that are alive together in a block: the sum, its norm, three projections, what comes out. */
const COPIES_OF_A_PATCH = 8
const FLOAT_BYTES = 4
/** Where the file does not say: a small encoder's. */
const UNKNOWN_BYTES = 128 * 1024 * 1024
/** Beyond all that is published; a file that says more is wrong. */
const LARGEST_BYTES = 4 * 1024 ** 3

/** Never throws: what a file does not say is counted as a small encoder's. */
export function readProjector(head: GgufHead, path: string): ProjectorTarget {
  return { path, weightsBytes: head.fileSizeBytes, computeBytes: estimateVision(head) }
}

function estimateVision({ metadata }: GgufHead): number {
  const number = (key: string) => {
    const value = metadata.get(`clip.vision.${key}`)
    return typeof value === 'number' ? value : Number(typeof value === 'bigint' ? value : 0)
  }
  const [imageSize, patchSize, width] = [number('image_size'), number('patch_size'), number('embedding_length')]
  if (imageSize <= 0 || patchSize <= 0 || width <= 0) return UNKNOWN_BYTES
  const patches = Math.ceil(imageSize / patchSize) ** 2
  const perPatch = COPIES_OF_A_PATCH * width + number('feed_forward_length')
  const scores = patches * patches * Math.max(number('attention.head_count'), 1)
  return Math.min((patches * perPatch + scores) * FLOAT_BYTES, LARGEST_BYTES)
}
