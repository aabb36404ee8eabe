import { describe, expect, it } from 'vitest'
import { createManualClock } from '../base/testing/manual-clock.ts'
import { createPacer } from './pacer.ts'
import { createImpatientClock } from './testing/impatient-clock.ts'

const { signal } = new AbortController()

describe('a limited rate', () => {
  it('lets pass what the limit allows, for all connections together', async () => {
    const clock = createImpatientClock()
    const begunMs = clock.nowMs()
    const pace = createPacer(clock, 1000)
    for (let count = 0; count < 10; count++) await pace(500, signal)
    expect(clock.nowMs() - begunMs).toBe(5000)
    await Promise.all([pace(1000, signal), pace(1000, signal)])
    expect(clock.waited.at(-1)).toBe(2000)
  })

  it('saves nothing up while nothing comes', async () => {
    const clock = createManualClock()
    const pace = createPacer(clock, 1000)
    clock.advance(60_000)
    let passed = false
    const passing = pace(1000, signal).then(() => {
      passed = true
    })
    clock.advance(999)
    await Promise.resolve()
    expect(passed).toBe(false)
    clock.advance(1)
    await passing
  })

  it('ends with the transfer', async () => {
    const stop = new AbortController()
    const waiting = createPacer(createManualClock(), 1)(1000, stop.signal)
    stop.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('that is none costs no time', async () => {
    await createPacer(createManualClock(), undefined)(1e12, signal)
  })
})
