// Is a blob what its name says? Reads it whole and compares the hash. A damaged file is removed only if it is still the file that was read:
// a pull may have put a good one in its place meanwhile.

import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { type FileHandle, lstat, open, rm } from 'node:fs/promises'
import { throwIfAborted } from '../base/abort.ts'
import { isAppError } from '../base/errors.ts'
import { errorCode, isMissing, unlessMissing } from '../base/system-error.ts'
import { type Digest, toDigest } from '../model/digest.ts'
import { type Folder, regularFile, STORE_LOCK } from './folder.ts'
import { blobPath } from './layout.ts'
import { forgetLink, linkState, noteLink, noteOf } from './links.ts'

export type BlobCheck =
  | { state: 'whole'; sizeBytes: number }
  | { state: 'missing' }
  /** The file is there, and the system does not give its bytes. */
  | { state: 'unreadable'; code: string }
  /** `remove` is true when the file was removed. */
  | { state: 'damaged'; sizeBytes: number; remove(): Promise<boolean> }

const CHUNK_BYTES = 1024 * 1024
const REPORT_EVERY_BYTES = 16 * CHUNK_BYTES

export async function* checkBlob(folder: Folder, digest: Digest, signal: AbortSignal): AsyncGenerator<number, BlobCheck> {
  const file = blobPath(folder.layout, digest)
  if (!(await regularFile(folder.layout.blobs, file))) return { state: 'missing' }
  const before = await noteOf(file)
  try {
    await using handle = await open(file, 'r')
    const stats = await handle.stat()
    const hash = createHash('sha256')
    let sizeBytes = 0
    for await (const readBytes of readInto(handle, hash, signal)) {
      sizeBytes += readBytes
      yield readBytes
    }
    if (toDigest(hash.digest('hex')) === digest) {
      // Only its age is another.
      if (before !== undefined && (await linkState(folder, digest)) === 'changed') await noteLink(folder, { digest, file, before })
      return { state: 'whole', sizeBytes }
    }
    return { state: 'damaged', sizeBytes, remove: () => removeSame(folder, digest, stats) }
  } catch (error) {
    if (isMissing(error)) return { state: 'missing' }
    const code = isAppError(error) ? undefined : errorCode(error)
    if (code === undefined) throw error
    return { state: 'unreadable', code }
  }
}

async function* readInto(handle: FileHandle, hash: ReturnType<typeof createHash>, signal: AbortSignal): AsyncGenerator<number> {
  const buffer = new Uint8Array(CHUNK_BYTES)
  let position = 0
  let reported = 0
  while (true) {
    throwIfAborted(signal)
    const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, position)
    hash.update(buffer.subarray(0, bytesRead))
    position += bytesRead
    if (position > reported && (bytesRead === 0 || position - reported >= REPORT_EVERY_BYTES)) {
      yield position - reported
      reported = position
    }
    if (bytesRead === 0) return
  }
}

async function removeSame(folder: Folder, digest: Digest, read: Stats): Promise<boolean> {
  const file = blobPath(folder.layout, digest)
  return folder.locks.with(STORE_LOCK, async () => {
    const now = await unlessMissing(lstat(file))
    // A link is removed itself: what it points to is another file of the folder with a name of its own.
    if (!now || (!now.isSymbolicLink() && (now.ino !== read.ino || now.mtimeMs !== read.mtimeMs || now.size !== read.size))) return false
    await rm(file)
    await forgetLink(folder, digest)
    return true
  })
}
