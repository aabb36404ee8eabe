// How many cores are free for this process: what it uses plus what nobody uses, over the last fraction of a second. A compute thread too many
// stalls a step for seconds where the cores are taken, and a step cannot be called off; so the governor asks here before it dares.
// Falls at once and rises slowly.

import { readFileSync } from 'node:fs'
import os from 'node:os'
import type { Clock } from '../../base/clock.ts'

/** Time that has passed so far, added up over all cores, in milliseconds. */
export interface CoreTimes {
  idleMs: number
  ownMs: number
}

export interface CoreMeterOptions {
  clock: Pick<Clock, 'monotonicNs'>
  read: () => CoreTimes
}

/** The kernel counts in steps of 10 ms: a shorter window says nothing. */
const WINDOW_NS = 250e6
/** So many windows in a row must have room before more threads are thought of. */
const WINDOWS_TO_RISE = 3
/** Part of a core that others may use without standing in the way: the server itself needs some to send the reply. */
const SHARED_CORE = 0.6

export class CoreMeter {
  readonly #options: CoreMeterOptions
  #windowStart: { atNs: number; times: CoreTimes }
  #room = Number.POSITIVE_INFINITY
  #better: number[] = []
  #measured = false

  constructor(options: CoreMeterOptions) {
    this.#options = options
    this.#windowStart = { atNs: options.clock.monotonicNs(), times: options.read() }
  }

  /** Threads that find a core, at least 1; infinite as long as nothing is known. */
  threadRoom(): number {
    const now = this.#options.clock.monotonicNs()
    const passedNs = now - this.#windowStart.atNs
    if (passedNs < WINDOW_NS) return this.#room
    const times = this.#options.read()
    const freeMs = times.idleMs - this.#windowStart.times.idleMs + (times.ownMs - this.#windowStart.times.ownMs)
    this.#windowStart = { atNs: now, times }
    this.#take(Math.max(1, Math.floor((freeMs * 1e6) / passedNs + SHARED_CORE)))
    return this.#room
  }

  #take(room: number): void {
    if (!this.#measured || room <= this.#room) {
      this.#measured = true
      this.#room = room
      this.#better = []
      return
    }
    this.#better.push(room)
    if (this.#better.length < WINDOWS_TO_RISE) return
    this.#room = Math.min(...this.#better)
    this.#better = []
  }
}

export function readCoreTimes(): CoreTimes {
  const { user, system } = process.cpuUsage()
  return { idleMs: readIdleMs(), ownMs: (user + system) / 1000 }
}

function readIdleMs(): number {
  if (process.platform !== 'linux') return os.cpus().reduce((sum, cpu) => sum + cpu.times.idle, 0)
  // Its first line: cpu user nice system idle iowait ..., in hundredths of a second.
  const [idle = 0, waiting = 0] =
    readFileSync('/proc/stat', 'latin1').slice(0, 200).split('\n', 1)[0]?.split(/\s+/).slice(4, 6).map(Number) ?? []
  return (idle + waiting) * 10
}
