// Bytes that are on the disk when we say so: whole writes, fsync of files and folders, and what the operating system says when it refuses.

import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm, statfs } from 'node:fs/promises'
import path from 'node:path'
import { formatBytes } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { errorCode, unlessMissing } from '../base/system-error.ts'

const FULL = new Set(['ENOSPC', 'EDQUOT'])
const REFUSED = new Set(['EACCES', 'EPERM', 'EROFS'])
const IN_THE_WAY = new Set(['EEXIST', 'ENOTDIR', 'EISDIR', 'ELOOP'])
// Systems that cannot open or sync a folder make renames durable by themselves.
const NO_FOLDER_SYNC = new Set(['EISDIR', 'EPERM', 'EINVAL', 'ENOTSUP'])

/** A program that writes in large pieces fails with so much free at most. */
const FULL_BELOW_BYTES = 1024 * 1024

export function isDiskFull(error: unknown): boolean {
  return FULL.has(errorCode(error) ?? '')
}

export function temporaryName(prefix: string): string {
  return `${prefix}${process.pid}-${randomBytes(8).toString('hex')}`
}

export async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0
  while (written < bytes.byteLength) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.byteLength - written, position + written)
    written += bytesWritten
  }
}

/** Several pieces, one behind the other, with as few calls as the system takes. */
export async function writeAllFully(handle: FileHandle, pieces: readonly Uint8Array[], position: number): Promise<void> {
  const [first, ...others] = pieces
  if (first && others.length === 0) return writeFully(handle, first, position)
  let rest = pieces.filter((piece) => piece.byteLength > 0)
  let at = position
  while (rest.length > 0) {
    let { bytesWritten } = await handle.writev(rest, at)
    at += bytesWritten
    rest = rest.flatMap((piece) => {
      const taken = Math.min(bytesWritten, piece.byteLength)
      bytesWritten -= taken
      return taken === piece.byteLength ? [] : [piece.subarray(taken)]
    })
  }
}

export async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(folder, 'r')
    await handle.sync()
  } catch (error) {
    if (!NO_FOLDER_SYNC.has(errorCode(error) ?? '')) throw error
  } finally {
    await handle?.close()
  }
}

/** Old content or new content, never a mixture, whatever happens. The temporary name lies beside `temporary`, on the same volume. */
export async function replaceFile(file: string, bytes: Uint8Array, temporary: string): Promise<void> {
  try {
    const handle = await open(temporary, 'wx', 0o644)
    try {
      await writeFully(handle, bytes, 0)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(path.dirname(file))
}

/** Free bytes of the volume for ordinary users; the folder need not exist yet. */
export async function freeBytes(folder: string): Promise<number> {
  for (let at = folder; ; at = path.dirname(at)) {
    const stats = await unlessMissing(statfs(at))
    if (stats) return stats.bavail * stats.bsize
    if (at === path.dirname(at)) return 0
  }
}

/** Throws `disk_full` before anything is written. */
export async function requireFree(folder: string, neededBytes: number): Promise<void> {
  const free = await freeBytes(folder)
  if (neededBytes > free) throw diskFull(neededBytes, free)
}

/** What a failed disk operation means for a client; no paths, since clients see it. */
export async function toStoreError(error: unknown, folder: string, neededBytes?: number): Promise<unknown> {
  const code = errorCode(error) ?? ''
  if (isDiskFull(error)) return diskFull(neededBytes, await freeBytes(folder), error)
  if (REFUSED.has(code)) return new AppError('internal', `the models folder may not be changed by this user (${code})`, { cause: error })
  if (IN_THE_WAY.has(code))
    return new AppError('store_corrupt', `something else lies where a file of the models folder belongs (${code})`, { cause: error })
  return error
}

/** Another program's failure while the disk is full is that: it has its own words for it, or none. The half-written file must still be there. */
export async function fullDiskOr(error: unknown, folder: string): Promise<unknown> {
  const free = await freeBytes(folder)
  return free < FULL_BELOW_BYTES ? diskFull(undefined, free, error) : error
}

function diskFull(neededBytes: number | undefined, free: number, cause?: unknown): AppError {
  const needed = neededBytes === undefined ? '' : `${formatBytes(neededBytes)} needed, `
  return new AppError('disk_full', `no space left on the volume of the models folder: ${needed}${formatBytes(free)} free`, {
    cause,
    details: { neededBytes, freeBytes: free },
  })
}
