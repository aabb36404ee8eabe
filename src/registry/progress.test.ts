import { describe, expect, it } from 'vitest'
import { createManualClock } from '../base/testing/manual-clock.ts'
import { watch } from './progress.ts'
import { digestOf } from './testing/memory-store.ts'

const digest = digestOf('x')

describe('progress', () => {
  it('has at most a line per 60 ms, only of change, and a heartbeat each second', async () => {
    const clock = createManualClock()
    let amount = { completedBytes: 0, totalBytes: 0 }
    let finish: (value: string) => void = () => {}
    const work = new Promise<string>((resolve) => {
      finish = resolve
    })
    const lines: number[] = []
    const watching = (async () => {
      const watcher = watch(work, () => amount, { status: 's', digest, clock, signal: undefined })
      for (let next = await watcher.next(); ; next = await watcher.next()) {
        if (next.done) return next.value
        lines.push(next.value.completedBytes ?? -1)
      }
    })()
    const pass = async (ms: number) => {
      clock.advance(ms)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await pass(60)
    expect(lines).toEqual([])
    amount = { completedBytes: 5, totalBytes: 10 }
    await pass(59)
    expect(lines).toEqual([])
    await pass(1)
    expect(lines).toEqual([5])
    for (let tick = 0; tick < 16; tick++) await pass(60)
    expect(lines).toEqual([5])
    await pass(60)
    expect(lines).toEqual([5, 5])
    finish('result')
    expect(await watching).toBe('result')
    expect(clock.timerCount).toBe(0)
  })

  it('ends with the error of the work, and at once when cancelled', async () => {
    const clock = createManualClock()
    const failing = watch(Promise.reject(new Error('broken')), () => ({ completedBytes: 0, totalBytes: 1 }), {
      status: 's',
      digest,
      clock,
      signal: undefined,
    })
    await expect(failing.next()).rejects.toThrow('broken')
    const stop = new AbortController()
    const endless = watch(new Promise(() => {}), () => ({ completedBytes: 0, totalBytes: 0 }), {
      status: 's',
      digest,
      clock,
      signal: stop.signal,
    })
    const next = endless.next()
    stop.abort()
    await expect(next).rejects.toMatchObject({ code: 'cancelled' })
  })
})
