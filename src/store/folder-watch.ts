// Tells whether anything in some folders has changed since one last asked. It may say so too often and never too seldom, as far as the system tells:
// where a folder cannot be watched (too many watches, a file system that has none) everything counts as changed at all times. A network's file
// system does not tell what other machines do, so whoever relies on this looks for himself now and then.

import { type FSWatcher, watch } from 'node:fs'
import path from 'node:path'
import { isMissing } from '../base/system-error.ts'

export class FolderWatch {
  readonly #watchers = new Map<string, FSWatcher>()
  #changed = true
  /** Some folder could not be watched. */
  #isBlind = process.platform === 'win32' // A folder that is watched cannot be removed there.

  /** Resolves when every change that was made before the call has been heard. */
  async hasChanged(): Promise<boolean> {
    // The system's word may stand in the queue of events behind the request that asks.
    await new Promise(setImmediate)
    return this.#changed || this.#isBlind
  }

  /** Changes count from here on. */
  reset(): void {
    this.#changed = false
  }

  /** Exactly these from now on; one that was not watched before counts as changed. */
  set(folders: ReadonlySet<string>): void {
    if (this.#isBlind) return
    for (const folder of this.#watchers.keys()) if (!folders.has(folder)) this.#drop(folder)
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#add(folder)
  }

  #add(folder: string): void {
    this.#changed = true
    try {
      const watcher = watch(folder, { persistent: false })
      this.#watchers.set(folder, watcher)
      watcher.on('change', (_event, name) => {
        this.#changed = true
        // It may be a folder that was removed and made again: the watch on it is one on what is gone.
        this.#drop(path.join(folder, String(name)))
      })
      watcher.on('error', () => this.#drop(folder))
    } catch (error) {
      // It has gone again, which is a change and no reason to look at everything for ever.
      this.#isBlind ||= !isMissing(error)
    }
  }

  #drop(folder: string): void {
    this.#changed = true
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }
}
