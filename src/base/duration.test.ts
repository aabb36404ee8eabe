import { describe, expect, it } from 'vitest'
import { formatDurationNs, parseDurationNs } from './duration.ts'

describe('durations in Go syntax', () => {
  it.each([
    ['0', 0],
    ['300ms', 300e6],
    ['1h30m', 5400e9],
    ['-1m', -60e9],
    ['1.5s', 1.5e9],
    ['2h45m30.5s', 9930.5e9],
    ['7µs', 7000],
  ])('%s is %d ns', (text, ns) => expect(parseDurationNs(text)).toBe(ns))

  it.each([
    ['abc', 'time: invalid duration "abc"'],
    ['', 'time: invalid duration ""'],
    ['5', 'time: missing unit in duration "5"'],
    ['-1', 'time: missing unit in duration "-1"'],
    ['5x', 'time: unknown unit "x" in duration "5x"'],
  ])('%j is refused in the words of Go', (text, message) => expect(() => parseDurationNs(text)).toThrow(message))

  it.each([
    [0, '0s'],
    [1.5e9, '1.5s'],
    [150e9, '2m30s'],
    [3600e9, '1h0m0s'],
    [312.5e6, '312.5ms'],
    [999, '999ns'],
    [-60e9, '-1m0s'],
  ])('%d ns prints as %s', (ns, text) => expect(formatDurationNs(ns)).toBe(text))
})
