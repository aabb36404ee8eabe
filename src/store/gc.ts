// Deletes what nothing refers to. Only files with names that this directory or Ollama gives are ever deleted, only in the blobs folder, and
// nothing at all while a manifest cannot be read: it might refer to anything.

import { lstat, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { unlessMissing } from '../base/system-error.ts'
import { type Digest, digestHex } from '../model/digest.ts'
import type { Layer } from '../model/manifest.ts'
import type { ModelName } from '../model/name.ts'
import { type Folder, STORE_LOCK } from './folder.ts'
import { blobPath, isManifestTemporary, parseBlobEntry, readBlobEntries } from './layout.ts'
import { forgetLink } from './links.ts'
import type { PrunedItem, PruneRequest } from './maintenance.ts'
import { scanManifests } from './manifest-scan.ts'
import { digestsOf, removeEmptyFolders } from './manifests.ts'
import { partialLock } from './partial.ts'
import { partialDigests, partialUse } from './partials.ts'
import { removePartial } from './parts.ts'
import { takeStaleStates } from './prefix-states.ts'
import { removeTranslations, takeStaleTranslations } from './translations.ts'
import { dropWanted } from './wanted.ts'

export const UNUSED_AGE_MS = 3600 * 1000
export const PARTIAL_AGE_MS = 7 * 24 * 3600 * 1000

/** Those of the layers that no manifest refers to and nobody counts on. */
export async function removeUnusedLayers(folder: Folder, candidates: readonly Layer[]): Promise<void> {
  await folder.locks.with(STORE_LOCK, async () => {
    const used = await usedDigests(folder)
    if (!used) return
    for (const digest of new Set(candidates.map((layer) => layer.digest))) {
      if (used.has(digest)) continue
      await rm(blobPath(folder.layout, digest), { force: true })
      await forgetLink(folder, digest)
      await removeTranslations(folder, digest)
    }
  })
}

/** `sha256:` in the names of blobs becomes `sha256-`. */
export async function renameOldSpellings(folder: Folder): Promise<void> {
  for (const { name, entry } of await readBlobEntries(folder.layout)) {
    if (entry.kind !== 'old-spelling') continue
    const target = blobPath(folder.layout, entry.digest)
    if (!(await unlessMissing(lstat(target)))) await rename(path.join(folder.layout.blobs, name), target)
  }
}

export async function pruneFolder(folder: Folder): Promise<void> {
  const partials = await folder.locks.with(STORE_LOCK, async () => {
    const used = await usedDigests(folder)
    if (!used) return []
    const entries = await readBlobEntries(folder.layout)
    for (const { name, entry } of entries) {
      const unused = entry.kind === 'temporary' || (entry.kind === 'blob' && !used.has(entry.digest))
      if (unused && (await isOlder(folder, path.join(folder.layout.blobs, name), UNUSED_AGE_MS))) await removeFile(folder, name)
    }
    await pruneManifestFolders(folder)
    return entries.flatMap(({ entry }) => (entry.kind === 'partial' ? [entry.digest] : []))
  })
  await takeStaleStates(folder, { dryRun: false })
  await takeStaleTranslations(folder, { dryRun: false })
  // Without the lock of the store: a download that ends holds its own and waits for that one.
  for (const digest of new Set(partials)) {
    const sizeBytes = await takePartial(folder, digest, { ageMs: PARTIAL_AGE_MS, dryRun: false })
    if (sizeBytes !== undefined) folder.log.info('an old download was given up', { digest: digestHex(digest).slice(0, 12) })
  }
}

/** Undefined while a manifest is corrupt. */
export async function pruneOnRequest(folder: Folder, { dryRun, partials }: PruneRequest): Promise<PrunedItem[] | undefined> {
  const items = await folder.locks.with(STORE_LOCK, async () => {
    const used = await usedDigests(folder)
    return used && takeUnused(folder, used, dryRun)
  })
  if (!items) return undefined
  const leaving = new Set(items.flatMap(({ kind, digest }) => (kind === 'blob' && digest ? [digest] : [])))
  items.push(...(await takeStaleStates(folder, { dryRun, leaving })), ...(await takeStaleTranslations(folder, { dryRun, leaving })))
  const ageMs = partials ? Number.NEGATIVE_INFINITY : PARTIAL_AGE_MS
  for (const digest of await partialDigests(folder)) {
    const sizeBytes = await takePartial(folder, digest, { ageMs, dryRun })
    if (sizeBytes !== undefined) items.push({ kind: 'download', digest, sizeBytes })
  }
  return items
}

async function takeUnused(folder: Folder, used: ReadonlySet<Digest>, dryRun: boolean): Promise<PrunedItem[]> {
  const items: PrunedItem[] = []
  for (const { name, entry } of await readBlobEntries(folder.layout)) {
    const file = path.join(folder.layout.blobs, name)
    const unused =
      (entry.kind === 'blob' && !used.has(entry.digest)) || (entry.kind === 'temporary' && (await isOlder(folder, file, UNUSED_AGE_MS)))
    const stats = unused ? await unlessMissing(lstat(file)) : undefined
    if (!stats) continue
    if (!dryRun) await removeFile(folder, name)
    items.push({
      kind: entry.kind === 'blob' ? 'blob' : 'temporary',
      ...(entry.kind === 'blob' ? { digest: entry.digest } : {}),
      sizeBytes: stats.size,
    })
  }
  return items
}

/** Those that no other model is known to want. */
export async function removePartialsOf(folder: Folder, model: ModelName): Promise<number> {
  let count = 0
  for (const digest of await partialDigests(folder)) {
    const lock = await folder.locks.tryAcquire(partialLock(digest))
    if (!lock) continue
    try {
      if (!(await dropWanted(folder, digest, model))) continue
      await removePartial(folder, digest)
      count++
    } finally {
      await lock.release()
    }
  }
  return count
}

/** A download is one thing: it is as old as its youngest file. What it takes on the disk; undefined where somebody holds it, or it is not old enough. */
async function takePartial(
  folder: Folder,
  digest: Digest,
  { ageMs, dryRun }: { ageMs: number; dryRun: boolean },
): Promise<number | undefined> {
  const lock = await folder.locks.tryAcquire(partialLock(digest))
  if (!lock) return undefined
  try {
    const { diskBytes, modifiedMs } = await partialUse(folder, digest)
    if (folder.clock.nowMs() - modifiedMs <= ageMs) return undefined
    if (!dryRun) await removePartial(folder, digest)
    return diskBytes
  } finally {
    await lock.release()
  }
}

/** Undefined, with a line in the log, while a manifest is corrupt. */
async function usedDigests(folder: Folder): Promise<Set<Digest> | undefined> {
  const { stored, corrupt } = await scanManifests(folder)
  if (corrupt.length > 0) {
    folder.log.warn('nothing is deleted while a manifest cannot be read: pull that model again or remove it', { manifest: corrupt[0] })
    return undefined
  }
  const used = await folder.pins.all()
  for (const { manifest } of stored) for (const digest of digestsOf(manifest)) used.add(digest)
  return used
}

async function pruneManifestFolders(folder: Folder): Promise<void> {
  const root = folder.layout.manifests
  const walk = async (at: string, depth: number): Promise<void> => {
    for (const entry of (await unlessMissing(readdir(at, { withFileTypes: true }))) ?? []) {
      const file = path.join(at, entry.name)
      if (entry.isDirectory() && depth < 3) await walk(file, depth + 1)
      else if (depth === 0 && isManifestTemporary(entry.name) && (await isOlder(folder, file, UNUSED_AGE_MS)))
        await rm(file, { force: true })
    }
    if (at !== root) await removeEmptyFolders(folder, at)
  }
  await walk(root, 0)
}

async function isOlder(folder: Folder, file: string, ageMs: number): Promise<boolean> {
  const stats = await unlessMissing(lstat(file))
  return stats !== undefined && folder.clock.nowMs() - stats.mtimeMs > ageMs
}

async function removeFile(folder: Folder, name: string): Promise<void> {
  await rm(path.join(folder.layout.blobs, name), { force: true })
  const entry = parseBlobEntry(name)
  if (entry.kind === 'blob') await forgetLink(folder, entry.digest)
  folder.log.debug('an unused file was removed', { file: name })
}
