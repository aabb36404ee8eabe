// Copies of models whose files the engine cannot read as they are (translate/translator.ts): named by the digest of the model. Here they only go
// when the model has gone.

import { lstat, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { unlessMissing } from '../base/system-error.ts'
import { type Digest, digestHex, toDigest } from '../model/digest.ts'
import type { Folder } from './folder.ts'
import { blobPath } from './layout.ts'
import type { PrunedItem } from './maintenance.ts'

const COPY = /^([0-9a-f]{64})-[a-z]+-\d+\.gguf(\.tmp-.+)?$/
/** Nobody writes one for longer without a change of it. */
const HALF_AGE_MS = 3600 * 1000

/** Below the folder of our own state. */
export function translationsFolder(stateFolder: string): string {
  return path.join(stateFolder, 'cache', 'translated')
}

/** Those of models whose weights are not here, or are about to go, and halves that nobody writes any more. */
export async function takeStaleTranslations(
  folder: Folder,
  { dryRun, leaving = new Set() }: { dryRun: boolean; leaving?: ReadonlySet<Digest> },
): Promise<PrunedItem[]> {
  const items: PrunedItem[] = []
  for (const name of (await unlessMissing(readdir(folder.translations))) ?? []) {
    const [, hex, half] = COPY.exec(name) ?? []
    if (hex === undefined) continue
    const digest = toDigest(hex)
    const file = path.join(folder.translations, name)
    const stats = await unlessMissing(lstat(file))
    if (!stats) continue
    const isHere = !leaving.has(digest) && (await unlessMissing(lstat(blobPath(folder.layout, digest)))) !== undefined
    const isStale = half === undefined ? !isHere : folder.clock.nowMs() - stats.mtimeMs > HALF_AGE_MS
    if (!isStale) continue
    if (!dryRun) await rm(file, { force: true })
    items.push({ kind: 'translation', digest, sizeBytes: stats.size })
  }
  return items
}

/** Of a blob that has just gone: a copy is as large as the model. */
export async function removeTranslations(folder: Folder, digest: Digest): Promise<void> {
  for (const name of (await unlessMissing(readdir(folder.translations))) ?? []) {
    const [, hex, half] = COPY.exec(name) ?? []
    if (hex === digestHex(digest) && half === undefined) await rm(path.join(folder.translations, name), { force: true })
  }
}
