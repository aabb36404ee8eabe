import { describe, expect, it } from 'vitest'
import { peek } from './peek.ts'

describe('peeking', () => {
  it('gives the first item early and everything later', async () => {
    const { first, all } = await peek(numbers([1, 2, 3]))
    expect(first).toBe(1)
    expect(await collect(all)).toEqual([1, 2, 3])
  })

  it('knows a source with nothing in it', async () => {
    const { first, all } = await peek(numbers([]))
    expect(first).toBeUndefined()
    expect(await collect(all)).toEqual([])
  })

  it('throws what the source throws first', async () => {
    async function* broken(): AsyncGenerator<number> {
      yield* []
      throw new Error('no')
    }
    await expect(peek(broken())).rejects.toThrow('no')
  })

  it('closes the source, also before anything else was read', async () => {
    let closed = 0
    for (const taken of [0, 1]) {
      const { all } = await peek(numbers([1, 2], () => closed++))
      for (let count = 0; count < taken; count++) await all.next()
      await all.return?.()
    }
    expect(closed).toBe(2)
  })
})

async function* numbers(values: number[], onClose: () => void = () => {}): AsyncGenerator<number> {
  try {
    yield* values
  } finally {
    onClose()
  }
}

async function collect(source: AsyncIterable<number>): Promise<number[]> {
  const items: number[] = []
  for await (const item of source) items.push(item)
  return items
}
