// One file at a URL, into the store. Where the server names the file's sha256 (Hugging Face does, and whoever sends Repr-Digest), it is fetched
// like a blob of a registry: in ranges, over restarts, verified. Otherwise there is nothing to verify it with and no name to keep its parts
// under: it comes in one stream that goes on after a reset where the server can.

import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { type Digest, toDigest } from '../../model/digest.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import type { ModelName } from '../../model/name.ts'
import type { Store, WrittenBlob } from '../../store/store.ts'
import { blobDownload, checkSpace, type FetchedBlob } from '../blob-download.ts'
import { readErrorText } from '../body.ts'
import { follow } from '../follow.ts'
import { shortDigest, watch } from '../progress.ts'
import type { Progress, TransferOptions } from '../registry.ts'
import { type Session, statusError } from '../session.ts'
import type { Amount, SharedTasks } from '../shared-tasks.ts'
import { streamFile } from './file-stream.ts'

/** What the server says of the file before it is fetched. */
export interface FileFacts {
  sizeBytes: number | undefined
  digest: Digest | undefined
  /** Names this version of the file: a stream goes on only within it. */
  etag: string | undefined
}

export interface RemoteFile {
  store: Store
  clock: Clock
  downloads: SharedTasks<FetchedBlob>
  maxStreams?: number
  session: Session
  url: URL
  facts: FileFacts
  request: TransferOptions
  model: ModelName
  /** What the pull will need on the disk besides. */
  laterBytes: number
}

export async function* fetchFile(file: RemoteFile): AsyncGenerator<Progress, WrittenBlob> {
  const { digest, sizeBytes } = file.facts
  return digest && sizeBytes ? yield* fetchKnown(digest, sizeBytes, file) : yield* fetchUnknown(file)
}

/** One byte, since some storages answer no HEAD. */
export async function askAboutFile(session: Session, url: URL, signal: AbortSignal | undefined): Promise<FileFacts> {
  const { reply, redirects } = await follow(session, url, { headers: { range: 'bytes=0-0' }, ...(signal ? { signal } : {}) })
  if (reply.status !== 200 && reply.status !== 206) {
    const error = statusError(reply.status, await readErrorText(reply))
    const isRefusal = error.code === 'unauthorized' || error.code === 'forbidden'
    throw new AppError(error.code, `pull file: ${error.message}${isRefusal && session.hint ? ` (${session.hint})` : ''}`, { cause: error })
  }
  reply.discard()
  const total = reply.status === 206 ? /\/(\d{1,15})$/.exec(reply.headers['content-range'] ?? '')?.[1] : reply.headers['content-length']
  return {
    sizeBytes: total === undefined ? undefined : Number(total),
    digest: [...redirects, reply.headers].map(digestIn).find((digest) => digest !== undefined),
    etag: reply.headers.etag,
  }
}

type Headers = Readonly<Record<string, string | undefined>>

/** `X-Linked-ETag` of Hugging Face, or `Repr-Digest` of RFC 9530. A lie is found when the file is verified. */
function digestIn(headers: Headers): Digest | undefined {
  const linked = /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(headers['x-linked-etag'] ?? '')?.[1]
  if (linked !== undefined) return toDigest(linked)
  const base64 = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(headers['repr-digest'] ?? '')?.[1]
  return base64 === undefined ? undefined : toDigest(Buffer.from(base64, 'base64').toString('hex'))
}

async function* fetchKnown(digest: Digest, sizeBytes: number, file: RemoteFile): AsyncGenerator<Progress, WrittenBlob> {
  const { store, clock, session, url, request, maxStreams, model, laterBytes } = file
  const limits = {
    ...(maxStreams === undefined ? {} : { maxStreams }),
    ...(request.limitBytesPerSecond === undefined ? {} : { limitBytesPerSecond: request.limitBytesPerSecond }),
  }
  const layer = { mediaType: MEDIA_TYPES.model, digest, sizeBytes }
  const lease = file.downloads.join(digest, blobDownload({ ...limits, store, session, clock, layer, model, url, laterBytes }))
  try {
    const status = `pulling ${shortDigest(digest)}`
    yield* watch(lease.result, lease.amount, { status, digest, clock, signal: request.signal })
    yield { status, digest, totalBytes: sizeBytes, completedBytes: sizeBytes }
    yield { status: 'verifying sha256 digest' }
    await (await lease.result).commit()
    return { digest, sizeBytes, existed: false }
  } finally {
    await lease.leave()
  }
}

async function* fetchUnknown(file: RemoteFile): AsyncGenerator<Progress, WrittenBlob> {
  const { store, clock, facts, request, laterBytes } = file
  const stop = new AbortController()
  const signal = request.signal ? AbortSignal.any([request.signal, stop.signal]) : stop.signal
  const totalBytes = facts.sizeBytes ?? 0
  let amount: Amount = { completedBytes: 0, totalBytes }
  if (facts.sizeBytes !== undefined) await checkSpace(store, facts.sizeBytes + laterBytes)
  const onBytes = (completedBytes: number) => {
    amount = { completedBytes, totalBytes: Math.max(totalBytes, completedBytes) }
  }
  const work = store.blobs.write(streamFile({ ...file, ...request, signal, onBytes }), { signal })
  try {
    return yield* watch(work, () => amount, { status: 'pulling file', clock, signal: request.signal })
  } finally {
    stop.abort()
    await work.catch(() => undefined)
  }
}
