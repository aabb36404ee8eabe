// Time that stands still until a test moves it.

import type { Clock } from '../clock.ts'

export interface ManualClock extends Clock {
  /** Moves on and runs what falls due on the way, in order. */
  advance(ms: number): void
  readonly timerCount: number
}

export function createManualClock(startMs = 1_700_000_000_000): ManualClock {
  let nowMs = startMs
  const timers = new Set<{ dueMs: number; task: () => void }>()
  return {
    nowMs: () => nowMs,
    monotonicNs: () => Math.round((nowMs - startMs) * 1e6),
    after(delayMs, task) {
      const timer = { dueMs: nowMs + Math.max(delayMs, 0), task }
      timers.add(timer)
      return { cancel: () => void timers.delete(timer) }
    },
    advance(ms) {
      const untilMs = nowMs + ms
      while (true) {
        const next = [...timers].filter((timer) => timer.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0]
        if (!next) break
        timers.delete(next)
        nowMs = Math.max(nowMs, next.dueMs)
        next.task()
      }
      nowMs = untilMs
    },
    get timerCount() {
      return timers.size
    },
  }
}
