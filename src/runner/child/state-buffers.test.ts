import { describe, expect, it } from 'vitest'
import { StateBuffers } from './state-buffers.ts'

const MIB = 2 ** 20

describe('StateBuffers', () => {
  it('gives memory of just that size, with room to grow behind it', () => {
    const buffer = new StateBuffers(100 * MIB).take(10 * MIB)
    expect(buffer?.byteLength).toBe(10 * MIB)
    expect(buffer?.buffer.byteLength).toBe(13 * MIB)
  })

  it('uses again what was given back, for a longer state too', () => {
    const buffers = new StateBuffers(100 * MIB)
    const first = buffers.take(10 * MIB)
    if (first) buffers.give(first)
    const second = buffers.take(12 * MIB)
    expect(second?.byteLength).toBe(12 * MIB)
    expect(second?.buffer).toBe(first?.buffer)
    expect(buffers.take(10 * MIB)?.buffer).not.toBe(first?.buffer)
  })

  it('does not use a large one for a small state', () => {
    const buffers = new StateBuffers(100 * MIB)
    const large = buffers.take(50 * MIB)
    if (large) buffers.give(large)
    expect(buffers.take(MIB)?.buffer).not.toBe(large?.buffer)
    expect(buffers.take(40 * MIB)?.buffer).toBe(large?.buffer)
  })

  it('keeps the larger of two and nothing beyond its limit', () => {
    const buffers = new StateBuffers(20 * MIB)
    const [small, large, tooLarge] = [8, 12, 20].map((mebibytes) => buffers.take(mebibytes * MIB))
    for (const buffer of [large, small, tooLarge]) if (buffer) buffers.give(buffer)
    expect(buffers.take(8 * MIB)?.buffer).toBe(large?.buffer)
  })

  it('makes a spare one ready, once', async () => {
    const buffers = new StateBuffers(20 * MIB)
    await buffers.prepare(8 * MIB)
    const spare = buffers.take(8 * MIB)
    expect(spare?.[0]).toBe(1)
    if (spare) buffers.give(spare)
    await buffers.prepare(8 * MIB)
    expect(buffers.take(8 * MIB)?.buffer).toBe(spare?.buffer)
    await buffers.prepare(17 * MIB)
    expect(buffers.take(17 * MIB)?.[0]).toBe(0)
  })

  it('has nothing where there is no memory', () => {
    expect(new StateBuffers(0).take(2 ** 52)).toBeUndefined()
  })
})
