import { describe, expect, it } from 'vitest'
import { CopyLuck, MOST_MATCHED_TOKENS } from './copy-luck.ts'

describe('the luck of copying', () => {
  it('is better the more tokens match, up to a limit', () => {
    const luck = new CopyLuck()
    const chances = [1, 2, 4, 8, 16].map((matched) => luck.chance(matched, 'no'))
    expect(new Set(chances).size).toBe(5)
    expect(chances).toEqual(chances.toSorted((a, b) => a - b))
    expect(luck.chance(MOST_MATCHED_TOKENS * 10, 'no')).toBe(luck.chance(MOST_MATCHED_TOKENS, 'no'))
  })

  it('is better for what was foretold rightly, and worse for what was foretold wrongly', () => {
    const luck = new CopyLuck()
    for (const matched of [1, 3, 16]) {
      expect(luck.chance(matched, 'rightly')).toBeGreaterThan(luck.chance(matched, 'no'))
      expect(luck.chance(matched, 'wrongly')).toBeLessThan(luck.chance(matched, 'no'))
    }
  })

  it('follows what became of such tokens, and of no others', () => {
    const luck = new CopyLuck()
    const others = () => [luck.chance(1, 'rightly'), luck.chance(16, 'rightly'), luck.chance(4, 'no')]
    const before = others()
    for (let round = 0; round < 30; round++) luck.learn(4, 'rightly', false)
    expect(luck.chance(4, 'rightly')).toBeLessThan(0.1)
    for (let round = 0; round < 30; round++) luck.learn(4, 'rightly', true)
    expect(luck.chance(5, 'rightly')).toBeGreaterThan(0.9)
    expect(others()).toEqual(before)
  })

  it('believes the first tokens most, and soon forgets how it was long ago', () => {
    const fresh = new CopyLuck()
    const first = fresh.chance(4, 'no')
    fresh.learn(4, 'no', false)
    const fall = first - fresh.chance(4, 'no')
    const old = new CopyLuck()
    for (let round = 0; round < 1000; round++) old.learn(4, 'no', true)
    const high = old.chance(4, 'no')
    old.learn(4, 'no', false)
    expect(high - old.chance(4, 'no')).toBeLessThan(fall)
    for (let round = 0; round < 20; round++) old.learn(4, 'no', false)
    expect(old.chance(4, 'no')).toBeLessThan(0.2)
  })

  it('is never certain', () => {
    const luck = new CopyLuck()
    for (let round = 0; round < 1000; round++) luck.learn(16, 'rightly', true)
    expect(luck.chance(16, 'rightly')).toBe(0.99)
  })
})
