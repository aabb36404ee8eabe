import { describe, expect, it } from 'vitest'
import { formatBytes, parseBytes, toFixedEven } from './bytes.ts'

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 KB'],
    [1250, '1.2 KB'],
    [1500, '1.5 KB'],
    [9999, '10.0 KB'],
    [10_999, '10 KB'],
    [999_999, '999 KB'],
    [4_661_224_676, '4.7 GB'],
    [13_999_999_999, '13 GB'],
    [1_234_567_890_123, '1.2 TB'],
    [1_999_999_999_999, '2.0 TB'],
  ])('prints %d as %s', (size, text) => expect(formatBytes(size)).toBe(text))
})

describe('parseBytes', () => {
  it.each([
    ['0', 0],
    ['1500', 1500],
    ['1500B', 1500],
    ['500k', 500_000],
    ['1.5M', 1_500_000],
    ['.5 mb', 500_000],
    ['2G', 2e9],
    ['1TB', 1e12],
    ['1KiB', 1024],
    ['1.5MiB', 1_572_864],
  ])('reads %s as %d', (text, size) => expect(parseBytes(text)).toBe(size))

  it.each(['', 'k', '-1', '1e3', '1 2', '1ki', '1iB', '1X', '1MBps', '999999999999999T', '١'])('finds no size in %j', (text) =>
    expect(parseBytes(text)).toBeUndefined(),
  )
})

describe('toFixedEven', () => {
  it.each([
    [0.5, 0, '0'],
    [1.5, 0, '2'],
    [2.5, 0, '2'],
    [2.85, 1, '2.9'],
    [1.25, 1, '1.2'],
    [1.75, 1, '1.8'],
    [134.515008, 2, '134.52'],
  ])('prints %d with %d decimals as %s', (value, decimals, text) => expect(toFixedEven(value, decimals)).toBe(text))
})
