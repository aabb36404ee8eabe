// One blob from a registry into the store, as a task that several pulls may share. It ends when the bytes are there; `commit` verifies
// them and gives the blob its name, so that a pull can say when it verifies. Bytes of a task that fails stay for the next one.

import { formatBytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Layer } from '../model/manifest.ts'
import type { ModelName } from '../model/name.ts'
import type { PartialBlob, Store } from '../store/store.ts'
import { createBlobReader } from './blob-reader.ts'
import { downloadMissing } from './download.ts'
import type { Session } from './session.ts'
import type { Task, TaskContext } from './shared-tasks.ts'

export interface FetchedBlob {
  /** Throws `digest_mismatch`. However often it is called, the work is done once. */
  commit(): Promise<void>
  /** Lets go of bytes that nobody committed. */
  close(): Promise<void>
}

export interface BlobDownload {
  store: Store
  session: Session
  clock: Clock
  layer: Layer
  /** Which it is for; others that join share it all the same. */
  model: ModelName
  /** What the pull will need besides this blob: all of it is refused before the first byte where the disk is too small. */
  laterBytes: number
  /** Where it is no blob of the session's registry. */
  url?: URL
  maxStreams?: number
  /** Of whoever starts it; others that join have to live with it. */
  limitBytesPerSecond?: number
}

export function blobDownload(download: BlobDownload): Task<FetchedBlob> {
  return {
    run: (context) => fetchBlob(download, context),
    release: (blob) => blob.close(),
  }
}

/** And it stays until the manifest refers to it. A file of another size is what a crash left behind: it is fetched again. */
export async function isStored(store: Store, { digest, sizeBytes }: Layer): Promise<boolean> {
  return (await store.blobs.keep(digest)) && (await store.blobs.sizeBytes(digest)) === sizeBytes
}

async function fetchBlob(download: BlobDownload, { signal, report }: TaskContext): Promise<FetchedBlob> {
  const { store, layer, session, clock } = download
  const { digest, sizeBytes } = layer
  if (sizeBytes === 0) await store.blobs.write(new Uint8Array(), { expected: digest, signal })
  if (await isStored(store, layer)) return there()
  const partial = await store.blobs.openPartial(digest, sizeBytes, {
    signal,
    model: download.model,
    laterBytes: download.laterBytes,
    onWaiting: (completedBytes) => report({ completedBytes, totalBytes: sizeBytes }),
  })
  try {
    let missingBytes = partial.missing().reduce((sum, { start, end }) => sum + end - start, 0)
    const tell = () => report({ completedBytes: sizeBytes - missingBytes, totalBytes: sizeBytes })
    tell()
    await downloadMissing(partial, createBlobReader(session, layer, download.url), {
      ...download,
      clock,
      signal,
      onBytes(count) {
        missingBytes -= count
        tell()
      },
    })
    return fetched(partial)
  } catch (error) {
    await partial.close()
    throw error
  }
}

function fetched(partial: PartialBlob): FetchedBlob {
  let committed: Promise<void> | undefined
  return {
    commit() {
      committed ??= partial.commit()
      return committed
    },
    async close() {
      if (!committed) await partial.close()
    },
  }
}

function there(): FetchedBlob {
  return { commit: () => Promise.resolve(), close: () => Promise.resolve() }
}

export async function checkSpace(store: Store, neededBytes: number): Promise<void> {
  const freeBytes = await store.freeBytes()
  if (freeBytes >= neededBytes) return
  throw new AppError('disk_full', `not enough disk space: ${formatBytes(neededBytes)} needed, ${formatBytes(freeBytes)} free`, {
    details: { neededBytes, freeBytes },
  })
}
