// Manifests: one small JSON file per name. They are replaced whole and synced, or not at all. The names on the disk are found ignoring case;
// what is no name, no regular file or a link that leads out of the folder is not there for us.

import { mkdir, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { AppError, isAppError } from '../base/errors.ts'
import { errorCode, isMissing } from '../base/system-error.ts'
import type { Digest } from '../model/digest.ts'
import { formatManifest, type Layer, type Manifest } from '../model/manifest.ts'
import { isSameName, type ModelName, shortName } from '../model/name.ts'
import { replaceFile, syncFolder, temporaryName, toStoreError } from './durable.ts'
import { type Folder, STORE_LOCK } from './folder.ts'
import { MANIFEST_TEMPORARY, manifestPath } from './layout.ts'
import { ManifestList } from './manifest-list.ts'
import { parseManifestBytes, readExactly, walkNames } from './manifest-scan.ts'
import { spellLikeExisting } from './spelling.ts'
import type { ManifestStore, StoredManifest } from './store.ts'

/** A folder that another process removes while it is empty is made again. */
const WRITE_ATTEMPTS = 5

export function createManifestStore(folder: Folder, removeUnused: (layers: readonly Layer[]) => Promise<void>): ManifestStore {
  const list = new ManifestList(folder)
  return {
    read: (name) => readNamed(folder, name),
    async write(name, manifest, { keepUnused = false } = {}) {
      const bytes = manifest instanceof Uint8Array ? manifest : new TextEncoder().encode(formatManifest(manifest))
      const next = parseManifestBytes(bytes)
      const { stored, before } = await folder.locks.with(STORE_LOCK, () => replaceManifest(folder, name, bytes))
      await folder.pins.remove(digestsOf(next))
      if (before && !keepUnused) await removeUnused(layersOf(before))
      return stored
    },
    remove: (name) => folder.locks.with(STORE_LOCK, () => removeManifest(folder, name)),
    list: () => list.read(),
  }
}

async function listNames(folder: Folder): Promise<ModelName[]> {
  return (await walkNames(folder)).names
}

function layersOf(manifest: Manifest): Layer[] {
  return [...manifest.layers, manifest.config]
}

export function digestsOf(manifest: Manifest): Digest[] {
  return layersOf(manifest).map((layer) => layer.digest)
}

async function readNamed(folder: Folder, name: ModelName): Promise<StoredManifest | undefined> {
  const exact = await readExactly(folder, name)
  if (exact) return exact
  const spelled = (await listNames(folder)).find((existing) => isSameName(existing, name))
  return spelled && readExactly(folder, spelled)
}

async function replaceManifest(folder: Folder, name: ModelName, bytes: Uint8Array): Promise<{ stored: StoredManifest; before?: Manifest }> {
  const spelled = spellLikeExisting(name, await listNames(folder))
  const before = await readUnlessCorrupt(folder, spelled)
  const file = manifestPath(folder.layout, spelled)
  const temporary = path.join(folder.layout.manifests, temporaryName(MANIFEST_TEMPORARY))
  try {
    for (let attempt = 1; ; attempt++) {
      const made = await mkdir(path.dirname(file), { recursive: true })
      if (made !== undefined) await syncParents(folder, path.dirname(file))
      try {
        await replaceFile(file, bytes, temporary)
        break
      } catch (error) {
        if (!isMissing(error) || attempt === WRITE_ATTEMPTS) throw error
      }
    }
  } catch (error) {
    throw await toStoreError(error, folder.layout.manifests, bytes.byteLength)
  }
  const stored = await readExactly(folder, spelled)
  if (!stored) throw new AppError('internal', `the manifest of ${shortName(spelled)} vanished while it was written`)
  return { stored, ...(before ? { before } : {}) }
}

async function readUnlessCorrupt(folder: Folder, name: ModelName): Promise<Manifest | undefined> {
  try {
    return (await readExactly(folder, name))?.manifest
  } catch (error) {
    if (isAppError(error, 'store_corrupt')) return undefined
    throw error
  }
}

/** New folders are entries of their parents, which must be on the disk as well. */
async function syncParents(folder: Folder, made: string): Promise<void> {
  for (let at = made; at.startsWith(folder.layout.manifests) && at !== folder.layout.manifests; at = path.dirname(at)) {
    await syncFolder(path.dirname(at))
  }
}

async function removeManifest(folder: Folder, name: ModelName): Promise<boolean> {
  const names = await listNames(folder)
  const spelled = names.find((existing) => manifestPath(folder.layout, existing) === manifestPath(folder.layout, name))
  const existing = spelled ?? names.find((other) => isSameName(other, name))
  if (!existing) return false
  const file = manifestPath(folder.layout, existing)
  try {
    await rm(file)
  } catch (error) {
    if (isMissing(error)) return false
    throw await toStoreError(error, folder.layout.manifests)
  }
  await syncFolder(path.dirname(file))
  await removeEmptyFolders(folder, path.dirname(file))
  return true
}

/** Upwards from `from`, as long as there is nothing left in them. */
export async function removeEmptyFolders(folder: Folder, from: string): Promise<void> {
  for (let at = from; at.startsWith(folder.layout.manifests) && at !== folder.layout.manifests; at = path.dirname(at)) {
    try {
      await rmdir(at)
    } catch (error) {
      const code = errorCode(error)
      if (code === 'ENOTEMPTY' || code === 'EEXIST') return
      if (code !== 'ENOENT') throw error
    }
  }
}
