import { describe, expect, it } from 'vitest'
import type { MediaRun } from './media.ts'
import { fitParts, fitPrompt, keptTokens } from './prompt-fit.ts'

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

describe('fitParts', () => {
  const run = (id: number, length: number): MediaRun => ({
    ids: Array.from({ length }, () => id),
    positions: length,
    bidirectional: true,
    embed: async () => new Float32Array(),
  })
  const words = (length: number, from = 0) => Array.from({ length }, (_, index) => from + index)
  const options = { contextTokens: 20, keepTokens: 2, addsBos: false, truncate: true }

  it('leaves alone what fits', () => {
    const parts = [words(5), run(-2, 14)]
    expect(fitParts(parts, options)).toEqual({ parts, droppedTokens: 0 })
  })

  it('keeps an image whole and cuts the text around it', () => {
    const image = run(-2, 8)
    const { parts, droppedTokens } = fitParts([words(4), image, words(12, 4)], options)
    expect(parts).toEqual([[0, 1], image, [11, 12, 13, 14, 15]])
    expect(droppedTokens).toBe(9)
  })

  it('leaves out the oldest images where all of them have no room', () => {
    const [first, second] = [run(-2, 12), run(-3, 12)]
    const { parts, droppedTokens } = fitParts([[1], first, [2], second, [3]], options)
    expect(parts).toEqual([[1], [2], second, [3]])
    expect(droppedTokens).toBe(12)
  })

  it('leaves one token of the context for the reply', () => {
    const image = run(-2, 19)
    const { parts } = fitParts([[1, 2], image, [3]], options)
    expect(parts).toEqual([[], image, []])
  })

  it('refuses a prompt whose last image is too long', () => {
    expect(() => fitParts([[1], run(-2, 4), run(-3, 20)], options)).toThrow(expect.objectContaining({ code: 'context_exceeded' }))
  })

  it('refuses a prompt that may not be cut, and counts its images', () => {
    expect(() => fitParts([words(6), run(-2, 14)], { ...options, truncate: false })).toThrow(
      expect.objectContaining({ code: 'context_exceeded', details: { promptTokens: 20, contextTokens: 20 } }),
    )
  })
})
