import { describe, expect, it } from 'vitest'
import { FAKE_SPEC } from '../runner/testing/fake.ts'
import { estimateMemory } from './estimate.ts'
import { decideGrowth } from './growth.ts'
import { TEST_ARCHITECTURE } from './testing/targets.ts'

const GIB = 2 ** 30
const target = { weightsBytes: 98_000_000, architecture: TEST_ARCHITECTURE }
const spec = { ...FAKE_SPEC, batchTokens: 512, parallel: 2 }
const question = { target, spec, contextTokens: 4096, wanted: { contextTokens: 8192, contexts: 2 }, promisedBytes: 0 }
const of = (freeBytes: number, rest = {}) => decideGrowth({ ...question, memory: { totalBytes: 16 * GIB, freeBytes }, ...rest })

describe('a growth', () => {
  it('needs the new caches and buffers and a copy of one sequence, and not the weights', () => {
    const oneToken = 30 * 3 * (64 + 64) * 2
    const { computeBytes } = estimateMemory(target, { ...spec, contextTokens: 8192 })
    expect(of(8 * GIB).neededBytes).toBe(oneToken * (8192 * 2 + 4096) + computeBytes)
  })

  it('of the slots needs the caches of all of them', () => {
    const oneToken = 30 * 3 * (64 + 64) * 2
    const { computeBytes } = estimateMemory(target, spec)
    const wanted = { contextTokens: 4096, contexts: 8 }
    expect(of(8 * GIB, { wanted, spec: { ...spec, parallel: 8, startContexts: 1 } }).neededBytes).toBe(
      oneToken * (4096 * 8 + 4096) + computeBytes,
    )
  })

  it('is granted to the byte of what is free beyond a sixteenth of all memory', () => {
    const enough = of(8 * GIB).neededBytes + GIB
    expect(of(enough).granted).toBe(true)
    expect(of(enough - 1).granted).toBe(false)
  })

  it('leaves what a load under way was promised', () => {
    const enough = of(8 * GIB).neededBytes + GIB
    expect(of(enough, { promisedBytes: 1 }).granted).toBe(false)
    expect(of(enough + 1, { promisedBytes: 1 }).granted).toBe(true)
  })

  it('counts the memory of a device only where the model may use it', () => {
    const memory = { totalBytes: 16 * GIB, freeBytes: GIB, freeVramBytes: 8 * GIB }
    expect(of(0, { memory }).granted).toBe(true)
    expect(of(0, { memory, spec: { ...spec, gpuLayers: 0 } }).granted).toBe(false)
  })
})
