import type { Clock } from '../../base/clock.ts'

export interface ImpatientClock extends Clock {
  /** Delays that were asked for and fell due, in order. */
  readonly waited: number[]
}

/** Delays up to the limit are over in no time; longer ones (the patience with a silent server) never end. */
export function createImpatientClock(longestMs = 20_000): ImpatientClock {
  let nowMs = 1_700_000_000_000
  const waited: number[] = []
  return {
    waited,
    nowMs: () => nowMs,
    monotonicNs: () => nowMs * 1e6,
    after(delayMs, task) {
      if (delayMs > longestMs) return { cancel: () => {} }
      const handle = setImmediate(() => {
        nowMs += delayMs
        waited.push(delayMs)
        task()
      })
      return { cancel: () => clearImmediate(handle) }
    },
  }
}
