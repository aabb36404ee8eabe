// What runners have saved of what models read and wrote (runner/child/prefix-folder.ts): folders named by the digest of the model. Here they
// only go when the model has gone.

import { lstat, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { unlessMissing } from '../base/system-error.ts'
import { type Digest, toDigest } from '../model/digest.ts'
import type { Folder } from './folder.ts'
import { blobPath } from './layout.ts'
import type { PrunedItem } from './maintenance.ts'

const KEY_FOLDER = /^([0-9a-f]{64})-[0-9a-f]{16}$/

/** Below the folder of our own state. */
export function prefixStatesFolder(stateFolder: string): string {
  return path.join(stateFolder, 'cache', 'prefix')
}

/** Those of models whose weights are not here, or are about to go. */
export async function takeStaleStates(
  folder: Folder,
  { dryRun, leaving = new Set() }: { dryRun: boolean; leaving?: ReadonlySet<Digest> },
): Promise<PrunedItem[]> {
  const items: PrunedItem[] = []
  for (const name of (await unlessMissing(readdir(folder.prefixStates))) ?? []) {
    const hex = KEY_FOLDER.exec(name)?.[1]
    if (hex === undefined) continue
    const digest = toDigest(hex)
    if (!leaving.has(digest) && (await unlessMissing(lstat(blobPath(folder.layout, digest))))) continue
    const states = path.join(folder.prefixStates, name)
    const sizeBytes = await sizeOf(states)
    if (!dryRun) await rm(states, { recursive: true, force: true })
    items.push({ kind: 'prefix', digest, sizeBytes })
  }
  return items
}

async function sizeOf(states: string): Promise<number> {
  let sizeBytes = 0
  for (const name of (await unlessMissing(readdir(states))) ?? []) {
    sizeBytes += (await unlessMissing(lstat(path.join(states, name))))?.size ?? 0
  }
  return sizeBytes
}
