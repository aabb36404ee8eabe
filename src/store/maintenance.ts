// What a person asks of the store: what is there that nobody needs, what is half there, what is damaged, who may do what. Unlike the pruning at
// start, a prune on request takes unused blobs of any age; what another process of ours counts on stays pinned, and temporary files stay
// until they have been still for an hour, since somebody may be writing them.

import { lstat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../base/errors.ts'
import { unlessMissing } from '../base/system-error.ts'
import type { Digest } from '../model/digest.ts'
import { type FolderProblem, findFolderProblem } from './access.ts'
import type { Folder } from './folder.ts'
import { pruneOnRequest } from './gc.ts'
import { readBlobEntries } from './layout.ts'
import { scanManifests } from './manifest-scan.ts'
import { listPartials, type PartialFacts } from './partials.ts'
import { listOrigins, type ModelOrigin, notePulled } from './pulled.ts'
import type { StoredManifest } from './store.ts'
import { type BlobCheck, checkBlob } from './verify.ts'

export type { FolderProblem } from './access.ts'
export type { PartialFacts } from './partials.ts'
export type { BlobCheck } from './verify.ts'

export interface PruneRequest {
  /** Tells, and deletes nothing. */
  dryRun: boolean
  /** Unfinished downloads of any age too, unless somebody holds them. Otherwise those that are older than a week. */
  partials: boolean
}

export interface PrunedItem {
  kind: 'blob' | 'download' | 'temporary' | 'prefix' | 'translation'
  /** Absent for temporary files; of a saved prefix and a translated copy, the model's. */
  digest?: Digest
  /** What its files take on the disk. */
  sizeBytes: number
}

export interface StoreMaintenance {
  /** Throws `store_corrupt` while a manifest cannot be read: it might refer to anything. */
  prune(request: PruneRequest): Promise<PrunedItem[]>
  partials(): Promise<PartialFacts[]>
  /** Every file that has a blob's name. */
  blobs(): Promise<{ digest: Digest; sizeBytes: number }[]>
  /** Yields how many bytes were read since the last time. */
  check(digest: Digest, signal: AbortSignal): AsyncGenerator<number, BlobCheck>
  /** Files that lie where manifests lie and cannot be read as such; paths below the folder of manifests. */
  corruptManifests(): Promise<string[]>
  notePulled(stored: Pick<StoredManifest, 'name' | 'digestHex'>): Promise<void>
  /** Which models came from a registry, newest first. */
  origins(): Promise<ModelOrigin[]>
  /** The first thing that keeps this user from working in the models folder. */
  findFolderProblem(): Promise<FolderProblem | undefined>
}

export function createMaintenance(folder: Folder): StoreMaintenance {
  return {
    async prune(request) {
      const items = await pruneOnRequest(folder, request)
      if (items) return items
      const [manifest = ''] = (await scanManifests(folder)).corrupt
      throw new AppError(
        'store_corrupt',
        `nothing is deleted while the manifest ${manifest} cannot be read: pull that model again or remove it`,
      )
    },
    partials: () => listPartials(folder),
    async blobs() {
      const blobs = []
      for (const { name, entry } of await readBlobEntries(folder.layout)) {
        if (entry.kind !== 'blob') continue
        const stats = await unlessMissing(lstat(path.join(folder.layout.blobs, name)))
        if (stats) blobs.push({ digest: entry.digest, sizeBytes: stats.size })
      }
      return blobs
    },
    check: (digest, signal) => checkBlob(folder, digest, signal),
    corruptManifests: async () => (await scanManifests(folder)).corrupt,
    notePulled: (stored) => notePulled(folder, stored),
    origins: () => listOrigins(folder),
    findFolderProblem: () => findFolderProblem(folder.layout),
  }
}
