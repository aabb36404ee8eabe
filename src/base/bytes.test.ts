import { describe, expect, it } from 'vitest'
import { formatBytes, toFixedEven } from './bytes.ts'

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
