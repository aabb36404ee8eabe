import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createShortlist, MOST_SHORTLISTED, Shortlist } from './shortlist.ts'

const logitsOf = (...values: number[]) => Float32Array.from(values)

/** What a chain that sees everything could choose from: the touched, and the most likely of the others, the first of equals. */
function allByHand(logits: Float32Array, count: number, touched: ReadonlySet<number>): number[] {
  const others = [...logits.keys()].filter((token) => !touched.has(token))
  others.sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b)
  return [...others.slice(0, count), ...touched].sort((a, b) => a - b)
}

describe('a short list', () => {
  it('holds the most likely token alone where one is asked for, the first of equals', () => {
    const list = new Shortlist({ count: 1, biased: [], windowTokens: 0 })
    expect([...list.pick(logitsOf(1, 5, 2, 5, 0))]).toEqual([1])
  })

  it('finds what a whole sort finds, whatever the length and the order', () => {
    const tokens = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 70 })
    fc.assert(
      fc.property(tokens, fc.integer({ min: 1, max: 12 }), fc.uniqueArray(fc.nat(69), { maxLength: 5 }), (values, count, touched) => {
        const logits = Float32Array.from(values)
        const biased = touched.filter((token) => token < values.length)
        const picked = [...new Shortlist({ count, biased, windowTokens: 0 }).pick(logits)]
        const chosen = (ids: readonly number[]) => ids.map((token) => logits[token] as number).sort((a, b) => b - a)
        const whole = allByHand(logits, count, new Set(biased))
        expect(chosen(picked)).toEqual(chosen(whole))
        expect(picked).toEqual([...new Set(picked)].sort((a, b) => a - b))
        expect(biased.every((token) => picked.includes(token))).toBe(true)
      }),
    )
  })

  it('says the same when it is asked again, and something else for other logits', () => {
    const list = new Shortlist({ count: 2, biased: [], windowTokens: 0 })
    expect([...list.pick(logitsOf(3, 2, 1))]).toEqual([0, 1])
    expect([...list.pick(logitsOf(3, 2, 1))]).toEqual([0, 1])
    expect([...list.pick(logitsOf(1, 2, 3))]).toEqual([1, 2])
  })

  it('holds the last tokens besides, which penalties may have moved, and forgets the older ones', () => {
    const list = new Shortlist({ count: 1, biased: [], windowTokens: 2 })
    for (const token of [4, 3, 3, 0]) list.see(token)
    expect([...list.pick(logitsOf(9, 1, 2, 0, 8))]).toEqual([0, 3, 4])
  })

  it('is there only where it is short', () => {
    expect(createShortlist({ count: 0, biased: [], windowTokens: 0 })).toBeUndefined()
    expect(createShortlist({ count: 1, biased: [], windowTokens: MOST_SHORTLISTED })).toBeUndefined()
    expect(createShortlist({ count: 1, biased: [], windowTokens: MOST_SHORTLISTED - 1 })).toBeDefined()
  })
})
