// Files of the server's own disk that a request names. Regular files only: a device or a pipe would never end.

import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { AppError } from '../base/errors.ts'

/** Throws `invalid_request` for what is no regular file or larger than `maxBytes`, and the system's error where it cannot be opened. */
export async function readLocalFile(path: string, maxBytes: number): Promise<Uint8Array> {
  await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const stats = await handle.stat()
  if (!stats.isFile() || stats.size > maxBytes) throw refusal()
  // Some regular files do not know their size, and others grow.
  const bytes = await readFirst(handle, maxBytes + 1)
  if (bytes.length > maxBytes) throw refusal()
  return bytes
}

export interface LocalFileFacts {
  sizeBytes: number
  modifiedMs: number
  firstBytes: Uint8Array
}

/** Throws `invalid_request` for what is no regular file, and the system's error where it cannot be opened. */
export async function inspectLocalFile(path: string, firstBytes: number): Promise<LocalFileFacts> {
  await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const stats = await handle.stat()
  if (!stats.isFile()) throw refusal()
  return { sizeBytes: stats.size, modifiedMs: stats.mtimeMs, firstBytes: await readFirst(handle, firstBytes) }
}

async function readFirst(handle: FileHandle, maxBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(maxBytes)
  let length = 0
  while (length < maxBytes) {
    const { bytesRead } = await handle.read(bytes, length, maxBytes - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return bytes.slice(0, length)
}

function refusal(): AppError {
  return new AppError('invalid_request', 'the file is no regular file, or too large')
}
