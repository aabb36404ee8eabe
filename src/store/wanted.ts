// For whom a download is: a line of text for each model, in a file beside its journal. So a person sees what an unfinished download belongs to, and
// can remove it by that name. Written by who holds the download; what is no name in it is passed over.

import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { unlessMissing } from '../base/system-error.ts'
import type { Digest } from '../model/digest.ts'
import { fullName, isSameName, type ModelName, tryParseModelName } from '../model/name.ts'
import { replaceFile, temporaryName } from './durable.ts'
import { type Folder, regularFile } from './folder.ts'
import { wantedPath } from './layout.ts'

/** Some hundred names. A larger file is not ours. */
const MAX_FILE_BYTES = 64 * 1024

export async function readWanted(folder: Folder, digest: Digest): Promise<ModelName[]> {
  const file = wantedPath(folder.layout, digest)
  const facts = await regularFile(folder.layout.locks, file)
  if (!facts || facts.sizeBytes > MAX_FILE_BYTES) return []
  const text = (await unlessMissing(readFile(file, 'utf8'))) ?? ''
  return text
    .split('\n')
    .map(tryParseModelName)
    .filter((name) => name !== undefined)
}

/** The folder of locks is there. */
export async function addWanted(folder: Folder, digest: Digest, name: ModelName): Promise<void> {
  const names = await readWanted(folder, digest)
  if (names.some((known) => isSameName(known, name))) return
  await writeWanted(folder, digest, [...names, name])
}

/** True when nobody else wants it; what nobody is known to want is not this one's either. */
export async function dropWanted(folder: Folder, digest: Digest, name: ModelName): Promise<boolean> {
  const names = await readWanted(folder, digest)
  const others = names.filter((known) => !isSameName(known, name))
  if (others.length === names.length) return false
  if (others.length > 0) await writeWanted(folder, digest, others)
  return others.length === 0
}

export async function removeWanted(folder: Folder, digest: Digest): Promise<void> {
  await rm(wantedPath(folder.layout, digest), { force: true })
}

async function writeWanted(folder: Folder, digest: Digest, names: readonly ModelName[]): Promise<void> {
  const bytes = new TextEncoder().encode(names.map((name) => `${fullName(name)}\n`).join(''))
  if (bytes.byteLength > MAX_FILE_BYTES) return
  await replaceFile(wantedPath(folder.layout, digest), bytes, path.join(folder.layout.locks, temporaryName('wanted.')))
}
