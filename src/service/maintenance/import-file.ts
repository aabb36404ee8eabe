// A model file that lies on this machine becomes a blob without going through a connection: its blocks are shared where the file system can,
// and its digest is computed here, once. The client proves that it means this very file and may read it, by its size, its age and its first
// bytes; one text answers for every file that it does not describe, so that nobody learns what is on the disk.

import { createHash } from 'node:crypto'
import path from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { AppError, isAppError } from '../../base/errors.ts'
import type { Digest } from '../../model/digest.ts'
import { watch } from '../../registry/progress.ts'
import { inspectLocalFile } from '../../store/local-file.ts'
import type { Store } from '../../store/store.ts'

export interface ImportRequest {
  /** Absolute. */
  path: string
  sizeBytes: number
  modifiedMs: number
  /** sha256, 64 hexadecimal digits, of so many bytes at its start, or of all where there are fewer. */
  start: { bytes: number; sha256: string }
  /** Where blocks cannot be shared, the blob may be the file itself by a second name. */
  link?: boolean
}

export type ImportEvent =
  | { type: 'progress'; completedBytes: number; totalBytes: number }
  | { type: 'done'; digest: Digest; sizeBytes: number }

export async function* importFile(
  request: ImportRequest,
  { store, clock }: { store: Store; clock: Clock },
  signal: AbortSignal,
): AsyncGenerator<ImportEvent> {
  if (!(await isDescribed(request))) throw unusable()
  const left = new AbortController()
  const both = AbortSignal.any([signal, left.signal])
  let completedBytes = 0
  const work = store.blobs.importFile(request.path, {
    signal: both,
    onRead: (bytes) => (completedBytes += bytes),
    link: request.link ?? false,
  })
  try {
    const amount = () => ({ completedBytes: Math.min(completedBytes, request.sizeBytes), totalBytes: request.sizeBytes })
    const watching = watch(work, amount, { status: '', clock, signal })
    for (let step = await watching.next(); ; step = await watching.next()) {
      if (step.done) {
        yield { type: 'done', digest: step.value.digest, sizeBytes: step.value.sizeBytes }
        return
      }
      yield { type: 'progress', ...amount() }
    }
  } catch (error) {
    throw isAppError(error, 'cancelled') || isAppError(error, 'disk_full') ? error : unusable(error)
  } finally {
    left.abort()
    // Its error has been thrown already, or the one who left is the reason of it.
    await work.catch(() => undefined)
  }
}

async function isDescribed({ path: file, sizeBytes, modifiedMs, start }: ImportRequest): Promise<boolean> {
  if (!path.isAbsolute(file)) return false
  try {
    const found = await inspectLocalFile(file, start.bytes)
    const sha256 = createHash('sha256').update(found.firstBytes).digest('hex')
    return found.sizeBytes === sizeBytes && found.modifiedMs === modifiedMs && sha256 === start.sha256
  } catch {
    // Whatever it is: the client does not describe a file that can be read here.
    return false
  }
}

function unusable(cause?: unknown): AppError {
  return new AppError('invalid_request', 'this is no file that can be imported here: send it with POST /api/blobs', { cause })
}
