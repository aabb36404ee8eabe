// Reads manifests from their folder: every one, or one by its exact name. What is no name, no regular file or a link that leads out of the
// folder is not there for us.

import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'
import { AppError, isAppError } from '../base/errors.ts'
import { unlessMissing, unlessMissingNow } from '../base/system-error.ts'
import { MAX_MANIFEST_BYTES, type Manifest, parseManifest } from '../model/manifest.ts'
import { type ModelName, toModelName } from '../model/name.ts'
import { type Folder, regularFile } from './folder.ts'
import { manifestPath } from './layout.ts'
import type { StoredManifest } from './store.ts'

const DEPTH = 4

export interface ManifestScan {
  stored: StoredManifest[]
  /** What lies where manifests lie and cannot be read as one, and links that lead elsewhere: who deletes must not guess what these refer to. */
  corrupt: string[]
  /** Everything that was looked into, absolute. */
  folders: string[]
}

export async function scanManifests(folder: Folder, read = (name: ModelName) => readExactly(folder, name)): Promise<ManifestScan> {
  const { names, links, folders } = await walkNames(folder)
  const scan: ManifestScan = { stored: [], corrupt: links, folders }
  for (const name of names) {
    const file = manifestPath(folder.layout, name)
    try {
      const stored = await read(name)
      if (stored) scan.stored.push(stored)
      else if (await unlessMissing(lstat(file))) scan.corrupt.push(path.relative(folder.layout.manifests, file))
    } catch (error) {
      if (!isAppError(error, 'store_corrupt')) throw error
      scan.corrupt.push(path.relative(folder.layout.manifests, file))
    }
  }
  return scan
}

/** Every path of four valid parts; whether it is a manifest is seen when it is read. Links in place of folders are not entered. */
export async function walkNames(folder: Folder): Promise<{ names: ModelName[]; links: string[]; folders: string[] }> {
  const names: ModelName[] = []
  const links: string[] = []
  const folders: string[] = []
  const walk = async (parts: readonly string[]): Promise<void> => {
    const at = path.join(folder.layout.manifests, ...parts)
    const entries = await unlessMissing(readdir(at, { withFileTypes: true }))
    folders.push(at)
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
  return { names, links, folders }
}

/** By the name as it is spelled on the disk. Undefined where there is no file. Throws `store_corrupt`. */
export async function readExactly(folder: Folder, name: ModelName): Promise<StoredManifest | undefined> {
  const file = manifestPath(folder.layout, name)
  const facts = await regularFile(folder.layout.manifests, file)
  if (!facts) return undefined
  // One byte more than allowed is enough to see that it is too much.
  const bytes = readAtMost(file, MAX_MANIFEST_BYTES + 1)
  if (!bytes) return undefined
  return {
    name,
    manifest: parseManifestBytes(bytes),
    digestHex: createHash('sha256').update(bytes).digest('hex'),
    bytes,
    modifiedMs: facts.modifiedMs,
  }
}

/** Throws `store_corrupt`. */
export function parseManifestBytes(bytes: Uint8Array): Manifest {
  if (bytes.byteLength > MAX_MANIFEST_BYTES) throw new AppError('store_corrupt', 'the manifest is larger than 4 MiB')
  return parseManifest(new TextDecoder().decode(bytes))
}

/** At once, as the facts: a manifest is a page of the system's cache for whoever asks for its model again. Undefined where there is no file. */
function readAtMost(file: string, limit: number): Uint8Array | undefined {
  const handle = unlessMissingNow(() => openSync(file, 'r'))
  if (handle === undefined) return undefined
  try {
    const bytes = new Uint8Array(Math.min(fstatSync(handle).size, limit))
    return bytes.subarray(0, readSync(handle, bytes, 0, bytes.byteLength, 0))
  } finally {
    closeSync(handle)
  }
}
