import { describe, expect, it } from 'vitest'
import { likeliestOf, logprobsOf } from './logprobs.ts'

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

describe('the likeliest token', () => {
  it.each([
    ['first', [3, 1, 2], 0, 1],
    ['last', [1, 2, 3.5], 2, 1.5],
    ['in the midst', [-5, -1, -4], 1, 3],
    ['as likely as another', [1, 2, 2], 1, 0],
  ])('is told with its lead when it stands %s', (_, logits, token, lead) => {
    expect(likeliestOf(Float32Array.from(logits))).toEqual({ token, lead })
  })
})
