// Who fetches what at this moment, and what connections without work do for those that have some: they take half of a part that would
// take long, and a request that is silent or much slower than its like is made anew. So the last per cent is no slower than the first.

import type { Clock } from '../base/clock.ts'
import type { Part } from './part-queue.ts'
import { wait } from './wait.ts'

/** One connection with its part. */
export interface Lane {
  part: Part
  /** When the running request began, and its bytes so far. */
  sinceNs: number
  bytes: number
  lastByteNs: number
  patienceMs: number
  /** Ends the running request; present while one runs. */
  reopen?: () => void
}

const CHECK_MS = 500
/** Less is not worth a connection. Far more than what one chunk moves a part's start along. */
export const MIN_SPLIT_BYTES = 2 * 1024 * 1024
const LONG_REST_MS = 2000
/** Doubled each time, so that a server that is slow for everyone is not asked for ever. */
const PATIENCE_MS = 3000
const MUCH_SLOWER = 1 / 4

export class Lanes {
  readonly #clock: Clock
  readonly #lanes = new Set<Lane>()
  readonly #idle = new Set<() => void>()
  /** Bytes per second of parts that are done, the newest counting most. */
  #usualRate: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  enter(part: Part): Lane {
    const nowNs = this.#clock.monotonicNs()
    const lane: Lane = { part, sinceNs: nowNs, lastByteNs: nowNs, bytes: 0, patienceMs: PATIENCE_MS }
    this.#lanes.add(lane)
    return lane
  }

  /** A request of the lane begins. */
  begin(lane: Lane, reopen: () => void): void {
    Object.assign(lane, { sinceNs: this.#clock.monotonicNs(), lastByteNs: this.#clock.monotonicNs(), bytes: 0, reopen })
  }

  took(lane: Lane, bytes: number): void {
    lane.bytes += bytes
    lane.lastByteNs = this.#clock.monotonicNs()
  }

  leave(lane: Lane): void {
    this.#lanes.delete(lane)
    const rate = this.#rate(lane)
    if (rate !== undefined) this.#usualRate = this.#usualRate === undefined ? rate : (this.#usualRate + rate) / 2
    for (const wake of this.#idle) wake()
  }

  /** For a connection without work: a part of somebody else's, or undefined when all is done. Throws `cancelled`. */
  async help(signal: AbortSignal): Promise<Part | undefined> {
    while (this.#lanes.size > 0) {
      const part = this.#split()
      if (part) return part
      this.#reopenSlow()
      await this.#change(signal)
    }
    return undefined
  }

  #split(): Part | undefined {
    const longest = [...this.#lanes].sort((a, b) => rest(b) - rest(a)).find((lane) => rest(lane) >= MIN_SPLIT_BYTES)
    if (!longest || this.#restMs(longest) < LONG_REST_MS) return undefined
    const { part } = longest
    const middle = Math.ceil((part.start + part.end) / 2)
    const stolen = { start: middle, end: part.end }
    part.end = middle
    return stolen
  }

  #reopenSlow(): void {
    for (const lane of this.#lanes) {
      if (!lane.reopen || !this.#isSlow(lane)) continue
      lane.patienceMs *= 2
      lane.reopen()
    }
  }

  #isSlow(lane: Lane): boolean {
    const nowNs = this.#clock.monotonicNs()
    if (nowNs - lane.lastByteNs >= lane.patienceMs * 1e6) return true
    const rate = this.#rate(lane)
    if (rate === undefined || this.#usualRate === undefined || nowNs - lane.sinceNs < lane.patienceMs * 1e6) return false
    return rate < this.#usualRate * MUCH_SLOWER && this.#restMs(lane) >= LONG_REST_MS
  }

  /** Bytes per second; undefined before that can be said. */
  #rate({ bytes, sinceNs }: Lane): number | undefined {
    const seconds = (this.#clock.monotonicNs() - sinceNs) / 1e9
    return bytes > 0 && seconds > 0 ? bytes / seconds : undefined
  }

  #restMs(lane: Lane): number {
    const rate = this.#rate(lane)
    if (rate !== undefined) return (rest(lane) / rate) * 1000
    const waitedMs = (this.#clock.monotonicNs() - lane.sinceNs) / 1e6
    return waitedMs >= LONG_REST_MS ? Number.POSITIVE_INFINITY : 0
  }

  async #change(signal: AbortSignal): Promise<void> {
    let wake = () => {}
    const woken = new Promise<void>((resolve) => {
      wake = resolve
    })
    this.#idle.add(wake)
    const stop = new AbortController()
    const pause = wait(this.#clock, CHECK_MS, AbortSignal.any([signal, stop.signal]))
    try {
      await Promise.race([woken, pause])
    } finally {
      this.#idle.delete(wake)
      stop.abort()
      await pause.catch(() => undefined)
    }
  }
}

function rest({ part }: Lane): number {
  return part.end - part.start
}
