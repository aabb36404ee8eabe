import { describe, expect, it } from 'vitest'
import { convertFloats, type FloatType } from './half-floats.ts'

function narrow(values: ArrayLike<number>, to: FloatType): number[] {
  const bytes = convertFloats(new Uint8Array(Float32Array.from(values).buffer), 'F32', { to })
  return Array.from(new Uint16Array(bytes.buffer, bytes.byteOffset, values.length))
}

function widen(halves: Uint16Array, from: FloatType): Float32Array {
  const bytes = convertFloats(new Uint8Array(halves.slice().buffer), from, { to: 'F32' })
  return new Float32Array(bytes.buffer, bytes.byteOffset, halves.length)
}

const every = Uint16Array.from({ length: 65_536 }, (_, bits) => bits)

describe('numbers of 16 bits', () => {
  it.each<FloatType>(['F16', 'BF16'])('come back as they were from 32 bits: %s', (type) => {
    const wide = widen(every, type)
    const back = narrow(wide, type)
    expect([...every].filter((bits) => !Number.isNaN(wide[bits]) && back[bits] !== bits)).toEqual([])
  })

  it('mean what IEEE 754 says', () => {
    const bits = Uint16Array.of(0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x7c00, 0xfc00)
    expect([...widen(bits, 'F16')]).toEqual([0, -0, 1, -2, 65_504, 2 ** -14, 1023 * 2 ** -24, 2 ** -24, Infinity, -Infinity])
    expect([...widen(Uint16Array.of(0x3f80, 0x7f80, 0x0001), 'BF16')]).toEqual([1, Infinity, 2 ** -133])
    expect(widen(Uint16Array.of(0x7c01, 0xfe00), 'F16').every(Number.isNaN)).toBe(true)
  })

  it('round to the nearest, ties to even', () => {
    const unit = 2 ** -10
    expect(narrow([1 + unit / 2, 1 + unit * 1.5, 1 + unit * 0.51, 1 + unit * 0.49], 'F16')).toEqual([0x3c00, 0x3c02, 0x3c01, 0x3c00])
    expect(narrow([65_519, 65_520, -65_520, 1e30], 'F16')).toEqual([0x7bff, 0x7c00, 0xfc00, 0x7c00])
    expect(narrow([2 ** -25, 2 ** -25 * 1.01, 3 * 2 ** -25, 1e-30], 'F16')).toEqual([0, 1, 2, 0])
    const coarse = 2 ** -7
    expect(narrow([1 + coarse / 2, 1 + coarse * 1.5, -1 - coarse * 0.51, 3.4e38], 'BF16')).toEqual([0x3f80, 0x3f82, 0xbf81, 0x7f80])
  })

  it('stay none where they are none', () => {
    const none = Uint32Array.of(0x7f800001, 0xffffffff)
    for (const to of ['F16', 'BF16'] as const) {
      const bytes = convertFloats(new Uint8Array(none.slice().buffer), 'F32', { to })
      expect(widen(new Uint16Array(bytes.buffer), to).every(Number.isNaN)).toBe(true)
    }
  })
})

it('adds in 32 bits before it rounds', () => {
  const bytes = convertFloats(new Uint8Array(Uint16Array.of(0x3f80).buffer), 'BF16', { to: 'F32', add: 1 })
  expect([...new Float32Array(bytes.buffer)]).toEqual([2])
  const same = convertFloats(new Uint8Array(Uint16Array.of(0x3f80).buffer), 'BF16', { to: 'BF16', add: 1 })
  expect([...new Uint16Array(same.buffer)]).toEqual([0x4000])
})

it('leaves bytes alone that are as they should be', () => {
  const bytes = new Uint8Array([1, 2, 3, 4])
  expect(convertFloats(bytes, 'F16', { to: 'F16' })).toBe(bytes)
})
