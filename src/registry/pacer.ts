import type { Clock } from '../base/clock.ts'
import { wait } from './wait.ts'

/** Returns when so many more bytes may have passed. All connections of a transfer share one. */
export type Pace = (bytes: number, signal: AbortSignal) => Promise<void>

/** Shorter pauses than this are made up for by the next one. */
const SHORTEST_PAUSE_MS = 5

export function createPacer(clock: Clock, bytesPerSecond: number | undefined): Pace {
  if (bytesPerSecond === undefined) return () => Promise.resolve()
  let freeNs = clock.monotonicNs()
  return async (bytes, signal) => {
    const nowNs = clock.monotonicNs()
    freeNs = Math.max(freeNs, nowNs) + (bytes / bytesPerSecond) * 1e9
    const pauseMs = (freeNs - nowNs) / 1e6
    if (pauseMs >= SHORTEST_PAUSE_MS) await wait(clock, pauseMs, signal)
  }
}
