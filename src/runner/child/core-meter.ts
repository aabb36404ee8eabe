// How many cores are free for this process: what it uses plus what nobody uses, over the last fraction of a second. A compute thread too many
// stalls a step for seconds where the cores are taken, and a step cannot be called off; so the governor asks here before it dares.
// Falls at once and rises slowly. A window that spans a pause tells of the past: what runs at this moment must bear it out.

import { readFileSync } from 'node:fs'
import os from 'node:os'
import type { Clock } from '../../base/clock.ts'

/** Time that has passed so far, added up over all cores, in milliseconds. */
export interface CoreTimes {
  idleMs: number
  ownMs: number
  /** Threads on the machine that run or could run at this moment, this one included; 0 where the system does not tell. */
  runnable: number
}

export interface CoreMeterOptions {
  clock: Pick<Clock, 'monotonicNs'>
  read: () => CoreTimes
  cores: number
}

/** The kernel counts in steps of 10 ms: a shorter window says nothing. */
const WINDOW_NS = 250e6
/** Who sent the request or who passed it on may still run at that moment, beside this process. */
const PASSING_BY = 1
/** So many windows in a row must have room before more threads are thought of. */
const WINDOWS_TO_RISE = 2
/** Part of a core that others may use without standing in the way: the server and its client need some to pass the reply on. */
const SHARED_CORE = 0.75

export class CoreMeter {
  readonly #options: CoreMeterOptions
  #windowStart: { atNs: number; times: CoreTimes }
  #room = Number.POSITIVE_INFINITY
  #better: number[] = []

  constructor(options: CoreMeterOptions) {
    this.#options = options
    this.#windowStart = { atNs: options.clock.monotonicNs(), times: options.read() }
  }

  /** Threads that find a core, at least 1; infinite as long as nothing is known. `afterPause`: this process has just done nothing for a while. */
  threadRoom(afterPause: boolean): number {
    const now = this.#options.clock.monotonicNs()
    const passedNs = now - this.#windowStart.atNs
    if (passedNs < WINDOW_NS) return this.#room
    const times = this.#options.read()
    const freeMs = times.idleMs - this.#windowStart.times.idleMs + (times.ownMs - this.#windowStart.times.ownMs)
    this.#windowStart = { atNs: now, times }
    if (afterPause && times.runnable > 0 && times.runnable <= this.#options.cores + PASSING_BY) {
      this.#room = Number.POSITIVE_INFINITY
      this.#better = []
      return this.#room
    }
    this.#take(Math.max(1, Math.floor((freeMs * 1e6) / passedNs + SHARED_CORE)))
    return this.#room
  }

  #take(room: number): void {
    if (room <= this.#room) {
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
  return { ...readMachineTimes(), ownMs: (user + system) / 1000 }
}

function readMachineTimes(): Omit<CoreTimes, 'ownMs'> {
  if (process.platform !== 'linux') return { idleMs: os.cpus().reduce((sum, cpu) => sum + cpu.times.idle, 0), runnable: 0 }
  const text = readFileSync('/proc/stat', 'latin1')
  // Its first line: cpu user nice system idle iowait ..., in hundredths of a second.
  const [idle = 0, waiting = 0] = text.slice(0, 200).split('\n', 1)[0]?.split(/\s+/).slice(4, 6).map(Number) ?? []
  return { idleMs: (idle + waiting) * 10, runnable: Number(/^procs_running (\d+)/m.exec(text)?.[1] ?? 0) }
}
