// Time has one address, so that tests can hold it still.

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  nowMs(): number
  /** Never goes back; nanoseconds since an arbitrary point, safe to subtract (a double keeps 104 days exact). */
  monotonicNs(): number
  /**
   * Runs `task` once after `delayMs`. Without `keepsAlive` the process may end before, when it has nothing else to do. Delays beyond setTimeout's
   * range are held for the longest possible.
   */
  after(delayMs: number, task: () => void, options?: { keepsAlive: boolean }): Timer
}

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicNs: () => Math.round(performance.now() * 1e6),
  after(delayMs, task, { keepsAlive } = { keepsAlive: false }) {
    const handle = setTimeout(task, Math.min(Math.max(delayMs, 0), LONGEST_TIMEOUT_MS))
    if (!keepsAlive) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}
