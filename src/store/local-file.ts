// Small files of the server's own disk that a request names. Regular files only: a device or a pipe would never end.

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { AppError } from '../base/errors.ts'

/** Throws `invalid_request` for what is no regular file or larger than `maxBytes`, and the system's error where it cannot be opened. */
export async function readLocalFile(path: string, maxBytes: number): Promise<Uint8Array> {
  await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const stats = await handle.stat()
  const refusal = () => new AppError('invalid_request', 'the file is no regular file, or too large')
  if (!stats.isFile() || stats.size > maxBytes) throw refusal()
  // Some regular files do not know their size, and others grow.
  const bytes = new Uint8Array(maxBytes + 1)
  let length = 0
  while (length <= maxBytes) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length)
    if (bytesRead === 0) return bytes.slice(0, length)
    length += bytesRead
  }
  throw refusal()
}
