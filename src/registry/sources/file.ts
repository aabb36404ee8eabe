// A model out of one GGUF file at a URL. Where the server names the file's sha256 (Hugging Face does, and whoever sends Repr-Digest), it
// is fetched like a blob of a registry: in ranges, over restarts, verified. Otherwise there is nothing to verify it with and no name to
// keep its parts under: it comes in one stream that goes on after a reset where the server can. The layers are made as a create makes them.

import { raceAbort } from '../../base/abort.ts'
import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { type Digest, toDigest } from '../../model/digest.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import { type ModelName, toModelName } from '../../model/name.ts'
import type { Store, WrittenBlob } from '../../store/store.ts'
import { blobDownload, checkSpace, type FetchedBlob } from '../blob-download.ts'
import { readErrorText } from '../body.ts'
import { nameOfFile } from '../file-url.ts'
import { follow } from '../follow.ts'
import { shortDigest, watch } from '../progress.ts'
import type { Progress, TransferOptions } from '../registry.ts'
import { type Session, statusError } from '../session.ts'
import type { Amount, SharedTasks } from '../shared-tasks.ts'
import { readFormer, writeManifest } from '../write-manifest.ts'
import { streamFile } from './file-stream.ts'
import type { BuildManifest } from './package.ts'

export interface FileOptions {
  store: Store
  log: Log
  clock: Clock
  downloads: SharedTasks<FetchedBlob>
  maxStreams?: number
  openSession(name: ModelName, insecure: boolean): Session
  build: BuildManifest
}

/** What the server says of the file before it is fetched. */
export interface FileFacts {
  sizeBytes: number | undefined
  digest: Digest | undefined
  /** Names this version of the file: a stream goes on only within it. */
  etag: string | undefined
}

/** Throws as a pull does, `invalid_model_name`, and what `build` says of a file that is no GGUF. */
export async function* pullFile(url: URL, request: TransferOptions, options: FileOptions): AsyncGenerator<Progress> {
  const { store, log } = options
  const name = nameOfFile(url)
  if (url.protocol === 'http:' && !request.insecure) throw new AppError('invalid_request', 'insecure protocol http')
  const session = options.openSession(hostOf(url), url.protocol === 'http:')
  yield { status: 'pulling manifest' }
  const facts = await ask(session, url, request.signal)
  const former = await readFormer(store, name, log)
  const context = { ...options, session, url, facts, request }
  const gguf = facts.digest && facts.sizeBytes ? yield* fetchKnown(facts.digest, facts.sizeBytes, context) : yield* fetchUnknown(context)
  const manifest = await raceAbort(options.build(gguf, {}), request.signal)
  yield* writeManifest({ name, manifest, former }, store, log)
}

interface Context extends FileOptions {
  session: Session
  url: URL
  facts: FileFacts
  request: TransferOptions
}

function hostOf(url: URL): ModelName {
  const name = toModelName({ host: url.host, namespace: 'library', model: 'file', tag: 'latest' })
  if (!name) throw new AppError('invalid_model_name', 'invalid model name', { details: { host: url.host } })
  return name
}

/** One byte, since some storages answer no HEAD. */
async function ask(session: Session, url: URL, signal: AbortSignal | undefined): Promise<FileFacts> {
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

async function* fetchKnown(digest: Digest, sizeBytes: number, context: Context): AsyncGenerator<Progress, WrittenBlob> {
  const { store, clock, session, url, request, maxStreams } = context
  const limits = {
    ...(maxStreams === undefined ? {} : { maxStreams }),
    ...(request.limitBytesPerSecond === undefined ? {} : { limitBytesPerSecond: request.limitBytesPerSecond }),
  }
  const layer = { mediaType: MEDIA_TYPES.model, digest, sizeBytes }
  const lease = context.downloads.join(digest, blobDownload({ ...limits, store, session, clock, layer, url, laterBytes: 0 }))
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

async function* fetchUnknown(context: Context): AsyncGenerator<Progress, WrittenBlob> {
  const { store, clock, facts, request } = context
  const stop = new AbortController()
  const signal = request.signal ? AbortSignal.any([request.signal, stop.signal]) : stop.signal
  const totalBytes = facts.sizeBytes ?? 0
  let amount: Amount = { completedBytes: 0, totalBytes }
  if (facts.sizeBytes !== undefined) await checkSpace(store, facts.sizeBytes)
  const onBytes = (completedBytes: number) => {
    amount = { completedBytes, totalBytes: Math.max(totalBytes, completedBytes) }
  }
  const work = store.blobs.write(streamFile({ ...context, ...request, signal, onBytes }), { signal })
  try {
    return yield* watch(work, () => amount, { status: 'pulling file', clock, signal: request.signal })
  } finally {
    stop.abort()
    await work.catch(() => undefined)
  }
}
