import { describe, expect, it } from 'vitest'
import { createManualClock } from '../base/testing/manual-clock.ts'
import { wait, within, withStallLimit } from './wait.ts'

describe('waiting', () => {
  it('ends after its time and leaves no timer behind when cancelled', async () => {
    const clock = createManualClock()
    const first = wait(clock, 100, undefined)
    clock.advance(100)
    await first
    const stop = new AbortController()
    const second = wait(clock, 100, stop.signal)
    stop.abort()
    await expect(second).rejects.toMatchObject({ code: 'cancelled' })
    expect(clock.timerCount).toBe(0)
  })

  it('for a promise has a limit', async () => {
    const clock = createManualClock()
    const options = { clock, limitMs: 10, message: 'too late' }
    expect(await within(Promise.resolve(1), options)).toBe(1)
    expect(clock.timerCount).toBe(0)
    const late = within(new Promise(() => {}), options)
    clock.advance(10)
    await expect(late).rejects.toMatchObject({ code: 'registry_unreachable', message: 'too late' })
  })

  it('for a stream counts only the time that the server takes', async () => {
    const clock = createManualClock()
    const source = (async function* () {
      yield new Uint8Array(1)
      yield new Uint8Array(2)
    })()
    const sizes: number[] = []
    for await (const bytes of withStallLimit(source, { clock, limitMs: 10 })) {
      sizes.push(bytes.length)
      clock.advance(1000)
    }
    expect(sizes).toEqual([1, 2])
  })

  it('for a stream closes it when the consumer leaves', async () => {
    let closed = false
    const source = (async function* () {
      try {
        while (true) yield new Uint8Array(1)
      } finally {
        closed = true
      }
    })()
    for await (const _ of withStallLimit(source, { clock: createManualClock(), limitMs: 10 })) break
    await new Promise((resolve) => setImmediate(resolve))
    expect(closed).toBe(true)
  })
})
