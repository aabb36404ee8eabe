// Which models came from a registry, so that an update leaves alone what was made here: name -> ID of the manifest that was pulled. A model that
// was replaced since has another ID and counts as made here. Models that Ollama has pulled are not in the list: their manifests are as the
// registry sent them, which Ollama's own never are (they end with a line feed), and that is what they are told by.

import { lstat, mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { isMissing, unlessMissing } from '../base/system-error.ts'
import { fullName, type ModelName, tryParseModelName } from '../model/name.ts'
import { replaceFile, temporaryName, toStoreError } from './durable.ts'
import { type Folder, STORE_LOCK } from './folder.ts'
import { manifestPath } from './layout.ts'
import { scanManifests } from './manifest-scan.ts'
import type { StoredManifest } from './store.ts'

export interface ModelOrigin {
  name: ModelName
  origin: 'registry' | 'local'
}

/** Far more models than anyone has. A larger file is not ours. */
const MAX_FILE_BYTES = 4 * 1024 * 1024
const LINE_FEED = 0x0a

export async function notePulled(folder: Folder, { name, digestHex }: Pick<StoredManifest, 'name' | 'digestHex'>): Promise<void> {
  await folder.locks.with(STORE_LOCK, async () => {
    const noted = new Map([...(await readNoted(folder)), [fullName(name), digestHex]])
    for (const known of noted.keys()) if (!(await isInstalled(folder, known))) noted.delete(known)
    const bytes = new TextEncoder().encode(`${JSON.stringify(Object.fromEntries(noted))}\n`)
    const state = path.dirname(folder.pulledFile)
    try {
      await mkdir(state, { recursive: true })
      await replaceFile(folder.pulledFile, bytes, path.join(state, temporaryName('pulled.')))
    } catch (error) {
      throw await toStoreError(error, state, bytes.byteLength)
    }
  })
}

/** Newest first, as models are listed. */
export async function listOrigins(folder: Folder): Promise<ModelOrigin[]> {
  const noted = await readNoted(folder)
  const { stored } = await scanManifests(folder)
  const isNoted = ({ name, digestHex }: StoredManifest) => noted.get(fullName(name)) === digestHex
  const pulledHere = new Set(stored.filter(isNoted).map(({ digestHex }) => digestHex))
  // A copy has the bytes of what it was copied from.
  const isFromRegistry = (each: StoredManifest) => isNoted(each) || (each.bytes.at(-1) !== LINE_FEED && !pulledHere.has(each.digestHex))
  return stored
    .sort((a, b) => b.modifiedMs - a.modifiedMs)
    .map((each) => ({ name: each.name, origin: isFromRegistry(each) ? 'registry' : 'local' }))
}

async function readNoted(folder: Folder): Promise<Map<string, string>> {
  const file = folder.pulledFile
  const stats = await unlessMissing(lstat(file))
  if (!stats?.isFile() || stats.size > MAX_FILE_BYTES) return new Map()
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    // Not ours any more: the next pull writes it anew.
    if (error instanceof SyntaxError || isMissing(error)) return new Map()
    throw error
  }
  if (typeof value !== 'object' || value === null) return new Map()
  return new Map(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

async function isInstalled(folder: Folder, name: string): Promise<boolean> {
  const parsed = tryParseModelName(name)
  return parsed !== undefined && (await unlessMissing(lstat(manifestPath(folder.layout, parsed)))) !== undefined
}
