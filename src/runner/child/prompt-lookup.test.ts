import { describe, expect, it } from 'vitest'
import { MAX_DRAFT_TOKENS, PromptLookup } from './prompt-lookup.ts'

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

describe('PromptLookup', () => {
  it('guesses what followed the same tokens before', () => {
    const tokens = [...range(10, 30), 1, 2, ...range(10, 14)]
    expect(new PromptLookup().propose(tokens, 14, 100)).toEqual([15, 16, 17, 18, 19])
  })

  it('guesses as much as has been copied already, up to a limit', () => {
    const copied = (count: number) => [...range(100, 200), 1, ...range(100, 100 + count - 1)]
    expect(new PromptLookup().propose(copied(6), 105, 100)).toHaveLength(6)
    expect(new PromptLookup().propose(copied(40), 139, 100)).toHaveLength(MAX_DRAFT_TOKENS)
    expect(new PromptLookup().propose(copied(40), 139, 5)).toEqual(range(140, 145))
  })

  it('guesses nothing where the same tokens never stood, where few of them do, or where there is little room', () => {
    expect(new PromptLookup().propose(range(0, 50), 50, 100)).toEqual([])
    expect(new PromptLookup().propose([...range(10, 30), 1, 10, 11], 12, 100)).toEqual([])
    expect(new PromptLookup().propose([...range(10, 30), 1, ...range(10, 14)], 14, 2)).toEqual([])
    expect(new PromptLookup().propose([], 1, 100)).toEqual([])
    expect(new PromptLookup().propose([1, 1], 1, 100)).toEqual([])
  })

  it('takes the latest of several places', () => {
    const tokens = [1, 2, 3, 4, 50, 51, 52, 53, 1, 2, 3, 4, 60, 61, 62, 63, 1, 2, 3]
    expect(new PromptLookup().propose(tokens, 4, 100)).toEqual([60, 61, 62, 63])
  })

  it('sees tokens that came since the last time', () => {
    const lookup = new PromptLookup()
    const tokens = range(10, 20)
    expect(lookup.propose(tokens, 20, 100)).toEqual([])
    tokens.push(...range(20, 30), ...range(18, 22))
    expect(lookup.propose(tokens, 22, 100)).toEqual([23, 24, 25, 26, 27])
  })

  it('begins anew when tokens went from the middle', () => {
    const lookup = new PromptLookup()
    const tokens = [...range(0, 100), ...range(50, 56)]
    expect(lookup.propose(tokens, 56, 100)).toEqual(range(57, 64))
    tokens.splice(0, 55)
    expect(lookup.propose(tokens, 56, 100)).toEqual([])
    tokens.push(...range(60, 65))
    expect(lookup.propose(tokens, 65, 100)).toEqual(range(66, 72))
  })

  it('wants a longer match after a wrong guess, and a shorter one after a right one', () => {
    const lookup = new PromptLookup()
    const tokens = [...range(10, 40), 1, ...range(10, 15)]
    expect(lookup.propose(tokens, 15, 100)).toHaveLength(6)
    lookup.learn(6, 1)
    expect(lookup.propose(tokens, 15, 100)).toEqual([])
    tokens.push(...range(15, 18))
    expect(lookup.propose(tokens, 18, 100)).toHaveLength(9)
    lookup.learn(9, 9)
    expect(lookup.propose([...tokens, 2, ...range(20, 23)], 23, 100)).toHaveLength(4)
  })

  it('falls silent where guesses are always wrong, but for a long copy', () => {
    const lookup = new PromptLookup()
    for (let round = 0; round < 10; round++) lookup.learn(5, 0)
    const copy = (count: number) => [...range(100, 300), 1, ...range(100, 100 + count - 1)]
    expect(lookup.propose(copy(63), 162, 100)).toEqual([])
    expect(lookup.propose(copy(64), 163, 100)).toHaveLength(MAX_DRAFT_TOKENS)
  })

  it('does not take tokens of the same hash for the same', () => {
    // (a·31 + b) is equal for both.
    const tokens = [7, 2, 31 + 5, 9, 70, 71, 72, 73, 7, 2, 3, 5]
    expect(new PromptLookup().propose(tokens, 9, 100)).toEqual([])
  })
})
