import { describe, expect, it } from 'vitest'
import { chooseSlot, type SlotState } from './slots.ts'

const count = (length: number, from = 0) => Array.from({ length }, (_, index) => from + index)

function slot(sequence: number, state: Partial<SlotState> = {}): SlotState {
  const tokens = state.tokens ?? []
  return { sequence, busy: false, tokens, pureLength: tokens.length, lastUsed: 0, ...state }
}

const choose = (slots: SlotState[], prompt: number[], canBranch = true) => chooseSlot(slots, prompt, { contextTokens: 2048, canBranch })

describe('chooseSlot', () => {
  it('takes the free slot with the longest common start', () => {
    const slots = [slot(0, { tokens: count(20) }), slot(1, { tokens: count(50) }), slot(2)]
    expect(choose(slots, count(60))).toEqual({ sequence: 1, prefixLength: 50 })
  })

  it('has none when all are busy', () => {
    expect(choose([slot(0, { busy: true })], count(3))).toBeUndefined()
  })

  it('leaves one token of a known prompt to be evaluated', () => {
    expect(choose([slot(0, { tokens: count(100) })], count(40))).toEqual({ sequence: 0, prefixLength: 39 })
  })

  it('spares the cache of others: the slot that was idle longest serves a new prompt', () => {
    const slots = [slot(0, { tokens: count(90, 1000), lastUsed: 5 }), slot(1, { tokens: count(90, 2000), lastUsed: 3 })]
    expect(choose(slots, count(10))?.sequence).toBe(1)
  })

  it('does not prefer a slot for a few common tokens', () => {
    const slots = [slot(0, { tokens: count(5), lastUsed: 5 }), slot(1)]
    expect(choose(slots, count(60))).toEqual({ sequence: 1, prefixLength: 0 })
  })

  it('prefers a slot for a few common tokens when the prompt is short', () => {
    const slots = [slot(0, { tokens: count(9), lastUsed: 5 }), slot(1)]
    expect(choose(slots, count(10))).toEqual({ sequence: 0, prefixLength: 9 })
  })

  it('stays beside busy slots, which are evaluated together with it', () => {
    const slots = [slot(0, { lastUsed: 1 }), slot(1), slot(2, { lastUsed: 9 }), slot(3, { busy: true })]
    expect(choose(slots, count(10))?.sequence).toBe(2)
  })

  it('copies a long prefix from a busy slot', () => {
    const slots = [slot(0, { busy: true, tokens: count(500) }), slot(1)]
    expect(choose(slots, count(400))).toEqual({ sequence: 1, prefixLength: 399, copyFrom: 0 })
  })

  it.each([
    { name: 'that is short', length: 31 },
    { name: 'that its own slot nearly has', length: 131, own: 100 },
  ])('does not copy a prefix $name', ({ length, own = 0 }) => {
    const slots = [slot(0, { busy: true, tokens: count(length) }), slot(1, { tokens: count(own) })]
    expect(choose(slots, count(400))).toEqual({ sequence: 1, prefixLength: own })
  })

  it('shares the beginning of a talk, which keeps its slot, where that costs nothing', () => {
    const slots = [slot(0, { tokens: count(100), lastUsed: 2 }), slot(1, { tokens: count(80, 900), lastUsed: 1 }), slot(2)]
    const limits = { contextTokens: 2048, canBranch: true, copiesAreFree: true }
    const other = [...count(36), ...count(20, 500)]
    expect(chooseSlot(slots, other, limits)).toEqual({ sequence: 2, prefixLength: 36, copyFrom: 0 })
    expect(chooseSlot(slots.slice(0, 2), other, limits)).toEqual({ sequence: 1, prefixLength: 36, copyFrom: 0 })
    expect(chooseSlot(slots, [...count(37), ...count(20, 500)], limits)).toEqual({ sequence: 0, prefixLength: 37 })
    expect(chooseSlot(slots.slice(0, 1), other, limits)).toEqual({ sequence: 0, prefixLength: 36 })
  })

  it('leaves the place beside a busy slot to the talk that is there where neighbours do not matter', () => {
    const slots = [slot(0, { busy: true, lastUsed: 3 }), slot(1, { tokens: count(50, 900), lastUsed: 2 }), slot(2)]
    const limits = { contextTokens: 2048, canBranch: true }
    expect(chooseSlot(slots, count(10), limits)?.sequence).toBe(1)
    expect(chooseSlot(slots, count(10), { ...limits, neighboursMatter: false })?.sequence).toBe(2)
  })

  it('does not copy where the memory cannot branch', () => {
    const slots = [slot(0, { busy: true, tokens: count(500) }), slot(1)]
    expect(choose(slots, count(400), false)).toEqual({ sequence: 1, prefixLength: 0 })
  })

  it('asks more of a copy of a large memory', () => {
    const slots = [slot(0, { busy: true, tokens: count(1000) }), slot(1)]
    expect(chooseSlot(slots, count(2000), { contextTokens: 128_000, canBranch: true })).toEqual({ sequence: 1, prefixLength: 0 })
  })

  it('takes no prefix from behind a context shift', () => {
    expect(choose([slot(0, { tokens: count(100), pureLength: 20 })], count(100))).toEqual({ sequence: 0, prefixLength: 20 })
  })
})
