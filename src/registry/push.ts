// A model goes to its registry: blobs first, the manifest last, with the bytes that the store has, so that its digest is the same there.

import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Layer } from '../model/manifest.ts'
import { MEDIA_TYPES } from '../model/media-type.ts'
import { type ModelName, shortName, tryParseModelName } from '../model/name.ts'
import type { Store, StoredManifest } from '../store/store.ts'
import { readErrorText } from './body.ts'
import { createPacer, type Pace } from './pacer.ts'
import { shortDigest, watch } from './progress.ts'
import type { Progress, TransferOptions } from './registry.ts'
import { type Session, statusError } from './session.ts'
import type { Amount } from './shared-tasks.ts'
import { uploadBlob } from './upload.ts'
import { allLayers } from './write-manifest.ts'

export interface PushOptions {
  store: Store
  clock: Clock
  log: Log
  openSession(name: ModelName, insecure: boolean): Session
}

export async function* pushModel(name: ModelName, request: TransferOptions, options: PushOptions): AsyncGenerator<Progress> {
  const { store, clock, log } = options
  yield { status: 'retrieving manifest' }
  const stored = await store.manifests.read(name)
  if (!stored) {
    yield { status: "couldn't retrieve manifest" }
    const model = shortName(name)
    throw new AppError('model_not_found', `model ${JSON.stringify(model)} not found`, { details: { model } })
  }
  const session = options.openSession(name, request.insecure ?? false)
  const stop = new AbortController()
  const signal = request.signal ? AbortSignal.any([request.signal, stop.signal]) : stop.signal
  const pace = createPacer(clock, request.limitBytesPerSecond)
  try {
    for (const layer of withoutDuplicates(allLayers(stored.manifest))) {
      yield* pushLayer(layer, name, { session, store, clock, log, signal, pace })
    }
    yield { status: 'pushing manifest' }
    await putManifest(session, { name, stored, signal })
  } finally {
    stop.abort()
  }
  yield { status: 'success' }
}

interface LayerPush {
  session: Session
  store: Store
  clock: Clock
  log: Log
  signal: AbortSignal
  pace: Pace
}

async function* pushLayer(
  layer: Layer,
  name: ModelName,
  { session, store, clock, log, signal, pace }: LayerPush,
): AsyncGenerator<Progress> {
  const { digest } = layer
  const sizeBytes = await store.blobs.sizeBytes(digest)
  const status = `pushing ${shortDigest(digest)}`
  let amount: Amount = { completedBytes: 0, totalBytes: sizeBytes }
  const mountFrom = mountSource(layer, name)
  const work = uploadBlob(session, {
    blob: { digest, sizeBytes, path: store.blobs.path(digest) },
    clock,
    log,
    signal,
    pace,
    ...(mountFrom === undefined ? {} : { mountFrom }),
    // A part that is sent again does not take the bar back.
    onProgress(completedBytes) {
      amount = { completedBytes: Math.max(amount.completedBytes, completedBytes), totalBytes: sizeBytes }
    },
  })
  yield* watch(work, () => amount, { status, digest, clock, signal })
  yield { status, digest, totalBytes: sizeBytes, completedBytes: sizeBytes }
}

function withoutDuplicates(layers: Layer[]): Layer[] {
  return [...new Map(layers.map((layer) => [layer.digest, layer])).values()]
}

/** `namespace/model` on the same registry that has the blob already; a layer made of a file has a path in `from`. */
function mountSource({ from }: Layer, name: ModelName): string | undefined {
  const source = from === undefined ? undefined : tryParseModelName(from)
  if (!source || source.host !== name.host) return undefined
  const repository = `${source.namespace}/${source.model}`
  return repository === `${name.namespace}/${name.model}` ? undefined : repository
}

async function putManifest(
  session: Session,
  { name, stored, signal }: { name: ModelName; stored: StoredManifest; signal: AbortSignal },
): Promise<void> {
  const reply = await session.request({
    method: 'PUT',
    target: `manifests/${name.tag}`,
    headers: { 'content-type': mediaTypeOf(stored.bytes), 'content-length': String(stored.bytes.length) },
    body: () => stored.bytes,
    signal,
  })
  if (reply.status >= 200 && reply.status < 300) {
    reply.discard()
    return
  }
  throw statusError(reply.status, await readErrorText(reply))
}

/** The bytes were parsed when they were read; only the type that they name counts here. */
function mediaTypeOf(bytes: Uint8Array): string {
  const { mediaType } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { mediaType?: unknown }
  return mediaType === MEDIA_TYPES.ociManifest ? MEDIA_TYPES.ociManifest : MEDIA_TYPES.manifest
}
