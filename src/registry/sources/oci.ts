// A model from a registry: manifest, then its blobs one after another (each in parallel ranges), then verification, then the manifest
// file. Nothing is visible under the model's name before everything is there and verified.

import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { Layer } from '../../model/manifest.ts'
import type { ModelName } from '../../model/name.ts'
import type { Store } from '../../store/store.ts'
import { blobDownload, type FetchedBlob, isStored } from '../blob-download.ts'
import { fetchManifest } from '../fetch-manifest.ts'
import { shortDigest, watch } from '../progress.ts'
import type { Progress } from '../registry.ts'
import type { Session } from '../session.ts'
import type { Lease, SharedTasks } from '../shared-tasks.ts'
import { allLayers, readFormer, writeManifest } from '../write-manifest.ts'
import type { Source, SourceOptions } from './source.ts'

export interface OciSourceOptions {
  store: Store
  log: Log
  clock: Clock
  downloads: SharedTasks<FetchedBlob>
  /** Connections at once. */
  maxStreams?: number
  openSession(name: ModelName, insecure: boolean): Session
}

/** With a fallback behind it, a registry that cannot be reached is given up after this: name, connection and TLS together. */
export const IMPATIENT_CONNECT_MS = 2500

export function createOciSource(options: OciSourceOptions): Source {
  return { label: 'the registry', pull: (name, request) => pull(name, request, options) }
}

async function* pull(name: ModelName, request: SourceOptions, options: OciSourceOptions): AsyncGenerator<Progress> {
  const { store, log, clock } = options
  const session = options.openSession(name, request.insecure ?? false)
  const { manifest, bytes } = await fetchManifest(session, name, {
    clock,
    ...(request.hasFallback ? { connectTimeoutMs: IMPATIENT_CONNECT_MS } : {}),
    ...(request.signal ? { signal: request.signal } : {}),
  })
  const former = await readFormer(store, name, log)
  const leases = new Map<string, Lease<FetchedBlob>>()
  try {
    yield* fetchLayers(allLayers(manifest), leases, { ...options, session, request, name })
    yield { status: 'verifying sha256 digest' }
    for (const lease of leases.values()) await commit(await lease.result)
  } finally {
    for (const lease of leases.values()) await lease.leave()
  }
  yield* writeManifest({ name, manifest, bytes, former }, store, log)
}

type Transfer = OciSourceOptions & { session: Session; request: SourceOptions; name: ModelName }

async function* fetchLayers(layers: Layer[], leases: Map<string, Lease<FetchedBlob>>, transfer: Transfer): AsyncGenerator<Progress> {
  const { store, clock, session, request, downloads, maxStreams, name } = transfer
  const { signal, limitBytesPerSecond } = request
  const limits = {
    ...(maxStreams === undefined ? {} : { maxStreams }),
    ...(limitBytesPerSecond === undefined ? {} : { limitBytesPerSecond }),
  }
  const missing = await missingLayers(layers, store)
  for (const layer of layers) {
    const { digest, sizeBytes } = layer
    const status = `pulling ${shortDigest(digest)}`
    if (missing.delete(digest)) {
      const laterBytes = [...missing.values()].reduce((sum, size) => sum + size, 0)
      const lease = downloads.join(digest, blobDownload({ ...limits, store, session, clock, layer, model: name, laterBytes }))
      leases.set(digest, lease)
      yield* watch(lease.result, lease.amount, { status, digest, clock, signal })
    }
    yield { status, digest, totalBytes: sizeBytes, completedBytes: sizeBytes }
  }
}

/** Digest -> size; a digest that stands twice in the manifest is fetched once. */
async function missingLayers(layers: Layer[], store: Store): Promise<Map<string, number>> {
  const missing = new Map<string, number>()
  for (const layer of layers) if (!(await isStored(store, layer))) missing.set(layer.digest, layer.sizeBytes)
  return missing
}

async function commit(blob: FetchedBlob): Promise<void> {
  try {
    await blob.commit()
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'digest_mismatch') throw error
    const { expected, actual } = error.details
    if (typeof expected !== 'string' || typeof actual !== 'string') throw error
    const message = `digest mismatch, file must be downloaded again: want ${expected}, got ${actual}`
    throw new AppError('digest_mismatch', message, { cause: error, details: error.details })
  }
}
