// The last step of every blob: a verified file gets its name, under the lock that deletions hold as well.

import { createHash } from 'node:crypto'
import { type FileHandle, open, rename, utimes } from 'node:fs/promises'
import { throwIfAborted } from '../base/abort.ts'
import { AppError } from '../base/errors.ts'
import { unlessMissing } from '../base/system-error.ts'
import { type Digest, toDigest } from '../model/digest.ts'
import { syncFolder } from './durable.ts'
import { type FileFacts, type Folder, regularFile, STORE_LOCK } from './folder.ts'
import { blobPath } from './layout.ts'
import { forgetLink, linkState } from './links.ts'

const CHUNK_BYTES = 1024 * 1024

export interface Hashed {
  digest: Digest
  sizeBytes: number
}

/** A link whose file was written to since is no blob any more. */
export async function findBlob(folder: Folder, digest: Digest): Promise<FileFacts | undefined> {
  const facts = await regularFile(folder.layout.blobs, blobPath(folder.layout, digest))
  return facts && (await linkState(folder, digest)) !== 'changed' ? facts : undefined
}

/** Pinned before it is looked for, and made young, so that neither we nor Ollama delete it while no manifest refers to it. */
export async function keepBlob(folder: Folder, digest: Digest): Promise<FileFacts | undefined> {
  return folder.locks.with(STORE_LOCK, async () => {
    const facts = await findBlob(folder, digest)
    if (!facts) return undefined
    await folder.pins.add(digest)
    // The age of a link is that of somebody's file.
    if ((await linkState(folder, digest)) === 'unchanged') return facts
    const seconds = folder.clock.nowMs() / 1000
    await unlessMissing(utimes(blobPath(folder.layout, digest), seconds, seconds))
    return facts
  })
}

export interface NameOptions {
  /** Notes that the file is a link; false where it is another by now. */
  note?: (() => Promise<boolean>) | undefined
}

/** Gives a synced, verified file its name; true when a blob of that name and size was there already. */
export async function nameBlob(
  folder: Folder,
  temporary: string,
  { digest, sizeBytes }: Hashed,
  { note }: NameOptions = {},
): Promise<boolean> {
  return folder.locks.with(STORE_LOCK, async () => {
    await folder.pins.add(digest)
    const found = await findBlob(folder, digest)
    const existed = found?.sizeBytes === sizeBytes
    if (!existed) {
      await forgetLink(folder, digest)
      if (note && !(await note())) throw new AppError('invalid_request', 'the file changed while it was imported')
      await rename(temporary, blobPath(folder.layout, digest))
    }
    await syncFolder(folder.layout.blobs)
    return existed
  })
}

export interface HashOptions {
  signal?: AbortSignal | undefined
  /** Bytes since the last call. */
  onRead?: ((bytes: number) => void) | undefined
}

export async function hashFile(file: string, options: HashOptions = {}): Promise<Hashed> {
  const handle = await open(file, 'r')
  try {
    return await hashHandle(handle, options)
  } finally {
    await handle.close()
  }
}

/** From the start, wherever it was read to before. */
export async function hashHandle(handle: FileHandle, { signal, onRead }: HashOptions): Promise<Hashed> {
  const hash = createHash('sha256')
  const buffer = new Uint8Array(CHUNK_BYTES)
  let sizeBytes = 0
  while (true) {
    throwIfAborted(signal)
    const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, sizeBytes)
    if (bytesRead === 0) return { digest: toDigest(hash.digest('hex')), sizeBytes }
    hash.update(buffer.subarray(0, bytesRead))
    sizeBytes += bytesRead
    onRead?.(bytesRead)
  }
}

export function mismatch(expected: Digest, actual: Digest): AppError {
  return new AppError('digest_mismatch', `digest mismatch, expected "${expected}", got "${actual}"`, { details: { expected, actual } })
}
