import { describe, expect, it } from 'vitest'
import { beyondLimits } from './shelf.ts'
import type { TalkHead } from './talk.ts'

const head = (changedMs: number, sizeCharacters = 10): TalkHead => ({
  id: String(changedMs),
  title: '',
  model: '',
  changedMs,
  sizeCharacters,
})
const idsOf = (heads: readonly TalkHead[]) => heads.map(({ id }) => id)

describe('talks beyond the limits', () => {
  it('are none at the limit', () => {
    expect(beyondLimits([head(1), head(2)], { maxTalks: 2, maxCharacters: 20 })).toEqual([])
  })

  it('are those that have not changed for longest', () => {
    expect(idsOf(beyondLimits([head(2), head(1), head(3)], { maxTalks: 2 }))).toEqual(['1'])
    expect(idsOf(beyondLimits([head(2), head(1), head(3)], { maxCharacters: 19 }))).toEqual(['2', '1'])
  })

  it('are never the one that has just changed', () => {
    expect(beyondLimits([head(1, 1000)], { maxTalks: 1, maxCharacters: 10 })).toEqual([])
  })
})
