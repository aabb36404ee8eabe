import { describe, expect, it } from 'vitest'
import { CHUNK_TYPES, type MediaApi } from './api.ts'
import { placeRotary, readRotaryPositions } from './rotary.ts'

const CHUNK = 1n

/** Two columns and as many rows as the chunk needs. */
function api(type: number, length: number): MediaApi {
  return {
    chunkLength: () => length,
    chunkType: () => type,
    chunkImage: () => 2n,
    imagePosition: (_: bigint, start: number, index: number) => ({
      t: start,
      x: start + (index % 2),
      y: start + Math.floor(index / 2),
      z: 0,
    }),
  } as Partial<MediaApi> as MediaApi
}

describe('the positions of a run', () => {
  it('are those of an image, time before height before width', () => {
    const positions = readRotaryPositions(api(CHUNK_TYPES.image, 4), CHUNK)
    expect([...placeRotary(positions, 10)]).toEqual([...[10, 10, 10, 10], ...[10, 10, 11, 11], ...[10, 11, 10, 11], ...[0, 0, 0, 0]])
  })

  it('move with the place in the dimensions that move', () => {
    const positions = readRotaryPositions(api(CHUNK_TYPES.image, 2), CHUNK)
    expect([...placeRotary(positions, 0)]).toEqual([0, 0, 0, 0, 0, 1, 0, 0])
    expect([...placeRotary(positions, 500)]).toEqual([500, 500, 500, 500, 500, 501, 0, 0])
  })

  it('go on in time for a sound', () => {
    const positions = readRotaryPositions(api(CHUNK_TYPES.sound, 3), CHUNK)
    expect([...placeRotary(positions, 7)]).toEqual([...[7, 8, 9], ...[7, 8, 9], ...[7, 8, 9], ...[0, 0, 0]])
  })
})
