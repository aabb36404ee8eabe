// Are the blobs what their names say, and are all there that the manifests name? Reads everything once, in no hurry, and tells which models a
// damaged blob belongs to. With `fix` a damaged blob is removed, so that a pull of one of these models fetches it again.

import { AppError } from '../../base/errors.ts'
import type { Digest } from '../../model/digest.ts'
import type { Manifest } from '../../model/manifest.ts'
import { shortName } from '../../model/name.ts'
import type { OpenStore, StoredManifest } from '../../store/store.ts'
import type { BlobCheck } from '../../store/verify.ts'
import { parseModelReference } from '../model-reference.ts'

export interface VerifyRequest {
  /** Empty: everything in the store. */
  model: string
  fix: boolean
}

type BlobReason = 'missing' | 'size' | 'hash' | 'unreadable'

export type VerifyEvent =
  | { type: 'progress'; completedBytes: number; totalBytes: number }
  | { type: 'damaged-blob'; digest: Digest; reason: BlobReason; models: string[]; removed: boolean }
  /** A path below the folder of manifests. */
  | { type: 'damaged-manifest'; path: string }
  | { type: 'done'; blobs: number; sizeBytes: number; damaged: number }

interface Plan {
  /** With the sizes that manifests give for it. */
  blobs: ReadonlyMap<Digest, readonly number[]>
  totalBytes: number
}

export async function* verifyStore({ model, fix }: VerifyRequest, store: OpenStore, signal: AbortSignal): AsyncGenerator<VerifyEvent> {
  const plan = await makePlan(model, store)
  let completedBytes = 0
  let damaged = 0
  yield { type: 'progress', completedBytes, totalBytes: plan.totalBytes }
  if (model === '') {
    for (const path of await store.maintenance.corruptManifests()) {
      damaged += 1
      yield { type: 'damaged-manifest', path }
    }
  }
  for (const [digest, toldBytes] of plan.blobs) {
    const checking = store.maintenance.check(digest, signal)
    let step = await checking.next()
    while (!step.done) {
      completedBytes += step.value
      yield { type: 'progress', completedBytes, totalBytes: plan.totalBytes }
      step = await checking.next()
    }
    const check = step.value
    if (check.state === 'whole' && toldBytes.every((told) => told === check.sizeBytes)) continue
    const found = await judge(digest, check, store)
    if (!found) continue
    damaged += 1
    const removed = fix && check.state === 'damaged' && (await check.remove())
    yield { type: 'damaged-blob', digest, ...found, removed }
  }
  yield { type: 'done', blobs: plan.blobs.size, sizeBytes: completedBytes, damaged }
}

async function makePlan(model: string, store: OpenStore): Promise<Plan> {
  const stored = model === '' ? await store.manifests.list() : [await readModel(model, store)]
  const files = model === '' ? await store.maintenance.blobs() : []
  const blobs = new Map<Digest, number[]>(files.map(({ digest }) => [digest, []]))
  for (const { manifest } of stored) {
    for (const { digest, sizeBytes } of layersOf(manifest)) blobs.set(digest, [...(blobs.get(digest) ?? []), sizeBytes])
  }
  const sizes = new Map([...blobs].map(([digest, told]) => [digest, told[0] ?? 0]))
  for (const { digest, sizeBytes } of files) sizes.set(digest, sizeBytes)
  return { blobs, totalBytes: [...sizes.values()].reduce((sum, sizeBytes) => sum + sizeBytes, 0) }
}

async function readModel(model: string, store: OpenStore): Promise<StoredManifest> {
  const stored = await store.manifests.read(parseModelReference(model).name)
  if (!stored) throw new AppError('model_not_found', `model '${model}' not found`, { details: { model } })
  return stored
}

/** Undefined for a blob that is as it should be, and for one that is gone because nobody needs it any more. */
async function judge(digest: Digest, check: BlobCheck, store: OpenStore): Promise<{ reason: BlobReason; models: string[] } | undefined> {
  const users = (await store.manifests.list()).filter(({ manifest }) => layersOf(manifest).some((layer) => layer.digest === digest))
  const models = users.map(({ name }) => shortName(name))
  if (check.state === 'missing') return models.length > 0 ? { reason: 'missing', models } : undefined
  if (check.state === 'damaged') return { reason: 'hash', models }
  if (check.state === 'unreadable') return { reason: 'unreadable', models }
  const wrong = users.filter(({ manifest }) =>
    layersOf(manifest).some((layer) => layer.digest === digest && layer.sizeBytes !== check.sizeBytes),
  )
  return wrong.length > 0 ? { reason: 'size', models: wrong.map(({ name }) => shortName(name)) } : undefined
}

function layersOf(manifest: Manifest) {
  return [...manifest.layers, manifest.config]
}
