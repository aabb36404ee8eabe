import { describe, expect, it } from 'vitest'
import type { MediaRun } from './media.ts'
import { SequenceLayout, TEXT_LAYOUT, toSpan } from './sequence-layout.ts'

/** Ids 5 to 8 take two positions, ids 10 to 12 one each. */
const layout = new SequenceLayout([
  { from: 5, count: 4, positions: 2, reach: 0 },
  { from: 10, count: 3, positions: 3, reach: 2 },
])

const run = (parts: Partial<MediaRun>): MediaRun => ({
  ids: [-2, -3, -4, -5],
  positions: 4,
  bidirectional: false,
  embed: async () => new Float32Array(),
  ...parts,
})

describe('SequenceLayout', () => {
  it('leaves text where it is', () => {
    expect([TEXT_LAYOUT.positionAt(7), TEXT_LAYOUT.lastPosition(7), TEXT_LAYOUT.cut(7)]).toEqual([7, 6, 7])
    expect(TEXT_LAYOUT.textFrom(7)).toBe(Number.POSITIVE_INFINITY)
    expect(TEXT_LAYOUT.hasMedia).toBe(false)
  })

  it('moves what is behind a run that takes fewer positions than ids', () => {
    expect([0, 4, 5, 9, 10, 13, 20].map((place) => layout.positionAt(place))).toEqual([0, 4, 5, 7, 8, 11, 18])
  })

  it('counts on within a run whose ids have a position each', () => {
    expect([11, 12].map((place) => layout.positionAt(place))).toEqual([9, 10])
  })

  it('knows the highest position of what ends with a run', () => {
    expect([5, 9, 10, 11, 13, 14].map((length) => layout.lastPosition(length))).toEqual([4, 5, 7, 10, 10, 11])
  })

  it('cuts no run in two', () => {
    expect([4, 5, 6, 8, 9, 10, 12, 13].map((length) => layout.cut(length))).toEqual([4, 5, 5, 5, 9, 10, 10, 13])
  })

  it('tells how much text comes before the next run', () => {
    expect([0, 4, 5, 8, 9, 10, 12].map((place) => layout.textFrom(place))).toEqual([5, 1, 0, 0, 1, 0, 0])
    expect(layout.textFrom(13)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('toSpan', () => {
  it('reaches as far as the run has ids', () => {
    expect(toSpan(3, run({}))).toEqual({ from: 3, count: 4, positions: 4, reach: 3 })
  })

  it('reaches, with positions of several dimensions, as far as the first of them', () => {
    const rotaryPositions = (start: number) => Int32Array.from([0, 0, 1, 1, 0, 0, 9, 9, 0, 9, 0, 9, 0, 0, 0, 0], (at) => start + at)
    expect(toSpan(3, run({ positions: 2, rotaryPositions }))).toEqual({ from: 3, count: 4, positions: 2, reach: 1 })
  })
})
