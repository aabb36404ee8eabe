import { describe, expect, it } from 'vitest'
import { formatGoNumber, quoteGo } from './go-text.ts'

describe('numbers as Go prints them', () => {
  it.each([
    [0, '0'],
    [7, '7'],
    [0.7, '0.7'],
    [131072, '131072'],
    [1048576, '1.048576e+06'],
    [1e6, '1e+06'],
    [1234567.5, '1.2345675e+06'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [-2.5, '-2.5'],
    [1e21, '1e+21'],
    [Number.POSITIVE_INFINITY, '+Inf'],
  ])('%d is %s', (value, text) => expect(formatGoNumber(value)).toBe(text))
})

describe('texts as Go quotes them', () => {
  it.each([
    ['<|im_end|>', '"<|im_end|>"'],
    ['a"b\\', '"a\\"b\\\\"'],
    ['\n\t\r', '"\\n\\t\\r"'],
    ['a\u00a0b\u200b\u0001é日😀', '"a\\u00a0b\\u200b\\x01é日😀"'],
  ])('%j is %s', (text, quoted) => expect(quoteGo(text)).toBe(quoted))
})
