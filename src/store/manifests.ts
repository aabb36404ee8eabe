// Manifests: one small JSON file per name. They are replaced whole and synced, or not at all. The names on the disk are found ignoring case;
// what is no name, no regular file or a link that leads out of the folder is not there for us.

import { createHash } from 'node:crypto'
import { lstat, mkdir, open, readdir, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { AppError, isAppError } from '../base/errors.ts'
import type { Digest } from '../model/digest.ts'
import { formatManifest, type Layer, MAX_MANIFEST_BYTES, type Manifest, parseManifest } from '../model/manifest.ts'
import { isSameName, type ModelName, shortName, toModelName } from '../model/name.ts'
import { errorCode, isMissing, replaceFile, syncFolder, temporaryName, toStoreError, unlessMissing } from './durable.ts'
import { type Folder, regularFile, STORE_LOCK } from './folder.ts'
import { MANIFEST_TEMPORARY, manifestPath } from './layout.ts'
import { spellLikeExisting } from './spelling.ts'
import type { ManifestStore, StoredManifest } from './store.ts'

/** A folder that another process removes while it is empty is made again. */
const WRITE_ATTEMPTS = 5
const DEPTH = 4

export interface ManifestScan {
  stored: StoredManifest[]
  /** What lies where manifests lie and cannot be read as one, and links that lead elsewhere: who deletes must not guess what these refer to. */
  corrupt: string[]
}

export function createManifestStore(folder: Folder, removeUnused: (layers: readonly Layer[]) => Promise<void>): ManifestStore {
  const reported = new Set<string>()
  return {
    read: (name) => readNamed(folder, name),
    async write(name, manifest, { keepUnused = false } = {}) {
      const bytes = manifest instanceof Uint8Array ? manifest : new TextEncoder().encode(formatManifest(manifest))
      const next = parseBytes(bytes)
      const { stored, before } = await folder.locks.with(STORE_LOCK, () => replaceManifest(folder, name, bytes))
      await folder.pins.remove(digestsOf(next))
      if (before && !keepUnused) await removeUnused(layersOf(before))
      return stored
    },
    remove: (name) => folder.locks.with(STORE_LOCK, () => removeManifest(folder, name)),
    async list() {
      const { stored, corrupt } = await scanManifests(folder)
      for (const name of corrupt.filter((file) => !reported.has(file))) {
        reported.add(name)
        folder.log.warn('a manifest cannot be read and is left out', { manifest: name })
      }
      return stored.sort((a, b) => b.modifiedMs - a.modifiedMs || (shortName(a.name) < shortName(b.name) ? -1 : 1))
    },
  }
}

export async function scanManifests(folder: Folder): Promise<ManifestScan> {
  const { names, links } = await walkNames(folder)
  const scan: ManifestScan = { stored: [], corrupt: links }
  for (const name of names) {
    const file = manifestPath(folder.layout, name)
    try {
      const stored = await readExactly(folder, name)
      if (stored) scan.stored.push(stored)
      else if (await unlessMissing(lstat(file))) scan.corrupt.push(path.relative(folder.layout.manifests, file))
    } catch (error) {
      if (!isAppError(error, 'store_corrupt')) throw error
      scan.corrupt.push(path.relative(folder.layout.manifests, file))
    }
  }
  return scan
}

function layersOf(manifest: Manifest): Layer[] {
  return [...manifest.layers, manifest.config]
}

export function digestsOf(manifest: Manifest): Digest[] {
  return layersOf(manifest).map((layer) => layer.digest)
}

async function listNames(folder: Folder): Promise<ModelName[]> {
  return (await walkNames(folder)).names
}

/** Every path of four valid parts; whether it is a manifest is seen when it is read. Links in place of folders are not entered. */
async function walkNames(folder: Folder): Promise<{ names: ModelName[]; links: string[] }> {
  const names: ModelName[] = []
  const links: string[] = []
  const walk = async (parts: readonly string[]): Promise<void> => {
    const entries = await unlessMissing(readdir(path.join(folder.layout.manifests, ...parts), { withFileTypes: true }))
    for (const entry of (entries ?? []).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const [host = '', namespace = '', model = '', tag = ''] = [...parts, entry.name]
      if (parts.length < DEPTH - 1) {
        if (entry.isDirectory()) await walk([...parts, entry.name])
        else if (entry.isSymbolicLink()) links.push(path.join(...parts, entry.name))
      } else if (!entry.isDirectory()) {
        const name = toModelName({ host, namespace, model, tag })
        if (name) names.push(name)
      }
    }
  }
  await walk([])
  return { names, links }
}

async function readNamed(folder: Folder, name: ModelName): Promise<StoredManifest | undefined> {
  const exact = await readExactly(folder, name)
  if (exact) return exact
  const spelled = (await listNames(folder)).find((existing) => isSameName(existing, name))
  return spelled && readExactly(folder, spelled)
}

async function readExactly(folder: Folder, name: ModelName): Promise<StoredManifest | undefined> {
  const file = manifestPath(folder.layout, name)
  const facts = await regularFile(folder.layout.manifests, file)
  if (!facts) return undefined
  // One byte more than allowed is enough to see that it is too much.
  const bytes = await unlessMissing(readAtMost(file, MAX_MANIFEST_BYTES + 1))
  if (!bytes) return undefined
  return {
    name,
    manifest: parseBytes(bytes),
    digestHex: createHash('sha256').update(bytes).digest('hex'),
    bytes,
    modifiedMs: facts.modifiedMs,
  }
}

function parseBytes(bytes: Uint8Array): Manifest {
  if (bytes.byteLength > MAX_MANIFEST_BYTES) throw new AppError('store_corrupt', 'the manifest is larger than 4 MiB')
  return parseManifest(new TextDecoder().decode(bytes))
}

async function readAtMost(file: string, limit: number): Promise<Uint8Array> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const bytes = new Uint8Array(Math.min(size, limit))
    const { bytesRead } = await handle.read(bytes, 0, bytes.byteLength, 0)
    return bytes.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
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
