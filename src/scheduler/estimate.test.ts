import { describe, expect, it } from 'vitest'
import { FAKE_SPEC } from '../runner/testing/fake.ts'
import { estimateMemory } from './estimate.ts'
import { TEST_ARCHITECTURE } from './testing/targets.ts'

const target = { weightsBytes: 98_000_000, architecture: TEST_ARCHITECTURE }
const spec = { ...FAKE_SPEC, batchTokens: 512 }

describe('the estimate', () => {
  it('counts keys and values of each layer for each token, by the heads that hold them', () => {
    expect(estimateMemory(target, spec).kvCacheBytes).toBe(30 * 3 * (64 + 64) * 2 * 4096)
  })

  it('grows with the slots and shrinks with the type of the cache', () => {
    const one = estimateMemory(target, spec).kvCacheBytes
    expect(estimateMemory(target, { ...spec, parallel: 4 }).kvCacheBytes).toBe(4 * one)
    expect(estimateMemory(target, { ...spec, kvCacheType: 'q8_0' }).kvCacheBytes).toBe((one * 34) / 64)
  })

  it('counts a sliding window for half of the layers', () => {
    const windowed = { ...target, architecture: { ...TEST_ARCHITECTURE, slidingWindowTokens: 512 } }
    const full = estimateMemory(target, spec).kvCacheBytes
    expect(estimateMemory(windowed, spec).kvCacheBytes).toBe(full / 2 + (full / 2 / 4096) * 1024)
  })

  it('adds weights, cache and buffers up', () => {
    const { weightsBytes, kvCacheBytes, computeBytes, totalBytes } = estimateMemory(target, spec)
    expect(weightsBytes).toBe(98_000_000)
    expect(computeBytes).toBeGreaterThan(512 * 49_152 * 4)
    expect(totalBytes).toBeGreaterThan(weightsBytes + kvCacheBytes + computeBytes)
  })

  it('counts attention scores where flash attention is off', () => {
    const on = estimateMemory(target, spec).computeBytes
    expect(estimateMemory(target, { ...spec, flashAttention: 'off' }).computeBytes).toBe(on + 512 * 4096 * 9 * 4)
  })

  it('counts a draft model where it is loaded', () => {
    const drafted = { ...target, draft: { modelPath: 'd', weightsBytes: 50_000_000, architecture: TEST_ARCHITECTURE } }
    const plain = estimateMemory(target, spec)
    expect(estimateMemory(drafted, spec)).toEqual(plain)
    const both = estimateMemory(drafted, { ...spec, draft: { modelPath: 'd', mostTokens: 4 } })
    expect(both.weightsBytes).toBe(148_000_000)
    expect(both.kvCacheBytes).toBe(plain.kvCacheBytes * 2)
    expect(both.computeBytes).toBe(plain.computeBytes * 2)
    const unknown = { ...target, draft: { modelPath: 'd', weightsBytes: 50_000_000 } }
    expect(estimateMemory(unknown, { ...spec, draft: { modelPath: 'd', mostTokens: 4 } }).kvCacheBytes).toBe(plain.kvCacheBytes)
  })

  it('counts a projector, whose buffers are there beside the others', () => {
    const plain = estimateMemory(target, spec)
    const seeing = estimateMemory({ ...target, projector: { path: 'p', weightsBytes: 7_000, computeBytes: 900 } }, spec)
    expect(seeing.totalBytes - plain.totalBytes).toBe(7_900)
    expect(seeing.weightsBytes - plain.weightsBytes).toBe(7_000)
  })

  it('is a number even where the file says nothing about its layers', () => {
    const unknown = { ...TEST_ARCHITECTURE, blockCount: 0, headCount: 0, kvHeadCount: 0, keyLength: 0, valueLength: 0, embeddingLength: 0 }
    expect(estimateMemory({ ...target, architecture: unknown }, spec).totalBytes).toBeGreaterThan(98_000_000)
  })
})
