import { describe, expect, it } from 'vitest'
import type { GgufHead, GgufValue } from '../gguf/types.ts'
import { readProjector } from './projector.ts'

const MIB = 1024 * 1024

function headOf(metadata: Record<string, GgufValue>): GgufHead {
  return { metadata: new Map(Object.entries(metadata)), fileSizeBytes: 851_251_104, tensors: [], parameterCount: 0 } as unknown as GgufHead
}

describe('the memory of a projector', () => {
  it('follows from how many patches look at how many', () => {
    const head = headOf({
      'clip.vision.image_size': 896,
      'clip.vision.patch_size': 14,
      'clip.vision.embedding_length': 1152,
      'clip.vision.feed_forward_length': 4304,
      'clip.vision.attention.head_count': 16,
    })
    const { path, weightsBytes, computeBytes } = readProjector(head, 'p.gguf')
    expect({ path, weightsBytes }).toEqual({ path: 'p.gguf', weightsBytes: 851_251_104 })
    expect(computeBytes / MIB).toBeGreaterThan(1024)
    expect(computeBytes / MIB).toBeLessThan(1400)
  })

  it('is that of a small encoder where the file does not say', () => {
    expect(readProjector(headOf({ 'clip.audio.embedding_length': 1280 }), 'p').computeBytes).toBe(128 * MIB)
    expect(readProjector(headOf({ 'clip.vision.image_size': 'big' }), 'p').computeBytes).toBe(128 * MIB)
  })

  it('has an end, whatever the file says', () => {
    const head = headOf({ 'clip.vision.image_size': 1e9, 'clip.vision.patch_size': 1n, 'clip.vision.embedding_length': 1e9 })
    expect(readProjector(head, 'p').computeBytes).toBe(4 * 1024 * MIB)
  })
})
