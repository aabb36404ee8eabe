import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createShortlist, MOST_COUNTED, MOST_SHORTLISTED, Shortlist } from './shortlist.ts'

const logitsOf = (...values: number[]) => Float32Array.from(values)
const idsOf = (list: Shortlist, logits: Float32Array) => [...(list.pick(logits) ?? [])]

/** As the engine looks for the most likely: whoever exceeds the least of those found takes its place, so that ties fall by the order of the looks. */
function findMostLikely(tokens: readonly number[], logitOf: (token: number) => number, count: number): number[] {
  const found = tokens.slice(0, count)
  for (const token of tokens.slice(count)) {
    let least = 0
    for (let at = 1; at < found.length; at++) if (logitOf(found[at] as number) <= logitOf(found[least] as number)) least = at
    if (logitOf(token) > logitOf(found[least] as number)) found[least] = token
  }
  return found
}

describe('a short list', () => {
  it('ends with the most likely token where one is asked for, the first of equals', () => {
    const list = new Shortlist({ count: 1, biased: [], windowTokens: 0 })
    expect(idsOf(list, logitsOf(1, 5, 2, 5, 0)).at(-1)).toBe(1)
    expect(idsOf(list, logitsOf(5, 5, 2, 5, 0)).at(-1)).toBe(0)
    expect(idsOf(list, logitsOf(-5, -5, -7, -4)).at(-1)).toBe(3)
  })

  it('gives a search the same tokens in the same places as the whole vocabulary, whatever becomes of those that are touched', () => {
    const tokens = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 90 })
    const touches = fc.uniqueArray(fc.tuple(fc.nat(89), fc.integer({ min: -9, max: 9 })), { maxLength: 12, selector: ([token]) => token })
    fc.assert(
      fc.property(tokens, fc.integer({ min: 1, max: 12 }), touches, (values, mostCounted, touched) => {
        const count = Math.min(mostCounted, values.length)
        const moved = new Map(touched.filter(([token]) => token < values.length))
        const logitOf = (token: number) => (values[token] as number) + (moved.get(token) ?? 0)
        const list = new Shortlist({ count, biased: [...moved.keys()], windowTokens: 0 })
        const picked = idsOf(list, Float32Array.from(values))
        expect(picked).toEqual([...new Set(picked)].sort((a, b) => a - b))
        expect(findMostLikely(picked, logitOf, count)).toEqual(findMostLikely([...values.keys()], logitOf, count))
      }),
    )
  })

  it('says the same when it is asked again, and something else for other logits', () => {
    const list = new Shortlist({ count: 2, biased: [], windowTokens: 0 })
    expect(idsOf(list, logitsOf(3, 2, 1))).toEqual([0, 1])
    expect(idsOf(list, logitsOf(3, 2, 1))).toEqual([0, 1])
    expect(idsOf(list, logitsOf(1, 2, 3))).toEqual([0, 1, 2])
  })

  it('leaves out what cannot be chosen', () => {
    const logits = new Float32Array(1000).fill(-1)
    logits[700] = 4
    expect(idsOf(new Shortlist({ count: 3, biased: [500], windowTokens: 0 }), logits)).toEqual([0, 1, 2, 500, 700])
  })

  it('holds the last tokens besides, which penalties may have moved, and forgets the older ones', () => {
    const list = new Shortlist({ count: 1, biased: [], windowTokens: 2 })
    for (const token of [4, 3, 3, 0]) list.see(token)
    expect(idsOf(list, logitsOf(9, 1, 2, 0, 8))).toEqual([0, 1, 2, 3, 4])
    expect(idsOf(list, logitsOf(9, 7, 2, 0, 6))).toEqual([0, 1, 3])
    list.see(2)
    expect(idsOf(list, logitsOf(9, 7, 2, 0, 6))).toEqual([0, 1, 2])
  })

  it('remembers a token as long as it stands in the window once, and one with a bias for ever', () => {
    const list = new Shortlist({ count: 1, biased: [2], windowTokens: 3 })
    const flat = new Float32Array(12)
    for (const token of [5, 2, 5]) list.see(token)
    expect(idsOf(list, flat)).toEqual([0, 2, 5])
    list.see(7)
    expect(idsOf(list, flat)).toEqual([0, 2, 5, 7])
    for (const token of [8, 8]) list.see(token)
    expect(idsOf(list, flat)).toEqual([0, 2, 7, 8])
  })

  it('is not there for logits that begin with what is no number, or infinite', () => {
    const list = new Shortlist({ count: 2, biased: [], windowTokens: 0 })
    expect(list.pick(logitsOf(1, Number.NaN, 3))).toBeUndefined()
    expect(list.pick(logitsOf(Number.POSITIVE_INFINITY, 1, 3))).toBeUndefined()
    expect(idsOf(list, logitsOf(Number.NEGATIVE_INFINITY, 1, Number.NaN, Number.POSITIVE_INFINITY))).toEqual([0, 1, 3])
  })

  it('is there as long as it is short', () => {
    const ascending = (length: number) => Float32Array.from({ length }, (_, token) => token)
    const list = new Shortlist({ count: 1, biased: [], windowTokens: 0 })
    expect(list.pick(ascending(MOST_SHORTLISTED))).toHaveLength(MOST_SHORTLISTED)
    expect(list.pick(ascending(MOST_SHORTLISTED + 1))).toBeUndefined()
  })

  it('is there as long as few tokens are touched', () => {
    const list = new Shortlist({ count: 1, biased: [], windowTokens: 2 * MOST_SHORTLISTED })
    const flat = new Float32Array(2 * MOST_SHORTLISTED)
    for (let token = 0; token < MOST_SHORTLISTED; token++) list.see(token)
    // The first that nothing touches is listed, too.
    expect(list.pick(flat)).toBeUndefined()
    expect(list.pick(flat.subarray(0, MOST_SHORTLISTED))).toHaveLength(MOST_SHORTLISTED)
    for (let token = 0; token < MOST_SHORTLISTED; token++) list.see(token + MOST_SHORTLISTED)
    expect(list.pick(flat)).toBeUndefined()
  })

  it('is made where the engine looks for as many in the same way, and biases are clear', () => {
    expect(createShortlist({ count: 0, biased: [], windowTokens: 0 })).toBeUndefined()
    expect(createShortlist({ count: MOST_COUNTED, biased: [4, 5], windowTokens: 100_000 })).toBeDefined()
    expect(createShortlist({ count: MOST_COUNTED + 1, biased: [], windowTokens: 0 })).toBeUndefined()
    expect(createShortlist({ count: 1, biased: [4, 5, 4], windowTokens: 0 })).toBeUndefined()
    const biased = Array.from({ length: MOST_SHORTLISTED }, (_, token) => token)
    expect(createShortlist({ count: 1, biased, windowTokens: 0 })).toBeDefined()
    expect(createShortlist({ count: 1, biased: [...biased, MOST_SHORTLISTED], windowTokens: 0 })).toBeUndefined()
  })
})
