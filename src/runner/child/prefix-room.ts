// The room that saved states of all keys take together. A file that is to be written is created with its full size, and only by the holder of
// the one lock of the folder, after as many old files as it takes have gone: so there is never more than the limit, however many processes
// write. Renaming needs the lock too, or who counts would miss a file between two names; deleting does not. The lock is held within one turn of
// the event loop, since before the next the engine may compute for seconds. Saving is worth little: who does not get the lock soon does without.
// A writer has its file for itself until it is whole: one that can be had belongs to a process that died, and goes.

import { ftruncateSync, readdirSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { unlessMissingNow } from '../../base/system-error.ts'

export const STATE_NAME = /^[0-9a-f]{32}\.state$/
const TEMPORARY_NAME = /^tmp-[0-9a-f]{16}$/
export const MAX_WAIT_MS = 1000
const WAIT_MS = 10
const LOCK_NAME = 'lock'

export interface ExclusiveFile {
  descriptor: number
  /** Others can have it then. May be called again. */
  close(): void
}

export interface PrefixRoomOptions {
  root: string
  /** Of all keys together. */
  limitBytes: number
  /** Of what is free on the disk, counting what the files take: never more than that. */
  freeShare: number
  clock: Clock
  /** For one opening at a time; made where there is none. Undefined while another has it, of any process that lives. */
  openExclusively: (file: string) => ExclusiveFile | undefined
}

export interface ReservedFile {
  /** As large as it will be; it is to be closed. */
  file: ExclusiveFile
  /** Which files had to go for it. */
  removed: string[]
}

interface Listed {
  file: string
  sizeBytes: number
  modifiedMs: number
  isTemporary: boolean
}

export class PrefixRoom {
  readonly #options: PrefixRoomOptions

  constructor(options: PrefixRoomOptions) {
    this.#options = options
  }

  /** Undefined where it does not fit even without all others, and where the lock is not to be had. */
  async reserve(file: string, sizeBytes: number): Promise<ReservedFile | undefined> {
    // Most go before the lock: a large file takes tens of milliseconds.
    const early = this.#findLeaving(this.#list(), sizeBytes) ?? []
    for (const leaving of early) await rm(leaving, { force: true })
    return this.#locked(() => {
      const files = this.#list().filter((each) => !this.#removeAbandoned(each))
      const late = this.#findLeaving(files, sizeBytes)
      if (!late) return undefined
      for (const leaving of late) rmSync(leaving, { force: true })
      const own = this.#create(file, sizeBytes)
      return own && { file: own, removed: [...early, ...late] }
    })
  }

  /** Closes it. False where the lock is not to be had, or somebody has deleted it. */
  async rename(own: ExclusiveFile, from: string, to: string): Promise<boolean> {
    const done = await this.#locked(() => {
      own.close()
      return unlessMissingNow(() => {
        renameSync(from, to)
        return true
      })
    })
    return done ?? false
  }

  /** Undefined where the lock is not to be had. */
  async #locked<T>(work: () => T): Promise<T | undefined> {
    const { root, clock, openExclusively } = this.#options
    const file = path.join(root, LOCK_NAME)
    const endNs = clock.monotonicNs() + MAX_WAIT_MS * 1e6
    let lock = openExclusively(file)
    while (!lock && clock.monotonicNs() < endNs) {
      await new Promise<void>((resolve) => void clock.after(WAIT_MS, resolve))
      lock = openExclusively(file)
    }
    if (!lock) return undefined
    try {
      return work()
    } finally {
      lock.close()
    }
  }

  #create(file: string, sizeBytes: number): ExclusiveFile | undefined {
    const own = this.#options.openExclusively(file)
    if (!own) return undefined
    try {
      ftruncateSync(own.descriptor, sizeBytes)
    } catch (error) {
      own.close()
      throw error
    }
    return own
  }

  /** Needs the lock: without, it may be about to become somebody's own. */
  #removeAbandoned({ file, isTemporary }: Listed): boolean {
    const abandoned = isTemporary ? this.#options.openExclusively(file) : undefined
    if (!abandoned) return false
    abandoned.close()
    rmSync(file, { force: true })
    return true
  }

  /** The oldest files; undefined where it is not enough that all of them go. What is being written stays. */
  #findLeaving(files: Listed[], neededBytes: number): string[] | undefined {
    const { root, limitBytes, freeShare } = this.#options
    const { bavail, bsize } = statfsSync(root)
    let usedBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const mostBytes = Math.min(limitBytes, freeShare * (bavail * bsize + usedBytes)) - neededBytes
    const leaving: string[] = []
    for (const { file, sizeBytes } of files.filter(({ isTemporary }) => !isTemporary)) {
      if (usedBytes <= mostBytes) break
      leaving.push(file)
      usedBytes -= sizeBytes
    }
    return usedBytes <= mostBytes ? leaving : undefined
  }

  /** The oldest first. At once: hundreds of hops to other threads would cost more than they spare. */
  #list(): Listed[] {
    const { root } = this.#options
    const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    const files = folders.flatMap(({ name: folder }) => {
      // Others may delete that of a model that is gone.
      const names = unlessMissingNow(() => readdirSync(path.join(root, folder))) ?? []
      return names.flatMap((name) => toListed(path.join(root, folder, name)) ?? [])
    })
    return files.sort((a, b) => a.modifiedMs - b.modifiedMs)
  }
}

function toListed(file: string): Listed | undefined {
  const name = path.basename(file)
  const isTemporary = TEMPORARY_NAME.test(name)
  const stats = isTemporary || STATE_NAME.test(name) ? statSync(file, { throwIfNoEntry: false }) : undefined
  return stats && { file, sizeBytes: stats.size, modifiedMs: stats.mtimeMs, isTemporary }
}
