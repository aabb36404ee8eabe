import { describe, expect, it } from 'vitest'
import { CoreMeter, readCoreTimes } from './core-meter.ts'

/** Windows of 300 ms on a machine of `cores`, of which others use `others` and this process `own`. */
function machine(cores: number) {
  let nowNs = 0
  const times = { idleMs: 0, ownMs: 0, runnable: 0 }
  const meter = new CoreMeter({ clock: { monotonicNs: () => nowNs }, read: () => ({ ...times }), cores })
  const pass = ({ others, own, paused = false, runnable = 0 }: { others: number; own: number; paused?: boolean; runnable?: number }) => {
    nowNs += 300e6
    times.ownMs += own * 300
    times.idleMs += (cores - others - own) * 300
    times.runnable = runnable
    return meter.threadRoom(paused)
  }
  return { meter, pass }
}

describe('CoreMeter', () => {
  it('knows nothing before the first window has passed', () => {
    expect(machine(2).meter.threadRoom(false)).toBe(Number.POSITIVE_INFINITY)
  })

  it('counts what this process uses and what nobody uses', () => {
    expect(machine(4).pass({ others: 0, own: 2 })).toBe(4)
    expect(machine(4).pass({ others: 2, own: 2 })).toBe(2)
  })

  it('overlooks the little that the server needs', () => {
    expect(machine(2).pass({ others: 0.7, own: 1.3 })).toBe(2)
  })

  it('gives up a core that a neighbour takes', () => {
    expect(machine(2).pass({ others: 0.9, own: 1.1 })).toBe(1)
  })

  it('leaves one thread however busy the machine is', () => {
    expect(machine(2).pass({ others: 1.9, own: 0.1 })).toBe(1)
  })

  it('falls at once and rises after two windows', () => {
    const { pass } = machine(2)
    expect(pass({ others: 0, own: 2 })).toBe(2)
    expect(pass({ others: 1, own: 1 })).toBe(1)
    expect(pass({ others: 0, own: 1 })).toBe(1)
    expect(pass({ others: 0, own: 1 })).toBe(2)
  })

  it('begins the count anew when a window is busy again', () => {
    const { pass } = machine(2)
    pass({ others: 1, own: 1 })
    for (let round = 0; round < 5; round++) {
      pass({ others: 0, own: 1 })
      expect(pass({ others: 1, own: 1 })).toBe(1)
    }
  })

  it('does not hold against the present that the machine was busy in a pause', () => {
    const pause = { others: 2, own: 0, paused: true }
    expect(machine(2).pass({ ...pause, runnable: 1 })).toBe(Number.POSITIVE_INFINITY)
    expect(machine(2).pass({ ...pause, runnable: 3 })).toBe(Number.POSITIVE_INFINITY)
    expect(machine(2).pass({ ...pause, runnable: 4 })).toBe(1)
    expect(machine(2).pass(pause)).toBe(1)
    expect(machine(2).pass({ ...pause, paused: false, runnable: 1 })).toBe(1)
  })
})

describe('readCoreTimes', () => {
  it('reads times that have passed', () => {
    const { idleMs, ownMs, runnable } = readCoreTimes()
    expect(idleMs).toBeGreaterThan(0)
    expect(ownMs).toBeGreaterThan(0)
    expect(runnable).toBeGreaterThan(process.platform === 'linux' ? 0 : -1)
  })
})
