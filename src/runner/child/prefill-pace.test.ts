import { describe, expect, it } from 'vitest'
import { PrefillPace } from './prefill-pace.ts'

/** After steps at that speed. */
function paceOf(tokenMs: number, decodeMs: number): PrefillPace {
  const pace = new PrefillPace(512)
  for (let step = 0; step < 20; step++) {
    pace.record({ prefillTokens: 0, decodingTokens: 1, durationNs: decodeMs * 1e6 })
    pace.record({ prefillTokens: 32, decodingTokens: 0, durationNs: 32 * tokenMs * 1e6 })
  }
  return pace
}

describe('PrefillPace', () => {
  it('begins with a middling chunk alone and a small one beside others', () => {
    expect(new PrefillPace(512).budget(0, 1)).toBe(128)
    expect(new PrefillPace(512).budget(1, 1)).toBe(16)
  })

  it('takes a power of two within a second or two when nobody waits', () => {
    expect(paceOf(60, 7).budget(0, 1)).toBe(16)
    expect(paceOf(7, 7).budget(0, 1)).toBe(128)
    expect(paceOf(2.5, 7).budget(0, 1)).toBe(512)
    expect(paceOf(0.5, 7).budget(0, 1)).toBe(512)
  })

  it('takes a few decode steps when somebody waits', () => {
    expect(paceOf(2.5, 20).budget(1, 1)).toBe(24)
  })

  it('takes no less than 40 ms beside fast decoding, for each prompt up to four', () => {
    expect(paceOf(2.5, 2).budget(1, 1)).toBe(16)
    expect(paceOf(2.5, 2).budget(1, 3)).toBe(48)
    expect(paceOf(2.5, 2).budget(1, 8)).toBe(64)
  })

  it('knows that a step of many streams costs more than one of few', () => {
    const pace = paceOf(2.5, 10)
    for (let step = 0; step < 20; step++) pace.record({ prefillTokens: 0, decodingTokens: 4, durationNs: 30e6 })
    expect(pace.budget(1, 1)).toBe(16)
    expect(pace.budget(2, 1)).toBe(24)
    expect(pace.budget(4, 1)).toBe(36)
    expect(pace.budget(8, 1)).toBe(72)
  })

  it('is not misled by small chunks beside many streams that were never measured', () => {
    const pace = new PrefillPace(512)
    for (let step = 0; step < 20; step++) pace.record({ prefillTokens: 32, decodingTokens: 0, durationNs: 80e6 })
    for (let step = 0; step < 5; step++) pace.record({ prefillTokens: 4, decodingTokens: 4, durationNs: 29e6 })
    expect(pace.budget(4, 1)).toBeGreaterThanOrEqual(8)
  })

  it('goes on however slow the model is', () => {
    expect(paceOf(500, 600).budget(1, 1)).toBe(4)
  })

  it('never fills more than the batch', () => {
    expect(paceOf(0.01, 1).budget(0, 1)).toBe(512)
    expect(paceOf(0.01, 1).budget(510, 1)).toBe(2)
    expect(paceOf(0.01, 1).budget(512, 1)).toBe(0)
  })

  it('does not count the decoding beside it as prefill', () => {
    const pace = paceOf(2.5, 20)
    for (let step = 0; step < 20; step++) pace.record({ prefillTokens: 24, decodingTokens: 1, durationNs: (20 + 24 * 2.5) * 1e6 })
    expect(pace.budget(1, 1)).toBe(24)
  })
})
