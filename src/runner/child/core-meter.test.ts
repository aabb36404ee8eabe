import { describe, expect, it } from 'vitest'
import { CoreMeter, readCoreTimes } from './core-meter.ts'

/** Windows of 300 ms on a machine of `cores`, of which others use `others` and this process `own`. */
function machine(cores: number) {
  let nowNs = 0
  const times = { idleMs: 0, ownMs: 0 }
  const meter = new CoreMeter({ clock: { monotonicNs: () => nowNs }, read: () => ({ ...times }) })
  const pass = ({ others, own }: { others: number; own: number }) => {
    nowNs += 300e6
    times.ownMs += own * 300
    times.idleMs += (cores - others - own) * 300
    return meter.threadRoom()
  }
  return { meter, pass }
}

describe('CoreMeter', () => {
  it('knows nothing before the first window has passed', () => {
    expect(machine(2).meter.threadRoom()).toBe(Number.POSITIVE_INFINITY)
  })

  it('counts what this process uses and what nobody uses', () => {
    expect(machine(4).pass({ others: 0, own: 2 })).toBe(4)
    expect(machine(4).pass({ others: 2, own: 2 })).toBe(2)
  })

  it('overlooks the little that the server needs', () => {
    expect(machine(2).pass({ others: 0.5, own: 1.5 })).toBe(2)
  })

  it('gives up a core that a neighbour half takes from two threads', () => {
    expect(machine(2).pass({ others: 0.67, own: 1.33 })).toBe(1)
  })

  it('leaves one thread however busy the machine is', () => {
    expect(machine(2).pass({ others: 1.9, own: 0.1 })).toBe(1)
  })

  it('falls at once and rises after three windows', () => {
    const { pass } = machine(2)
    expect(pass({ others: 0, own: 2 })).toBe(2)
    expect(pass({ others: 1, own: 1 })).toBe(1)
    expect(pass({ others: 0, own: 1 })).toBe(1)
    expect(pass({ others: 0, own: 1 })).toBe(1)
    expect(pass({ others: 0, own: 1 })).toBe(2)
  })

  it('begins the count anew when a window is busy again', () => {
    const { pass } = machine(2)
    pass({ others: 1, own: 1 })
    for (let round = 0; round < 5; round++) {
      pass({ others: 0, own: 1 })
      pass({ others: 0, own: 1 })
      expect(pass({ others: 1, own: 1 })).toBe(1)
    }
  })
})

describe('readCoreTimes', () => {
  it('reads times that have passed', () => {
    const { idleMs, ownMs } = readCoreTimes()
    expect(idleMs).toBeGreaterThan(0)
    expect(ownMs).toBeGreaterThan(0)
  })
})
