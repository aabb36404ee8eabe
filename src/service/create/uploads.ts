// Files that came with a create request, as layers: what they are, whether all of them are there, and the parts of a split model as one blob.

import { AppError, isAppError } from '../../base/errors.ts'
import { readGgufHead } from '../../gguf/head.ts'
import { mergeSplitFiles } from '../../gguf/merge.ts'
import { splitFileName } from '../../gguf/split.ts'
import type { GgufHead } from '../../gguf/types.ts'
import { type Digest, parseDigest } from '../../model/digest.ts'
import type { Progress } from '../../registry/registry.ts'
import type { Store } from '../../store/store.ts'
import { areSafetensors, convertedLayer, type UploadedFile, type Uploads } from './converted.ts'
import { type PlannedLayer, plannedLayer } from './layers.ts'

export interface UploadedModel {
  /** Without a media type. */
  layer: PlannedLayer
  head: GgufHead
  /** Name of the file, where the blob is that file as it is. */
  file?: string
}

/** In the order of the files' names. */
export async function* readUploads(
  files: Record<string, string>,
  uploads: Uploads,
  signal?: AbortSignal,
): AsyncGenerator<Progress, UploadedModel[]> {
  const { store } = uploads
  const entries = toUploads(files).sort((a, b) => (a.path < b.path ? -1 : 1))
  await checkKinds(entries, store)
  const models: UploadedModel[] = []
  for (const parts of areSafetensors(entries) ? [entries] : groupParts(entries)) {
    const layer = areSafetensors(parts) ? yield* convertedLayer(parts, uploads, signal) : yield* ggufLayer(parts, store)
    const [only, ...others] = parts
    const isAsSent = others.length === 0 && only?.digest === layer.digest
    models.push({ layer, head: await readModelHead(store, layer.digest), ...(isAsSent ? { file: only.path } : {}) })
  }
  return models
}

export function toUploads(files: Record<string, string>): UploadedFile[] {
  return Object.entries(files).map(([path, digest]) => ({ path, digest: parseDigest(digest) }))
}

export async function checkKinds(entries: readonly UploadedFile[], store: Store): Promise<void> {
  if (entries.length === 0) throw new AppError('invalid_request', 'unknown type')
  for (const { digest } of entries) if (!(await store.blobs.keep(digest))) throw missingBlob(store, digest)
  if (areSafetensors(entries)) return
  for (const { path, digest } of entries) {
    if (!path.endsWith('.gguf') && !(await startsLikeGguf(store, digest))) throw new AppError('invalid_request', 'unknown type')
  }
}

async function startsLikeGguf(store: Store, digest: Digest): Promise<boolean> {
  try {
    await readGgufHead(store.blobs.path(digest))
    return true
  } catch (error) {
    if (isAppError(error, 'invalid_gguf')) return error.details.reason !== 'magic'
    throw error
  }
}

/** Each list is one GGUF: a file alone, or all parts of a split model in order. */
function groupParts(entries: readonly UploadedFile[]): UploadedFile[][] {
  const groups = new Map<string, UploadedFile[]>()
  for (const entry of entries) {
    const split = splitFileName(entry.path)
    const key = split ? `${split.prefix}-of-${split.count}` : entry.path
    const group = groups.get(key) ?? []
    group.push(entry)
    groups.set(key, group)
    if (split && group.length > split.count)
      throw new AppError('invalid_gguf', `split GGUF ${JSON.stringify(entry.path)}: there are more parts than its name says`)
  }
  for (const [first] of groups.values()) {
    const split = first && splitFileName(first.path)
    const found = split ? (groups.get(`${split.prefix}-of-${split.count}`)?.length ?? 0) : 1
    if (split && found !== split.count)
      throw new AppError('invalid_gguf', `split GGUF ${JSON.stringify(first.path)}: ${found} of ${split.count} parts were given`)
  }
  return [...groups.values()]
}

async function* ggufLayer(parts: readonly UploadedFile[], store: Store): AsyncGenerator<Progress, PlannedLayer> {
  yield { status: 'parsing GGUF' }
  const [first] = parts
  if (!first) throw new AppError('internal', 'a group of files is empty')
  if (parts.length === 1 && !splitFileName(first.path)) {
    return {
      mediaType: '',
      digest: first.digest,
      sizeBytes: await store.blobs.sizeBytes(first.digest),
      status: `using existing layer ${first.digest}`,
    }
  }
  const blob = await store.blobs.write(mergeSplitFiles(parts.map(({ digest }) => store.blobs.path(digest))))
  return plannedLayer('', blob)
}

export async function readModelHead(store: Store, digest: Digest): Promise<GgufHead> {
  try {
    return await readGgufHead(store.blobs.path(digest))
  } catch (error) {
    if (!isAppError(error, 'invalid_gguf') || error.details.reason !== 'magic') throw error
    throw new AppError('invalid_gguf', 'supplied file was not in GGUF format', { cause: error, details: error.details })
  }
}

// wire: Ollama answers with the path of the blob; the store's folder is named, nothing else of the machine.
export function missingBlob(store: Store, digest: Digest): AppError {
  return new AppError('invalid_request', `open ${store.blobs.path(digest)}: no such file or directory`, { details: { digest } })
}
