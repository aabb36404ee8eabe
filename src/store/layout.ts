// The names of files in the models folder, as Ollama lays them out (contract/native.md section 10.1), so that one folder serves both:
//   blobs/sha256-<64 hex>             a blob; exists only when its bytes have that hash
//   blobs/sha256-<64 hex>-partial     a download; -partial-<N> are its progress files
//   manifests/<host>/<namespace>/<model>/<tag>   (a namespace of several segments stands behind its host: model/name.ts)
// Ours alone: blobs/tmp-* and manifests/.tmp-* while they are written, .locks/ for locks, pins and notes about downloads. Ollama never looks at the latter.

import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { unlessMissing } from '../base/system-error.ts'
import { type Digest, digestHex, toDigest } from '../model/digest.ts'
import { type ModelName, toFlatParts } from '../model/name.ts'

export interface Layout {
  root: string
  blobs: string
  manifests: string
  locks: string
}

export type BlobEntry =
  | { kind: 'blob'; digest: Digest }
  /** Spelled `sha256:`, as very old versions did. */
  | { kind: 'old-spelling'; digest: Digest }
  | { kind: 'partial'; digest: Digest }
  | { kind: 'temporary' }
  | { kind: 'other' }

const BLOB = /^sha256([-:])([0-9a-f]{64})$/
const PARTIAL = /^sha256-([0-9a-f]{64})-partial(?:-\d{1,6})?$/
// Ollama's are `sha256-` and random digits; those of its tensor downloads end in `.tmp`.
const TEMPORARY = /^(?:tmp-[0-9a-z-]+|sha256-\d{1,20}|sha256-[0-9a-f]{64}\.tmp)$/

export function createLayout(root: string): Layout {
  return { root, blobs: path.join(root, 'blobs'), manifests: path.join(root, 'manifests'), locks: path.join(root, '.locks') }
}

export function blobPath(layout: Layout, digest: Digest): string {
  return path.join(layout.blobs, `sha256-${digestHex(digest)}`)
}

/** Progress file of one part of a download, or without `part` the bytes themselves. */
export function partialPath(layout: Layout, digest: Digest, part?: number): string {
  return `${blobPath(layout, digest)}-partial${part === undefined ? '' : `-${part}`}`
}

/** What a process that was killed had written of a download. */
export function journalPath(layout: Layout, digest: Digest): string {
  return path.join(layout.locks, `written-${digestHex(digest)}`)
}

/** How the file was that a blob shares with somebody else's name. */
export function linkedPath(layout: Layout, digest: Digest): string {
  return path.join(layout.locks, `linked-${digestHex(digest)}`)
}

/** For which models a download is. */
export function wantedPath(layout: Layout, digest: Digest): string {
  return path.join(layout.locks, `wanted-${digestHex(digest)}`)
}

/** Four folders deep, whatever the name: Ollama looks nowhere else, and would take the blobs of a manifest that it does not see for unused. */
export function manifestPath(layout: Layout, name: ModelName): string {
  const { host, namespace, model, tag } = toFlatParts(name)
  return path.join(layout.manifests, host, namespace, model, tag)
}

export function parseBlobEntry(name: string): BlobEntry {
  const [, separator, hex] = BLOB.exec(name) ?? []
  if (hex !== undefined) return { kind: separator === ':' ? 'old-spelling' : 'blob', digest: toDigest(hex) }
  const partial = PARTIAL.exec(name)?.[1]
  if (partial !== undefined) return { kind: 'partial', digest: toDigest(partial) }
  return { kind: TEMPORARY.test(name) ? 'temporary' : 'other' }
}

/** What lies in the folder of blobs, without its subfolders. */
export async function readBlobEntries({ blobs }: Layout): Promise<{ name: string; entry: BlobEntry }[]> {
  const entries = (await unlessMissing(readdir(blobs, { withFileTypes: true }))) ?? []
  return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => ({ name, entry: parseBlobEntry(name) }))
}

export function isManifestTemporary(name: string): boolean {
  return name.startsWith(MANIFEST_TEMPORARY)
}

export const MANIFEST_TEMPORARY = '.tmp-'
export const BLOB_TEMPORARY = 'tmp-'
