// One opened models folder as the modules of this directory share it.

import { lstatSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { unlessMissing, unlessMissingNow } from '../base/system-error.ts'
import type { Layout } from './layout.ts'
import type { Locks } from './lock.ts'
import type { Pins } from './pins.ts'

export interface Folder {
  layout: Layout
  locks: Locks
  pins: Pins
  /** Which models were pulled, by name; kept outside of the models folder, which holds nothing of ours but locks. */
  pulledFile: string
  /** Where runners save what models have read and written. */
  prefixStates: string
  /** Copies of models in the layout of the engine. */
  translations: string
  clock: Clock
  log: Log
}

/** Held for moments: while blobs get their names, manifests are replaced and unused blobs are deleted. */
export const STORE_LOCK = 'store'

export interface FileFacts {
  sizeBytes: number
  modifiedMs: number
  inode: number
}

/**
 * Facts of a regular file below `base`. A link counts only when what it points to lies below `base` too: the folder may itself be a link to
 * another disk, but nothing in it leads us elsewhere. Asked at once, without the thread pool: every request asks for several files, and each
 * turn through the pool waits for two threads while the engine has all cores.
 */
export async function regularFile(base: string, file: string): Promise<FileFacts | undefined> {
  const own = unlessMissingNow(() => lstatSync(file, { throwIfNoEntry: false }))
  if (!own) return undefined
  const stats = own.isSymbolicLink() && (await staysBelow(base, file)) ? await unlessMissing(stat(file)) : own
  return stats?.isFile() ? { sizeBytes: stats.size, modifiedMs: stats.mtimeMs, inode: stats.ino } : undefined
}

async function staysBelow(base: string, file: string): Promise<boolean> {
  const [target, folder] = await Promise.all([unlessMissing(realpath(file)), unlessMissing(realpath(base))])
  return target !== undefined && folder !== undefined && target.startsWith(folder + path.sep)
}
