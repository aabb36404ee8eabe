import { describe, expect, it } from 'vitest'
import { BoundedQueue } from './bounded-queue.ts'

describe('a bounded queue', () => {
  it('gives the items in order and ends', async () => {
    const queue = new BoundedQueue<number>(2)
    queue.offer(1)
    queue.offer(2)
    queue.end()
    const items: number[] = []
    for await (const item of queue) items.push(item)
    expect(items).toEqual([1, 2])
  })

  it('says when it is full and holds the producer until there is room', async () => {
    const queue = new BoundedQueue<number>(1)
    let released = false
    const pushed = queue.push(1).then(() => {
      released = true
    })
    await Promise.resolve()
    expect(released).toBe(false)
    const iterator = queue[Symbol.asyncIterator]()
    expect((await iterator.next()).value).toBe(1)
    await pushed
    expect(released).toBe(true)
  })

  it('gives what is there before it fails', async () => {
    const queue = new BoundedQueue<number>(4)
    queue.offer(1)
    queue.fail(new Error('broken'))
    const iterator = queue[Symbol.asyncIterator]()
    expect((await iterator.next()).value).toBe(1)
    await expect(iterator.next()).rejects.toThrow('broken')
  })

  it('lets the producer go when the consumer leaves early', async () => {
    const queue = new BoundedQueue<number>(1)
    const pushed = queue.push(1)
    for await (const _ of queue) break
    await pushed
    expect(queue.offer(2)).toBe(false)
  })

  it('tells its error once and is at its end then', async () => {
    const queue = new BoundedQueue<number>(2)
    queue.offer(1)
    queue.fail(new Error('broken'))
    const iterator = queue[Symbol.asyncIterator]()
    expect(await iterator.next()).toEqual({ done: false, value: 1 })
    await expect(iterator.next()).rejects.toThrow('broken')
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  it('wakes a consumer that waits, for an item and for the end', async () => {
    const queue = new BoundedQueue<number>(2)
    const iterator = queue[Symbol.asyncIterator]()
    const first = iterator.next()
    queue.offer(1)
    expect(await first).toEqual({ done: false, value: 1 })
    const last = iterator.next()
    queue.end()
    expect(await last).toEqual({ done: true, value: undefined })
  })

  it('keeps nothing for a consumer that has left', async () => {
    const queue = new BoundedQueue<number>(4)
    for (const item of [1, 2, 3]) queue.offer(item)
    for await (const _ of queue) break
    expect(queue.size).toBe(0)
    expect(queue.offer(4)).toBe(false)
    expect(queue.size).toBe(0)
  })
})
