// Streams and a clock that tests hold in their hands.

import type { Clock, Timer } from '../../base/clock.ts'
import type { OutputStream } from '../io.ts'

export interface TestClock extends Clock {
  advance(milliseconds: number): void
}

export function createTestClock(startMs = 0): TestClock {
  let nowMs = startMs
  let pending: { atMs: number; task: () => void }[] = []
  return {
    nowMs: () => nowMs,
    monotonicNs: () => nowMs * 1e6,
    after(delayMs, task): Timer {
      const entry = { atMs: nowMs + delayMs, task }
      pending.push(entry)
      return {
        cancel() {
          pending = pending.filter((other) => other !== entry)
        },
      }
    },
    advance(milliseconds) {
      const endMs = nowMs + milliseconds
      for (;;) {
        const next = pending.filter((entry) => entry.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0]
        if (!next) break
        pending = pending.filter((entry) => entry !== next)
        nowMs = next.atMs
        next.task()
      }
      nowMs = endMs
    },
  }
}

export interface TestOutput extends OutputStream {
  readonly text: string
  reset(): void
}

export function createTestOutput(shape: { isTTY?: boolean; columns?: number; rows?: number } = {}): TestOutput {
  let text = ''
  return {
    ...shape,
    get text() {
      return text
    },
    write(piece) {
      text += piece
    },
    reset() {
      text = ''
    },
  }
}
