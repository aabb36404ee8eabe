import { describe, expect, it } from 'vitest'
import { MAX_READ_TOKENS, PromptLookup } from './prompt-lookup.ts'

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)
const tokensOf = (tokens: readonly number[], next: number, room = 100) => new PromptLookup().propose(tokens, next, room).tokens

/** Says the tokens behind the prompt one by one; what was proposed at each. */
function follow(lookup: PromptLookup, prompt: readonly number[], reply: readonly number[], room = 8) {
  const tokens = [...prompt]
  return reply.map((next) => {
    const proposed = lookup.propose(tokens, next, room)
    tokens.push(next)
    return proposed
  })
}

describe('PromptLookup', () => {
  it('proposes what followed the same tokens before', () => {
    expect(tokensOf([...range(10, 30), 1, 2, ...range(10, 14)], 14, 5)).toEqual([15, 16, 17, 18, 19])
    expect(tokensOf([...range(10, 30), 1, 2, ...range(10, 14)], 14, 2)).toEqual([15, 16])
  })

  it('proposes nothing where the last token never stood, or where there is no room', () => {
    expect(tokensOf(range(0, 50), 50)).toEqual([])
    expect(tokensOf([], 1)).toEqual([])
    expect(tokensOf([1, 2, 1], 2, 0)).toEqual([])
  })

  it('says of each token how likely it and all before it are, and stops where that is little', () => {
    const { tokens, chances } = new PromptLookup().propose([...range(100, 200), 1, ...range(100, 105)], 105, 100)
    expect(tokens.length).toBe(chances.length)
    expect(chances).toEqual(chances.toSorted((a, b) => b - a))
    expect(chances.at(-1)).toBeGreaterThanOrEqual(0.1)
    expect(tokensOf([...range(100, 200), 1], 100)).toHaveLength(1)
  })

  it('trusts a long match more than a short one', () => {
    const first = (count: number) =>
      new PromptLookup().propose([...range(100, 200), 1, ...range(100, 99 + count)], 99 + count, 9).chances[0] as number
    expect([1, 2, 4, 8, 16].map(first)).toEqual([1, 2, 4, 8, 16].map(first).toSorted((a, b) => a - b))
    expect(first(16)).toBeGreaterThan(2 * first(1))
  })

  it('takes the place with more tokens in common before the latest one, and of equal ones the latest', () => {
    expect(tokensOf([1, 2, 3, 4, 50, 9, 8, 7, 4, 60, 1, 2, 3], 4, 1)).toEqual([50])
    expect(tokensOf([1, 2, 3, 4, 50, 51, 1, 2, 3, 4, 60, 61, 1, 2, 3], 4, 2)).toEqual([60, 61])
  })

  it('goes on at the place that was right', () => {
    const lookup = new PromptLookup()
    const prompt = [1, 2, 3, 4, 5, 6, 90, 4, 5, 70, 91, 1, 2]
    expect(follow(lookup, prompt, [3, 4, 5], 1).map(({ tokens }) => tokens)).toEqual([[4], [5], [6]])
  })

  it('goes on with a text that repeats itself beyond its end', () => {
    const { tokens } = new PromptLookup().propose([...range(0, 40), 7, 8, 9, 7, 8, 9, 7, 8, 9, 7], 8, 7)
    expect(tokens).toEqual([9, 7, 8, 9, 7, 8, 9])
    expect(tokensOf([5, 6, 6, 6, 6, 6, 6], 6, 4)).toEqual([6, 6, 6, 6])
  })

  it('learns from what was said, though nothing was guessed', () => {
    const lookup = new PromptLookup()
    const prompt = [...range(100, 140), 1]
    const before = new PromptLookup().propose([...prompt, 100], 101, 1).chances[0] as number
    follow(lookup, prompt, [...range(100, 110), 2, ...range(110, 120), 3, ...range(120, 130), 4])
    const after = lookup.propose([...prompt, ...range(100, 110), 2, ...range(110, 120), 3, ...range(120, 130), 4, 130], 131, 1)
    expect(after.tokens).toEqual([132])
    expect(after.chances[0]).toBeGreaterThan(before)
  })

  it('soon expects nothing where a reply copies nothing, though it has the tokens of the prompt', () => {
    const lookup = new PromptLookup()
    let state = 1
    const letter = () => {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9
      return (state >>> 8) % 20
    }
    const scattered = () => Array.from({ length: 200 }, letter)
    const chances = follow(lookup, scattered(), scattered()).map((proposed) => proposed.chances[0] ?? 0)
    expect(chances.slice(100).reduce((sum, chance) => sum + chance, 0) / 100).toBeLessThan(0.2)
  })

  it('tells the fixed pieces of a list from what they enclose', () => {
    const lookup = new PromptLookup()
    const items = Array.from({ length: 12 }, (_, index) => [1, 2, 3, 1000 + index * 7, 4, 5, 6])
    const proposed = follow(lookup, [0], items.flat(), 4).slice(-7)
    const chances = proposed.map((each) => each.chances[0] ?? 0)
    // Behind 3 comes what is never the same; behind 1, 2 and what is enclosed, the rest.
    expect(chances[2]).toBeLessThan(0.3)
    for (const index of [0, 1, 4, 5]) expect(chances[index]).toBeGreaterThan(0.7)
  })

  it('does not take what stood in the prompt for evidence of the reply', () => {
    const copies = Array.from({ length: 20 }, () => range(50, 60)).flat()
    const [chance] = new PromptLookup().propose([...copies, 1], 50, 1).chances
    const [alone] = new PromptLookup().propose([...range(50, 60), ...range(50, 60), 1], 50, 1).chances
    expect(chance).toBe(alone)
  })

  it('reads a long text in pieces, and proposes nothing before it has read it', () => {
    const lookup = new PromptLookup()
    const tokens = [...range(0, 2 * MAX_READ_TOKENS), ...range(100, 140)]
    expect(lookup.propose(tokens, 140, 3).tokens).toEqual([])
    expect(lookup.propose(tokens, 140, 3).tokens).toEqual([])
    expect(lookup.propose(tokens, 140, 3).tokens).toEqual([141, 142, 143])
  })

  it('begins anew when tokens went from the middle', () => {
    const lookup = new PromptLookup()
    const tokens = [...range(0, 100), ...range(50, 56)]
    expect(lookup.propose(tokens, 56, 1).tokens).toEqual([57])
    tokens.splice(0, 55)
    expect(lookup.propose(tokens, 57, 1).tokens).toEqual([58])
    tokens.splice(5, 40)
    expect(lookup.propose(tokens, 98, 1).tokens).toEqual([])
    expect(lookup.propose([...tokens, 98], 51, 1).tokens).toEqual([52])
  })

  it('does not take tokens of the same hash for the same', () => {
    // The hash of four tokens is a sum with these factors: one more of the first is taken back by the others.
    const factor = 1_000_003
    const tokens = [5, 7, factor, 9, 70, 71, 5, 8, 0]
    expect(tokensOf(tokens, 9, 1)).toEqual([70])
    const { chances } = new PromptLookup().propose(tokens, 9, 1)
    expect(chances[0]).toBe(new PromptLookup().propose([9, 70, 8], 9, 1).chances[0])
  })
})
