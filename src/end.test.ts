import { describe, expect, it } from 'vitest'
import { createManualClock } from './base/testing/manual-clock.ts'
import { awaitEnd, ECHO_MS } from './end.ts'

function setUp() {
  const clock = createManualClock()
  const listeners: ((signal: NodeJS.Signals) => void)[] = []
  const exits: number[] = []
  const signals = {
    on: (_: string, listener: (signal: NodeJS.Signals) => void) => listeners.push(listener),
    exit: (status: number) => void exits.push(status),
  }
  const end = awaitEnd(signals, clock)
  return { clock, end, exits, send: (signal: NodeJS.Signals) => listeners[signal === 'SIGINT' ? 0 : 1]?.(signal) }
}

describe('the end of a server', () => {
  it('is asked for by the first signal, and does not wait after a later one', async () => {
    const { clock, end, exits, send } = setUp()
    send('SIGTERM')
    expect(await end.asked).toBe('SIGTERM')
    expect(exits).toEqual([])
    clock.advance(ECHO_MS + 1)
    send('SIGINT')
    expect(exits).toEqual([1])
  })

  it('waits after a signal that comes twice at once', async () => {
    const { clock, end, exits, send } = setUp()
    send('SIGINT')
    send('SIGTERM')
    clock.advance(ECHO_MS)
    send('SIGINT')
    expect(await end.asked).toBe('SIGINT')
    expect(exits).toEqual([])
  })

  it('may be asked for without a signal', async () => {
    const { end } = setUp()
    end.ask('stop --server')
    expect(await end.asked).toBe('stop --server')
  })
})
