// All manifests, from memory while nothing has changed below their folder: clients ask for the list of models many times a second. A manifest is read
// again when its file is another or was changed; the folders are watched, and looked through once a second all the same.

import type { Clock } from '../base/clock.ts'
import { type ModelName, shortName } from '../model/name.ts'
import { type FileFacts, type Folder, regularFile } from './folder.ts'
import { FolderWatch } from './folder-watch.ts'
import { manifestPath } from './layout.ts'
import { readExactly, scanManifests } from './manifest-scan.ts'
import type { StoredManifest } from './store.ts'

/** So old may the list be where nobody tells of changes. */
export const MAX_AGE_MS = 1000
/** A file that was changed later than this before it was read may be changed again and keep its time and size. */
export const SETTLED_MS = 2000
/** While others change the folder without end, the list is what was found last. */
const MAX_SCANS = 5

interface ReadFile {
  facts: FileFacts
  stored: StoredManifest
  isSettled: boolean
}

export class ManifestList {
  readonly #folder: Folder
  readonly #watch = new FolderWatch()
  readonly #reported = new Set<string>()
  #files = new Map<string, ReadFile>()
  #list: readonly StoredManifest[] = []
  #scannedNs = Number.NEGATIVE_INFINITY
  #scanning: Promise<void> | undefined

  constructor(folder: Folder) {
    this.#folder = folder
  }

  /** Newest first; the same array as long as nothing in it is another. */
  async read(): Promise<readonly StoredManifest[]> {
    const hasChanged = await this.#watch.hasChanged()
    if (hasChanged || this.#clock.monotonicNs() - this.#scannedNs >= MAX_AGE_MS * 1e6) {
      this.#scanning ??= this.#scan().finally(() => {
        this.#scanning = undefined
      })
    }
    await this.#scanning
    return this.#list
  }

  /** Until nothing has changed meanwhile, so that it holds for those, too, who asked after it had begun. */
  async #scan(): Promise<void> {
    for (let count = 0; count < MAX_SCANS && (count === 0 || (await this.#watch.hasChanged())); count++) {
      this.#watch.reset()
      const files = new Map<string, ReadFile>()
      const { stored, corrupt, folders } = await scanManifests(this.#folder, (name) => this.#readFile(name, files))
      this.#files = files
      this.#watch.set(new Set(folders))
      this.#report(corrupt)
      this.#replace(stored.sort(compareNewestFirst))
      this.#scannedNs = this.#clock.monotonicNs()
    }
  }

  async #readFile(name: ModelName, files: Map<string, ReadFile>): Promise<StoredManifest | undefined> {
    const { layout } = this.#folder
    const file = manifestPath(layout, name)
    const facts = await regularFile(layout.manifests, file)
    if (!facts) return undefined
    const known = this.#files.get(file)
    if (known?.isSettled && isSame(known.facts, facts)) {
      files.set(file, known)
      return known.stored
    }
    const isSettled = this.#clock.nowMs() - facts.modifiedMs > SETTLED_MS
    const stored = await readExactly(this.#folder, name)
    if (stored) files.set(file, { facts, stored, isSettled })
    return stored
  }

  #report(corrupt: readonly string[]): void {
    for (const manifest of corrupt.filter((file) => !this.#reported.has(file))) {
      this.#reported.add(manifest)
      this.#folder.log.warn('a manifest cannot be read and is left out', { manifest })
    }
  }

  #replace(list: readonly StoredManifest[]): void {
    const isEqual = list.length === this.#list.length && list.every((stored, index) => isSameManifest(stored, this.#list[index]))
    if (!isEqual) this.#list = list
  }

  get #clock(): Clock {
    return this.#folder.clock
  }
}

function isSame(a: FileFacts, b: FileFacts): boolean {
  return a.inode === b.inode && a.modifiedMs === b.modifiedMs && a.sizeBytes === b.sizeBytes
}

function isSameManifest(a: StoredManifest, b: StoredManifest | undefined): boolean {
  return b !== undefined && a.digestHex === b.digestHex && a.modifiedMs === b.modifiedMs && shortName(a.name) === shortName(b.name)
}

function compareNewestFirst(a: StoredManifest, b: StoredManifest): number {
  return b.modifiedMs - a.modifiedMs || (shortName(a.name) < shortName(b.name) ? -1 : 1)
}
