// Downloads that are not finished, as they lie in the folder.

import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import path from 'node:path'
import { unlessMissing } from '../base/system-error.ts'
import type { Digest } from '../model/digest.ts'
import type { ModelName } from '../model/name.ts'
import type { Folder } from './folder.ts'
import { readJournal } from './journal.ts'
import { partialPath, readBlobEntries } from './layout.ts'
import { partialFiles, readParts, type Target } from './parts.ts'
import { RangeSet } from './ranges.ts'
import { readWanted } from './wanted.ts'

export interface PartialFacts {
  digest: Digest
  /** 0 where the bytes or their progress are gone. */
  sizeBytes: number
  completedBytes: number
  /** For which it is, as far as that is known: Ollama's say nothing. */
  models: ModelName[]
  /** When its youngest file was written. */
  modifiedMs: number
}

/** Youngest first. */
export async function listPartials(folder: Folder): Promise<PartialFacts[]> {
  const partials: PartialFacts[] = []
  for (const digest of await partialDigests(folder)) {
    const data = await unlessMissing(lstat(partialPath(folder.layout, digest)))
    const sizeBytes = data?.isFile() ? data.size : 0
    const [completedBytes, models] = [await completedBytesOf(folder, { digest, sizeBytes }), await readWanted(folder, digest)]
    const { modifiedMs } = await partialUse(folder, digest)
    partials.push({ digest, sizeBytes, completedBytes, models, modifiedMs })
  }
  return partials.sort((a, b) => b.modifiedMs - a.modifiedMs || (a.digest < b.digest ? -1 : 1))
}

/** By the progress files and by the journal; 0 where the bytes are gone. */
export async function completedBytesOf(folder: Folder, target: Target): Promise<number> {
  const done = new RangeSet()
  for (const { Offset, Completed } of (await readParts(folder, target)) ?? []) done.add(Offset, Offset + Completed)
  const data = await unlessMissing(open(partialPath(folder.layout, target.digest), constants.O_RDONLY | constants.O_NOFOLLOW))
  if (!data) return 0
  try {
    for (const { start, end } of await readJournal(folder, target.digest, data)) done.add(start, end)
  } finally {
    await data.close()
  }
  return done.all.reduce((sum, { start, end }) => sum + end - start, 0)
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
