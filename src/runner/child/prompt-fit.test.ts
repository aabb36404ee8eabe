import { describe, expect, it } from 'vitest'
import { fitPrompt, keptTokens } from './prompt-fit.ts'

const count = (length: number) => Array.from({ length }, (_, index) => index)

describe('fitPrompt', () => {
  it('leaves a prompt alone that leaves room for one token', () => {
    const tokens = count(63)
    expect(fitPrompt(tokens, { contextTokens: 64, keepTokens: 4, addsBos: false, truncate: true })).toEqual({ tokens, droppedTokens: 0 })
  })

  it('throws context_exceeded for a prompt as long as the context when it may not be cut', () => {
    expect(() => fitPrompt(count(64), { contextTokens: 64, keepTokens: 4, addsBos: false, truncate: false })).toThrowError(
      expect.objectContaining({ code: 'context_exceeded', details: { promptTokens: 64, contextTokens: 64 } }),
    )
  })

  it('keeps the start and drops the middle so that half of the rest is free', () => {
    const { tokens, droppedTokens } = fitPrompt(count(100), { contextTokens: 64, keepTokens: 4, addsBos: false, truncate: true })
    expect(tokens).toEqual([0, 1, 2, 3, ...count(100).slice(70)])
    expect(tokens).toHaveLength(64 - 30)
    expect(droppedTokens).toBe(66)
  })

  it('keeps one more where the vocabulary adds a BOS', () => {
    const { tokens } = fitPrompt(count(100), { contextTokens: 64, keepTokens: 4, addsBos: true, truncate: true })
    expect(tokens.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 70])
  })

  it('keeps as much as possible when everything is to be kept', () => {
    const { tokens, droppedTokens } = fitPrompt(count(100), { contextTokens: 64, keepTokens: -1, addsBos: false, truncate: true })
    expect(tokens).toEqual(count(63))
    expect(droppedTokens).toBe(37)
  })

  it('survives a context of two tokens', () => {
    const { tokens } = fitPrompt(count(10), { contextTokens: 2, keepTokens: 4, addsBos: true, truncate: true })
    expect(tokens).toEqual([0])
  })
})

describe('keptTokens', () => {
  it('never reaches the end of the context', () => {
    expect(keptTokens({ promptTokens: 10, contextTokens: 8, keepTokens: 100, addsBos: false })).toBe(7)
  })
})
