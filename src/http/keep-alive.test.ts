import { describe, expect, it } from 'vitest'
import { SILENCE_BEFORE_STATUS_MS, SILENCE_MS, withSigns } from './keep-alive.ts'

function fakeClock() {
  const timers = new Set<() => void>()
  return {
    waiting: () => timers.size,
    fire: () => {
      for (const task of [...timers]) task()
    },
    after(delayMs: number, task: () => void) {
      expect(delayMs).toBe(SILENCE_MS)
      timers.add(task)
      return { cancel: () => void timers.delete(task) }
    },
  }
}

describe('signs of life', () => {
  it('come as often as there is silence, and cost no item', async () => {
    const clock = fakeClock()
    let release = () => {}
    const quiet = new Promise<void>((resolve) => (release = resolve))
    async function* source() {
      yield 1
      await quiet
      yield 2
    }
    const items = withSigns<number>(source(), () => 0, clock)
    const take = async () => (await items.next()).value
    expect(await take()).toBe(1)
    for (let times = 0; times < 2; times++) {
      const sign = take()
      await new Promise((resolve) => setImmediate(resolve))
      clock.fire()
      expect(await sign).toBe(0)
    }
    release()
    expect(await take()).toBe(2)
    expect(await take()).toBeUndefined()
    expect(clock.waiting()).toBe(0)
  })

  it('come later where nothing has been said yet and that was asked for', async () => {
    const delays: number[] = []
    const clock = {
      after(delayMs: number, task: () => void) {
        delays.push(delayMs)
        setImmediate(task)
        return { cancel() {} }
      },
    }
    const never = new Promise<void>(() => {})
    async function* source() {
      await never
      yield 1
    }
    const items = withSigns<number>(source(), () => 0, clock, SILENCE_BEFORE_STATUS_MS)
    expect([(await items.next()).value, (await items.next()).value]).toEqual([0, 0])
    expect(delays).toEqual([SILENCE_BEFORE_STATUS_MS, SILENCE_MS])
  })

  it('end with the source, however that ends', async () => {
    const clock = fakeClock()
    let closed = 0
    async function* source(fails: boolean) {
      try {
        yield 1
        if (fails) throw new Error('broken')
      } finally {
        closed++
      }
    }
    for await (const _item of withSigns<number>(source(false), () => 0, clock)) break
    expect(closed).toBe(1)
    await expect(drain(source(true), clock)).rejects.toThrow('broken')
    expect(clock.waiting()).toBe(0)
  })
})

async function drain(source: AsyncIterable<number>, clock: ReturnType<typeof fakeClock>): Promise<void> {
  for await (const _item of withSigns<number>(source, () => 0, clock));
}
