import { describe, expect, it } from 'vitest'
import { TENSOR } from './ggml.ts'
import { mirrorTensors } from './mirror.ts'

const BASE = 0x7000n
const SIZE = 336

/** Tensors at 0x100, 0x200, ...; each names its sources and what it is a view of. */
function memory(tensors: Record<number, { sources?: number[]; view?: number; data?: number }>) {
  return (address: bigint): ArrayBuffer => {
    const tensor = tensors[Number(address)]
    if (!tensor) throw new Error(`nothing is at ${address}`)
    const words = new BigUint64Array(44)
    words.fill(0xffn, TENSOR.nameBytes / 8)
    words[TENSOR.buffer] = 0x9999n
    words[TENSOR.data] = BigInt(tensor.data ?? 0)
    for (const [index, source] of (tensor.sources ?? []).entries()) words[TENSOR.sources + index] = BigInt(source)
    words[TENSOR.viewSource] = BigInt(tensor.view ?? 0)
    return words.buffer
  }
}

function mirror(nodes: number[], tensors: Parameters<typeof memory>[0]) {
  const { bytes, nodes: places } = mirrorTensors({ nodes: nodes.map(BigInt), read: memory(tensors) }, SIZE, () => BASE)
  const wordsAt = (place: number) => new BigUint64Array(bytes.buffer, place, SIZE / 8)
  return { bytes, places, wordsAt, follow: (pointer: bigint | undefined) => wordsAt(Number((pointer ?? 0n) - BASE)) }
}

describe('mirrorTensors', () => {
  it('keeps the order of the nodes and points at mirrored sources', () => {
    const { places, wordsAt, follow, bytes } = mirror([0x200, 0x300], {
      256: { data: 11 },
      512: { sources: [0x100], data: 12 },
      768: { sources: [0x200, 0x100], data: 13 },
    })
    expect(bytes.length).toBe(3 * SIZE)
    expect(places.map((place) => wordsAt(place)[TENSOR.data])).toEqual([12n, 13n])
    const last = wordsAt(places[1] as number)
    expect(follow(last[TENSOR.sources])[TENSOR.data]).toBe(12n)
    expect(follow(last[TENSOR.sources + 1])[TENSOR.data]).toBe(11n)
    expect(last[TENSOR.sources + 2]).toBe(0n)
  })

  it('takes along what a view is of', () => {
    const { places, wordsAt, follow } = mirror([0x200], { 256: { data: 7 }, 512: { sources: [0x100], view: 0x100, data: 8 } })
    expect(follow(wordsAt(places[0] as number)[TENSOR.viewSource])[TENSOR.data]).toBe(7n)
  })

  it('leaves out the buffer of the other library, and names', () => {
    const { wordsAt } = mirror([0x100], { 256: { data: 7 } })
    expect(wordsAt(0)[TENSOR.buffer]).toBe(0n)
    expect([...wordsAt(0).subarray(TENSOR.nameBytes / 8)].every((word) => word === 0n)).toBe(true)
  })

  it('mirrors a tensor once, however often it is used', () => {
    const { bytes } = mirror([0x200, 0x200], { 256: {}, 512: { sources: [0x100, 0x100] } })
    expect(bytes.length).toBe(2 * SIZE)
  })

  it('does not mind a graph of any depth', () => {
    const tensors = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [index + 1, { sources: index === 0 ? [] : [index] }]))
    expect(mirror([20_000], tensors).bytes.length).toBe(20_000 * SIZE)
  })
})
