import { describe, expect, it } from 'vitest'
import { largerContext, moreContexts, replyReserve } from './growth.ts'

describe('largerContext', () => {
  it.each([
    ['nothing where there is room', { contextTokens: 4096, neededTokens: 4096, limitTokens: 8192 }, undefined],
    ['twice the context for one token more', { contextTokens: 4096, neededTokens: 4097, limitTokens: 131_072 }, 8192],
    ['as many doublings as are needed at once', { contextTokens: 4096, neededTokens: 20_000, limitTokens: 131_072 }, 32_768],
    ['the limit where a doubling passes it', { contextTokens: 4096, neededTokens: 5000, limitTokens: 6000 }, 6000],
    ['the limit where even that is too little', { contextTokens: 4096, neededTokens: 9000, limitTokens: 8192 }, 8192],
    ['nothing at the limit', { contextTokens: 8192, neededTokens: 9000, limitTokens: 8192 }, undefined],
    ['nothing beyond the limit', { contextTokens: 8192, neededTokens: 9000, limitTokens: 4096 }, undefined],
  ])('is %s', (_, question, expected) => {
    expect(largerContext(question)).toBe(expected)
  })
})

describe('moreContexts', () => {
  it.each([
    ['as many as all need together, by a power of two', { contexts: 1, mostContexts: 8, contextTokens: 4096, neededTokens: 9000 }, 4],
    ['twice as many at least', { contexts: 2, mostContexts: 8, contextTokens: 4096, neededTokens: 100 }, 4],
    ['one for each sequence at most', { contexts: 2, mostContexts: 3, contextTokens: 4096, neededTokens: 90_000 }, 3],
    ['nothing where each sequence has one', { contexts: 3, mostContexts: 3, contextTokens: 4096, neededTokens: 90_000 }, undefined],
  ])('is %s', (_, question, expected) => {
    expect(moreContexts(question)).toBe(expected)
  })
})

describe('replyReserve', () => {
  it.each([
    [-1, 4096, 1024],
    [-1, 32_768, 1024],
    [-1, 128, 32],
    [0, 4096, 1],
    [100, 4096, 100],
    [100, 128, 32],
    [5000, 4096, 1024],
    [5000, 3, 1],
  ])('of a reply of at most %i tokens in a context of %i is %i', (maxTokens, contextTokens, expected) => {
    expect(replyReserve(maxTokens, contextTokens)).toBe(expected)
  })
})
