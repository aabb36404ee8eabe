import { describe, expect, it } from 'vitest'
import { logprobsOf } from './logprobs.ts'

describe('logprobsOf', () => {
  it('is the softmax of the logits', () => {
    const { logprob, top } = logprobsOf(Float32Array.of(Math.log(1), Math.log(6), Math.log(3)), 2, 2)
    expect(logprob).toBeCloseTo(Math.log(0.3), 6)
    expect(top.map((entry) => entry.token)).toEqual([1, 2])
    expect(top[0]?.logprob).toBeCloseTo(Math.log(0.6), 6)
  })

  it('gives no alternatives when none are wanted', () => {
    expect(logprobsOf(Float32Array.of(1, 2), 0, 0).top).toEqual([])
  })

  it('gives no more than there are', () => {
    expect(logprobsOf(Float32Array.of(1, 2), 0, 20).top).toHaveLength(2)
  })

  it('survives logits that are far apart', () => {
    const { logprob, top } = logprobsOf(Float32Array.of(-1e9, 1000, Number.NEGATIVE_INFINITY), 1, 3)
    expect(logprob).toBeCloseTo(0)
    expect(top.map((entry) => entry.token)).toEqual([1, 0, 2])
  })
})
