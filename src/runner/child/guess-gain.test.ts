import { describe, expect, it } from 'vitest'
import { bestCount, expectedTokens } from './guess-gain.ts'

const sure = (count: number, rate = 1) => Array.from({ length: count }, (_, index) => rate ** (index + 1))
const step = (of: (tokens: number) => number | undefined, parts = {}) => ({ costs: { of }, tokens: 1, gain: 1, guessNs: 0, ...parts })
const free = { guessNs: 0, anySize: true }
const linear = (tokens: number) => 100 + (tokens - 1) * 50

describe('the best number of guesses', () => {
  it('is all of them where steps cost the same, and none where tokens cost what they are worth', () => {
    expect(
      bestCount(
        step(() => 100),
        { ...free, chances: sure(15, 0.8) },
      ).count,
    ).toBe(15)
    expect(
      bestCount(
        step((tokens) => tokens * 100),
        { ...free, chances: sure(15) },
      ).count,
    ).toBe(0)
  })

  it('grows with their chances', () => {
    const counts = [0.3, 0.6, 0.8, 0.95].map((rate) => bestCount(step(linear), { ...free, chances: sure(15, rate) }).count)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(counts[0]).toBe(0)
    expect(counts.at(-1)).toBeGreaterThan(3)
  })

  it('is none for a gain that is hardly one', () => {
    const gains = (gain: number) =>
      bestCount(
        step((tokens) => (tokens === 1 ? 100 : 200 / gain)),
        { ...free, chances: [1] },
      ).count
    expect(gains(1.02)).toBe(0)
    expect(gains(1.04)).toBe(1)
  })

  it('finds the size that an engine likes', () => {
    const costs = (tokens: number) => (tokens === 8 ? 300 : tokens * 70)
    expect(bestCount(step(costs), { ...free, chances: sure(15, 0.9) }).count).toBe(7)
  })

  it('makes larger steps of fours, unless the guesses are few', () => {
    const tokens = (count: number, anySize = false) =>
      1 +
      bestCount(
        step(() => 100),
        { guessNs: 0, anySize, chances: sure(count) },
      ).count
    expect([0, 1, 2, 3, 4, 6, 7, 14, 15].map((count) => tokens(count))).toEqual([1, 2, 3, 4, 4, 4, 8, 12, 16])
    expect(tokens(4, true)).toBe(5)
  })

  it('counts what a guess costs to make', () => {
    expect(
      bestCount(
        step(() => 100),
        { chances: sure(4), guessNs: 10, anySize: true },
      ).count,
    ).toBe(4)
    expect(
      bestCount(
        step(() => 100),
        { chances: sure(4), guessNs: 100, anySize: true },
      ).count,
    ).toBe(0)
  })

  it('counts what the step has already', () => {
    const chances = [0.9]
    const costs = (tokens: number) => tokens * 10 + 40
    expect(bestCount(step(costs), { ...free, chances }).count).toBe(1)
    expect(bestCount(step(costs, { tokens: 8, gain: 8 }), { ...free, chances: [0.5] }).count).toBe(0)
    expect(bestCount(step(costs, { tokens: 8, gain: 8 }), { ...free, chances }).count).toBe(0)
  })

  it('is none as long as nothing is known of the costs, or nothing was guessed', () => {
    expect(
      bestCount(
        step(() => undefined),
        { ...free, chances: sure(4) },
      ),
    ).toEqual({ count: 0, pace: 0 })
    expect(
      bestCount(
        step(() => 100),
        { ...free, chances: [] },
      ),
    ).toEqual({ count: 0, pace: 0.01 })
  })

  it('tells how many tokens it expects', () => {
    expect(expectedTokens([0.9, 0.5, 0.2], 2)).toBeCloseTo(1.4)
    expect(expectedTokens([0.9], 0)).toBe(0)
  })
})
