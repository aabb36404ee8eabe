import { describe, expect, it } from 'vitest'
import { shortenFloat32 } from '../float32.ts'
import { firstNonEmpty, formatExpiry, formatLocal, formatUtc, omitEmpty } from './wire.ts'

describe('the wire', () => {
  it('leaves out what is empty', () => {
    expect(omitEmpty({ a: 0, b: '', c: false, d: undefined, e: [], f: null, g: 1, h: [0], i: 'x' })).toEqual({ g: 1, h: [0], i: 'x' })
  })

  it('writes times without trailing zeros', () => {
    expect(formatUtc(Date.UTC(2026, 10, 21, 8, 20, 36, 120))).toBe('2026-11-21T08:20:36.12Z')
    expect(formatUtc(Date.UTC(2026, 10, 21, 8, 20, 30))).toBe('2026-11-21T08:20:30Z')
  })

  it('writes local times that mean the same moment', () => {
    const ms = Date.UTC(2026, 5, 1, 23, 59, 59, 7)
    expect(Date.parse(formatLocal(ms))).toBe(ms)
    expect(formatLocal(ms)).toMatch(/\.007(Z|[+-]\d\d:\d\d)$/)
  })

  it('writes for ever as 292 years', () => {
    const now = Date.UTC(2026, 0, 1)
    const years = (Date.parse(formatExpiry(Number.POSITIVE_INFINITY, now)) - now) / (365.2425 * 86_400_000)
    expect(Math.round(years)).toBe(292)
    expect(Date.parse(formatExpiry(now + 5000, now))).toBe(now + 5000)
  })

  it('prefers the newer word of two', () => {
    expect([firstNonEmpty('a', 'b'), firstNonEmpty('', 'b'), firstNonEmpty(undefined, undefined)]).toEqual(['a', 'b', ''])
  })

  it('writes 32-bit numbers with the digits that they need', () => {
    const shown = (value: number) => JSON.stringify(shortenFloat32(Math.fround(value)))
    expect([0.1, -0.5, 1, 0, 1e-7, 0.333333343, 16777215].map(shown)).toEqual(['0.1', '-0.5', '1', '0', '1e-7', '0.33333334', '16777215'])
    for (let index = 0; index < 1000; index++) {
      const value = Math.fround(Math.sin(index) * 10 ** ((index % 12) - 6))
      expect(Math.fround(shortenFloat32(value))).toBe(value)
    }
  })
})
