// Keeps two processes, and two calls in one process, apart. A lock is a file made with O_EXCL that names its owner. A dead owner's lock is taken
// over at once; one from another machine or container when its file has not been touched for STALE_MS. The holder touches it meanwhile.

import { mkdir, open, readFile, rm, stat, utimes } from 'node:fs/promises'
import path from 'node:path'
import { raceAbort } from '../base/abort.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { errorCode, unlessMissing } from '../base/system-error.ts'
import { isDiskFull } from './durable.ts'
import { ownOwner, stateOf } from './owner.ts'

export interface Lock {
  release(): Promise<void>
}

export const STALE_MS = 30_000
const TOUCH_MS = 5_000
const SHORTEST_WAIT_MS = 5
const LONGEST_WAIT_MS = 250

export class Locks {
  readonly #folder: string
  readonly #clock: Clock
  /** The end of the queue of this process, by lock. */
  readonly #queues = new Map<string, Promise<void>>()
  /** Files of ours that are empty. */
  readonly #nameless = new Set<string>()

  constructor(folder: string, clock: Clock) {
    this.#folder = folder
    this.#clock = clock
  }

  /** Waits for its turn. Throws `cancelled` when the signal aborts first. */
  async acquire(name: string, signal?: AbortSignal): Promise<Lock> {
    const leave = await this.#enterQueue(name, signal)
    try {
      const file = path.join(this.#folder, `${name}.lock`)
      await this.#waitForFile(file, signal)
      return this.#held(file, leave)
    } catch (error) {
      leave()
      throw error
    }
  }

  async with<T>(name: string, work: () => Promise<T>): Promise<T> {
    const lock = await this.acquire(name)
    try {
      return await work()
    } finally {
      await lock.release()
    }
  }

  /** The lock if it is free at this moment. */
  async tryAcquire(name: string): Promise<Lock | undefined> {
    if (this.#queues.has(name)) return undefined
    const leave = await this.#enterQueue(name, undefined)
    try {
      const file = path.join(this.#folder, `${name}.lock`)
      const created =
        (await this.#tryCreate(file)) || ((await this.#isAbandoned(file)) && (await this.#takeOver(file)) && (await this.#tryCreate(file)))
      if (created) return this.#held(file, leave)
      leave()
      return undefined
    } catch (error) {
      leave()
      throw error
    }
  }

  async #enterQueue(name: string, signal: AbortSignal | undefined): Promise<() => void> {
    const before = this.#queues.get(name) ?? Promise.resolve()
    let leave = () => {}
    const own = new Promise<void>((resolve) => {
      leave = resolve
    })
    const tail = before.then(() => own)
    this.#queues.set(name, tail)
    tail.then(() => {
      if (this.#queues.get(name) === tail) this.#queues.delete(name)
    })
    try {
      await raceAbort(before, signal)
    } catch (error) {
      leave()
      throw error
    }
    return leave
  }

  async #waitForFile(file: string, signal: AbortSignal | undefined): Promise<void> {
    let waitMs = SHORTEST_WAIT_MS
    while (!(await this.#tryCreate(file))) {
      if ((await this.#isAbandoned(file)) && (await this.#takeOver(file))) continue
      // A server that starts has nothing else to do yet.
      await raceAbort(new Promise<void>((resolve) => void this.#clock.after(waitMs, resolve, { keepsAlive: true })), signal)
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
    }
  }

  async #tryCreate(file: string): Promise<boolean> {
    try {
      await mkdir(this.#folder, { recursive: true })
      const handle = await open(file, 'wx', 0o644)
      try {
        await handle.writeFile(ownOwner())
      } catch (error) {
        // On a full disk a lock has no room for its owner's name, and holds without: to make room, too, one needs it.
        if (!isDiskFull(error)) throw error
        this.#nameless.add(file)
      } finally {
        await handle.close()
      }
      return true
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false
      throw error
    }
  }

  async #isAbandoned(file: string): Promise<boolean> {
    const owner = await unlessMissing(readFile(file, 'utf8'))
    if (owner === undefined) return true
    // Empty: its maker is between open and write, or died there.
    const state = owner === '' ? 'elsewhere' : stateOf(owner)
    if (state !== 'elsewhere') return state === 'dead'
    const stats = await unlessMissing(stat(file))
    return stats === undefined || this.#clock.nowMs() - stats.mtimeMs > STALE_MS
  }

  /** Only one process at a time may remove an abandoned lock, and it looks again first: else two would remove each other's fresh ones. */
  async #takeOver(file: string): Promise<boolean> {
    const guard = `${file}.takeover`
    if (!(await this.#tryCreate(guard))) {
      if (await this.#isAbandoned(guard)) await rm(guard, { force: true })
      return false
    }
    try {
      if (await this.#isAbandoned(file)) await rm(file, { force: true })
    } finally {
      this.#nameless.delete(guard)
      await rm(guard, { force: true })
    }
    return true
  }

  #held(file: string, leave: () => void): Lock {
    let timer: Timer | undefined
    let released: Promise<void> | undefined
    const touchLater = () => {
      timer = this.#clock.after(TOUCH_MS, () => {
        const seconds = this.#clock.nowMs() / 1000
        const again = () => (released ? undefined : touchLater())
        utimes(file, seconds, seconds).then(again, again)
      })
    }
    touchLater()
    const release = (): Promise<void> => {
      released ??= removeOwn(file, this.#nameless.delete(file) ? '' : ownOwner()).finally(() => {
        timer?.cancel()
        leave()
      })
      return released
    }
    return { release }
  }
}

/** Another may have taken over a lock whose holder stood still for too long. */
async function removeOwn(file: string, content: string): Promise<void> {
  if ((await unlessMissing(readFile(file, 'utf8'))) === content) await rm(file, { force: true })
}
