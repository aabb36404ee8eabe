import { describe, expect, it } from 'vitest'
import { afterBytes, BETWEEN_CHARACTERS, type Utf8State } from './utf8-state.ts'

const read = (...bytes: number[]): Utf8State | undefined => afterBytes(BETWEEN_CHARACTERS, Uint8Array.from(bytes))

describe('bytes as UTF-8', () => {
  it('are whole characters, wherever they are cut', () => {
    const bytes = new TextEncoder().encode('a\u007fé߿ࠀ\ud7ff\ue000\uffff😀\u{10ffff}')
    for (let cut = 0; cut <= bytes.length; cut++) {
      const state = afterBytes(BETWEEN_CHARACTERS, bytes.subarray(0, cut))
      expect(state && afterBytes(state, bytes.subarray(cut))).toEqual(BETWEEN_CHARACTERS)
    }
  })

  it('say how many are missing', () => {
    expect([read(0xc3), read(0xe2, 0x82), read(0xf0)].map((state) => state?.missing)).toEqual([1, 1, 3])
  })

  it.each([
    ['that go on from nothing', [0x80]],
    ['overlong in two', [0xc1, 0x81]],
    ['overlong in three', [0xe0, 0x82, 0x80]],
    ['overlong in four', [0xf0, 0x8f, 0xbf, 0xbf]],
    ['of half a surrogate pair', [0xed, 0xa0, 0x80]],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['of a first byte that no character has', [0xf5]],
    ['that break off', [0xe2, 0x82, 0x41]],
  ])('cannot be those %s', (_, bytes) => {
    expect(read(...bytes)).toBeUndefined()
  })

  it('is what Node reads without a replacement', () => {
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        const isWhole = read(first, second)?.missing === 0
        expect(isWhole).toBe(!Buffer.from([first, second]).toString('utf8').includes('\ufffd'))
      }
    }
  })
})
