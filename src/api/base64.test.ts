import { describe, expect, it } from 'vitest'
import { decodeBase64 } from './base64.ts'

describe('base64', () => {
  it.each([
    ['', ''],
    ['aGVsbG8=', 'hello'],
    ['aGVsbG8h', 'hello!'],
    ['aA==', 'h'],
    ['aGVs\r\nbG8=\n', 'hello'],
    ['aA=\n=', 'h'],
  ])('%j is read', (text, expected) => {
    expect(Buffer.from(decodeBase64(text)).toString()).toBe(expected)
  })

  it.each([
    ['abc', 0],
    ['aGVsbG8', 4],
    ['aGVs-G8=', 4],
    ['aGVs_G8=', 4],
    ['aGVs bG8', 4],
    ['*', 0],
    ['a===', 1],
    ['=', 0],
    ['aA=', 3],
    ['aA=x', 2],
    ['aA=\nx', 3],
    ['aA==b', 4],
    ['aGVsbG8=aGVs', 8],
  ])('%j is refused at byte %i', (text, at) => {
    expect(() => decodeBase64(text)).toThrow(`illegal base64 data at input byte ${at}`)
  })

  it('takes an image of tens of megabytes', () => {
    const image = Buffer.alloc(30_000_000, 7)
    expect(decodeBase64(image.toString('base64')).length).toBe(image.length)
  })
})
