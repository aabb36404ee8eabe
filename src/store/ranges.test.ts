import { describe, expect, it } from 'vitest'
import { RangeSet } from './ranges.ts'

function setOf(...ranges: [number, number][]): RangeSet {
  const set = new RangeSet()
  for (const [start, end] of ranges) set.add(start, end)
  return set
}

describe('a set of ranges', () => {
  it('knows the gaps, whatever the order in which ranges came', () => {
    expect(setOf([6, 8], [0, 2], [3, 4]).missing(10)).toEqual([
      { start: 2, end: 3 },
      { start: 4, end: 6 },
      { start: 8, end: 10 },
    ])
    expect(setOf().missing(5)).toEqual([{ start: 0, end: 5 }])
    expect(setOf([0, 5]).missing(5)).toEqual([])
    expect(setOf().missing(0)).toEqual([])
  })

  it('joins ranges that touch or overlap', () => {
    const set = setOf([0, 2], [4, 6], [2, 4], [5, 9])
    expect(set.missing(9)).toEqual([])
    expect(set.reach(0, 100)).toBe(9)
  })

  it('ignores an empty range', () => expect(setOf([3, 3]).missing(4)).toEqual([{ start: 0, end: 4 }]))

  it('reaches on from a place as far as there is no gap, and not beyond the end that was named', () => {
    const set = setOf([0, 5], [7, 9])
    expect([set.reach(0, 9), set.reach(2, 4), set.reach(5, 9), set.reach(6, 9), set.reach(7, 8)]).toEqual([5, 4, 5, 6, 8])
  })

  it('sees an overlap, but not where ranges only touch', () => {
    const set = setOf([2, 4])
    expect([set.overlaps(0, 2), set.overlaps(4, 5), set.overlaps(3, 5), set.overlaps(0, 9)]).toEqual([false, false, true, true])
  })
})
