// Where a new model begins: the layers of another model, or uploaded files: GGUF, or safetensors with their configuration.

import { AppError, isAppError } from '../../base/errors.ts'
import { toGoJson } from '../../base/go-json.ts'
import { readGgufHead } from '../../gguf/head.ts'
import { mergeSplitFiles } from '../../gguf/merge.ts'
import { getText } from '../../gguf/metadata.ts'
import { splitFileName } from '../../gguf/split.ts'
import type { GgufHead } from '../../gguf/types.ts'
import { type ConfigBlob, parseConfigBlob } from '../../model/config-blob.ts'
import { type Digest, parseDigest } from '../../model/digest.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import { type ModelName, shortName } from '../../model/name.ts'
import type { Progress } from '../../registry/registry.ts'
import type { Store } from '../../store/store.ts'
import { detectTemplate } from '../../template/builtin/detect.ts'
import { checkAdapterFits } from './adapter-fit.ts'
import { areSafetensors, convertedAdapter, convertedLayer, type UploadedFile } from './converted.ts'
import { type DraftLayer, draftLayer, writeLayer } from './layers.ts'

/** What the layers and the config of the new model start from. */
export interface Base {
  layers: DraftLayer[]
  /** Head of the model's own GGUF, where there is one. */
  head?: GgufHead
  config: Partial<ConfigBlob>
}

export async function baseFromModel(name: ModelName, store: Store): Promise<Base> {
  const stored = await store.manifests.read(name)
  if (!stored) throw new AppError('model_not_found', `model '${shortName(name)}' not found`, { details: { model: shortName(name) } })
  for (const { digest } of stored.manifest.layers) if (!(await store.blobs.keep(digest))) throw missingBlob(store, digest)
  const layers = stored.manifest.layers.map((layer) => ({
    ...layer,
    from: shortName(stored.name),
    status: `using existing layer ${layer.digest}`,
  }))
  const config = parseConfigBlob(await store.blobs.readText(stored.manifest.config.digest))
  const model = layers.find((layer) => layer.mediaType === MEDIA_TYPES.model)
  return { layers, config, ...(model ? { head: await readGgufHead(store.blobs.path(model.digest)) } : {}) }
}

/** Yields progress; returns the base. Files are taken in the order of their names; the parts of a split model become one blob. */
export async function* baseFromFiles(files: Record<string, string>, store: Store, signal?: AbortSignal): AsyncGenerator<Progress, Base> {
  const entries = Object.entries(files)
    .map(([path, digest]) => ({ path, digest: parseDigest(digest) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
  await checkKinds(entries, store)
  const base: Base = { layers: [], config: { model_format: 'gguf' } }
  const uploads = areSafetensors(entries) ? [entries] : groupParts(entries)
  for (const parts of uploads) {
    const layer = areSafetensors(parts) ? yield* convertedLayer(parts, store, signal) : yield* ggufLayer(parts, store)
    const head = await readModelHead(store, layer.digest)
    const mediaType = kindOf(head)
    base.layers.push({ ...layer, mediaType })
    if (mediaType === MEDIA_TYPES.model) base.head = head
  }
  if (!base.head && !base.layers.some((layer) => layer.mediaType === MEDIA_TYPES.projector)) {
    throw new AppError('invalid_request', 'no base model was found')
  }
  base.layers.push(...(await detectedTemplate(base.head, store)))
  return base
}

/** One adapter, which must be made for this base: a GGUF file, or the files that PEFT saves. */
export async function* adapterLayer(
  adapters: Record<string, string>,
  base: Base,
  store: Store,
  signal: AbortSignal,
): AsyncGenerator<Progress, DraftLayer> {
  const entries = Object.entries(adapters).map(([path, digest]) => ({ path, digest: parseDigest(digest) }))
  const [entry, ...others] = entries
  if (!entry) throw new AppError('invalid_request', 'unknown type')
  const isConverted = areSafetensors(entries)
  if (others.length > 0 && !isConverted) throw new AppError('invalid_request', 'only one adapter is currently supported')
  await checkKinds(entries, store)
  if (isConverted) {
    if (!base.head) throw new AppError('invalid_request', 'no base model was found')
    return { ...(yield* convertedAdapter(entries, base.head, store, signal)), mediaType: MEDIA_TYPES.adapter }
  }
  return ggufAdapter(entry, base, store)
}

async function ggufAdapter({ digest }: UploadedFile, base: Base, store: Store): Promise<DraftLayer> {
  const head = await readModelHead(store, digest)
  if (getText(head, 'general.type') !== 'adapter')
    throw new AppError('invalid_gguf', 'the file given as an adapter is not one: its general.type is not "adapter"')
  const architecture = getText(head, 'general.architecture')
  const expected = base.head && getText(base.head, 'general.architecture')
  if (expected !== undefined && architecture !== expected) {
    throw new AppError(
      'invalid_gguf',
      `the adapter is made for the architecture ${JSON.stringify(architecture)}, the model has ${JSON.stringify(expected)}`,
    )
  }
  if (base.head) checkAdapterFits(head, base.head)
  return { mediaType: MEDIA_TYPES.adapter, digest, sizeBytes: head.fileSizeBytes, status: `using existing layer ${digest}` }
}

async function checkKinds(entries: readonly UploadedFile[], store: Store): Promise<void> {
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

async function* ggufLayer(parts: readonly UploadedFile[], store: Store): AsyncGenerator<Progress, DraftLayer> {
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
  return draftLayer('', blob)
}

async function readModelHead(store: Store, digest: Digest): Promise<GgufHead> {
  try {
    return await readGgufHead(store.blobs.path(digest))
  } catch (error) {
    if (!isAppError(error, 'invalid_gguf') || error.details.reason !== 'magic') throw error
    throw new AppError('invalid_gguf', 'supplied file was not in GGUF format', { cause: error, details: error.details })
  }
}

/** contract/native.md section 6.5. */
function kindOf(head: GgufHead): string {
  const architecture = getText(head, 'general.architecture') ?? ''
  const type = getText(head, 'general.type')
  if (type === 'adapter') return MEDIA_TYPES.adapter
  const seesOnly = head.metadata.has(`${architecture}.vision.block_count`) && !head.metadata.has(`${architecture}.block_count`)
  const encodes = architecture === 'clip' && (head.metadata.has('clip.has_vision_encoder') || head.metadata.has('clip.has_audio_encoder'))
  return type === 'projector' || type === 'mmproj' || seesOnly || encodes ? MEDIA_TYPES.projector : MEDIA_TYPES.model
}

async function detectedTemplate(head: GgufHead | undefined, store: Store): Promise<DraftLayer[]> {
  const chatTemplate = head && getText(head, 'tokenizer.chat_template')
  const detected = chatTemplate ? detectTemplate(chatTemplate) : undefined
  if (!detected) return []
  const layers = [
    { ...(await writeLayer(store, MEDIA_TYPES.template, detected.template)), status: `using autodetected template ${detected.name}` },
  ]
  if (detected.parameters) layers.push(await writeLayer(store, MEDIA_TYPES.params, `${toGoJson(detected.parameters)}\n`))
  return layers
}

// wire: Ollama answers with the path of the blob; the store's folder is named, nothing else of the machine.
function missingBlob(store: Store, digest: Digest): AppError {
  return new AppError('invalid_request', `open ${store.blobs.path(digest)}: no such file or directory`, { details: { digest } })
}
