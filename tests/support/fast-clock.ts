import { type Clock, systemClock } from '../../src/base/clock.ts'

/** Real time, except that whoever waits waits only a fraction: pauses between tries and the patience with silent servers, in proportion. */
export function createFastClock(factor = 40): Clock {
  return { ...systemClock, after: (delayMs, task) => systemClock.after(delayMs / factor, task) }
}
