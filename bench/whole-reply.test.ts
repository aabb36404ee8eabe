import { describe, expect, it } from 'vitest'
import { requireWhole, ShortReplyError, untilWhole } from './whole-reply.ts'

const server = { name: 'Some server' }

describe('requireWhole', () => {
  it('takes replies that have all of their tokens', () => {
    expect(() => requireWhole(server, [{ evalTokens: 64 }, { evalTokens: 65 }], 64)).not.toThrow()
  })

  it('names the server whose reply ended early, and when', () => {
    expect(() => requireWhole(server, [{ evalTokens: 64 }, { evalTokens: 63 }], 64)).toThrow(
      'Some server: a reply ended after 63 of 64 tokens',
    )
  })
})

describe('untilWhole', () => {
  it('runs once where nothing ends early', async () => {
    expect(await untilWhole(5, async (seed) => seed)).toEqual({ result: 5, again: 0 })
  })

  it('asks again with other seeds, no two of them the same', async () => {
    const seeds: number[] = []
    const run = async (seed: number) => {
      seeds.push(seed)
      requireWhole(server, [{ evalTokens: seeds.length }], 3)
      return seed
    }
    expect(await untilWhole(5, run)).toEqual({ result: seeds[2], again: 2 })
    expect(new Set(seeds).size).toBe(3)
  })

  it('fails when replies end early whatever the seed', async () => {
    let runs = 0
    const run = async () => {
      runs++
      requireWhole(server, [{ evalTokens: 1 }], 64)
    }
    await expect(untilWhole(5, run)).rejects.toBeInstanceOf(ShortReplyError)
    expect(runs).toBe(4)
  })

  it('passes on what else goes wrong, at once', async () => {
    let runs = 0
    const run = async () => {
      runs++
      throw new Error('refused')
    }
    await expect(untilWhole(5, run)).rejects.toThrow('refused')
    expect(runs).toBe(1)
  })
})
