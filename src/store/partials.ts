// Downloads that are not finished, as they lie in the folder.

import { lstat } from 'node:fs/promises'
import path from 'node:path'
import type { Digest } from '../model/digest.ts'
import { unlessMissing } from './durable.ts'
import type { Folder } from './folder.ts'
import { partialPath, readBlobEntries } from './layout.ts'
import { partialFiles, readParts } from './parts.ts'

export interface PartialFacts {
  digest: Digest
  /** 0 where the bytes or their progress are gone. */
  sizeBytes: number
  completedBytes: number
  /** When its youngest file was written. */
  modifiedMs: number
}

/** Youngest first. */
export async function listPartials(folder: Folder): Promise<PartialFacts[]> {
  const partials: PartialFacts[] = []
  for (const digest of await partialDigests(folder)) {
    const data = await unlessMissing(lstat(partialPath(folder.layout, digest)))
    const sizeBytes = data?.isFile() ? data.size : 0
    const parts = (await readParts(folder, { digest, sizeBytes })) ?? []
    const { modifiedMs } = await partialUse(folder, digest)
    partials.push({ digest, sizeBytes, completedBytes: parts.reduce((sum, part) => sum + part.Completed, 0), modifiedMs })
  }
  return partials.sort((a, b) => b.modifiedMs - a.modifiedMs || (a.digest < b.digest ? -1 : 1))
}

export async function partialDigests(folder: Folder): Promise<Set<Digest>> {
  const entries = await readBlobEntries(folder.layout)
  return new Set(entries.flatMap(({ entry }) => (entry.kind === 'partial' ? [entry.digest] : [])))
}

/** What a download takes on the disk, where its file is sparse, and the age of its youngest file. */
export async function partialUse(folder: Folder, digest: Digest): Promise<{ diskBytes: number; modifiedMs: number }> {
  let diskBytes = 0
  let modifiedMs = 0
  for (const name of await partialFiles(folder, digest)) {
    const stats = await unlessMissing(lstat(path.join(folder.layout.blobs, name)))
    if (!stats) continue
    diskBytes += Math.min(stats.size, stats.blocks * BLOCK_BYTES)
    modifiedMs = Math.max(modifiedMs, stats.mtimeMs)
  }
  return { diskBytes, modifiedMs }
}

/** What `blocks` counts, on every system. */
const BLOCK_BYTES = 512
