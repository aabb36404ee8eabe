// The positions of a run's cells where positions have four dimensions (M-RoPE): time, height, width and one more. They move with the place where
// the run starts, in the dimensions that move at all, so that two places tell them for all.

import { CHUNK_TYPES, type MediaApi } from './api.ts'
import type { RotaryPositions } from './messages.ts'

export const ROTARY_DIMENSIONS = 4

export function readRotaryPositions(api: MediaApi, chunk: bigint): RotaryPositions {
  const length = api.chunkLength(chunk)
  const from = positionsAt(api, chunk, { start: 0, length })
  const step = positionsAt(api, chunk, { start: 1, length }).map((position, index) => position - (from[index] as number))
  return { from, step }
}

/** For a run that starts there. */
export function placeRotary({ from, step }: RotaryPositions, start: number): Int32Array {
  return from.map((position, index) => position + start * (step[index] as number))
}

function positionsAt(api: MediaApi, chunk: bigint, { start, length }: { start: number; length: number }): Int32Array {
  const positions = new Int32Array(length * ROTARY_DIMENSIONS)
  const image = api.chunkType(chunk) === CHUNK_TYPES.image ? api.chunkImage(chunk) : null
  for (let index = 0; index < length; index++) {
    // A sound goes on in time, as a text does.
    const line = start + index
    const { t, x, y, z } = image === null ? { t: line, x: line, y: line, z: 0 } : api.imagePosition(image, start, index)
    for (const [dimension, position] of [t, y, x, z].entries()) positions[dimension * length + index] = position
  }
  return positions
}
