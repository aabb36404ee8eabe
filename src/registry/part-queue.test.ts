import { describe, expect, it } from 'vitest'
import { type Part, PartQueue } from './part-queue.ts'

async function drainAll(queue: PartQueue): Promise<Part[]> {
  const parts: Part[] = []
  await queue.drain(async (part) => {
    parts.push(part)
  })
  return parts
}

describe('the queue of parts', () => {
  it('covers what is missing, exactly and in order', async () => {
    const missing = [
      { start: 5, end: 12 },
      { start: 20, end: 21 },
    ]
    expect(await drainAll(new PartQueue(missing, 100, 3))).toEqual([
      { start: 5, end: 8 },
      { start: 8, end: 11 },
      { start: 11, end: 12 },
      { start: 20, end: 21 },
    ])
  })

  it('is empty where nothing is missing', () => {
    expect(new PartQueue([], 100).length).toBe(0)
  })

  it('asks for between 1 MiB and 32 MiB at once', async () => {
    const [small] = await drainAll(new PartQueue([{ start: 0, end: 50e6 }], 50e6))
    expect(small).toEqual({ start: 0, end: 1024 * 1024 })
    const huge = 100e9
    const [large] = await drainAll(new PartQueue([{ start: 0, end: huge }], huge))
    expect(large).toEqual({ start: 0, end: 32 * 1024 * 1024 })
  })

  it("spreads connections over the store's parts, and never crosses their borders", async () => {
    const sizeBytes = 400e6
    const queue = new PartQueue([{ start: 0, end: sizeBytes }], sizeBytes, 30e6)
    const taken: Part[] = []
    const open: (() => void)[] = []
    const workers = [1, 2, 3, 4].map(() =>
      queue.drain((part) => {
        taken.push(part)
        return new Promise((resolve) => open.push(resolve))
      }),
    )
    expect(taken.map((part) => Math.floor(part.start / 100e6)).sort()).toEqual([0, 1, 2, 3])
    while (open.length > 0) {
      open.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(workers)
    expect(taken.every(({ start, end }) => Math.floor(start / 100e6) === Math.floor((end - 1) / 100e6))).toBe(true)
    expect(taken.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(sizeBytes)
  })
})
