import { describe, expect, it } from 'vitest'
import { formatAgo, formatAmount, formatBytes, formatCount, formatDuration, formatPercent, formatUntil } from './format.ts'

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KB'],
    [9_940, '9.9 KB'],
    [98_300_000, '98 MB'],
    [999_600_000, '1.0 GB'],
    [4_700_000_000, '4.7 GB'],
    [2e15, '2000 TB'],
    [-5, '0 B'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })
})

describe('counts', () => {
  it('have commas, and words of their number', () => {
    expect(formatCount(1234567)).toBe('1,234,567')
    expect(formatAmount(1, 'token')).toBe('1 token')
    expect(formatAmount(0, 'token')).toBe('0 tokens')
  })

  it('are shares that reach 100 at the end only', () => {
    expect(formatPercent(999, 1000)).toBe('99 %')
    expect(formatPercent(1000, 1000)).toBe('100 %')
    expect(formatPercent(5, 0)).toBe('')
  })
})

describe('times', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1500, '1.5 s'],
    [59_960, '1 min 0 s'],
    [61_000, '1 min 1 s'],
    [3_725_000, '1 h 2 min'],
  ])('%d ms are %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  const now = Date.UTC(2026, 10, 22)
  it.each([
    [1000, 'just now'],
    [60_000, '1 minute ago'],
    [7_200_000, '2 hours ago'],
    [3 * 86_400_000, '3 days ago'],
    [40 * 86_400_000, '2026-10-13'],
  ])('%d ms back is %s', (ago, text) => {
    expect(formatAgo(now - ago, now)).toBe(text)
  })

  it('tell until when a model stays', () => {
    expect(formatUntil(now + 90_000, now)).toBe('for 1 min 30 s')
    expect(formatUntil(now - 1, now)).toBe('unloading')
    expect(formatUntil(Date.parse('2318-01-01T00:00:00Z'), now)).toBe('for ever')
    expect(formatUntil(Date.parse('nonsense'), now)).toBe('unknown')
  })
})
