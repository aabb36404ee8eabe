// Where a new model begins: the layers of another model, or uploaded files: GGUF, or safetensors with their configuration.

import { AppError } from '../../base/errors.ts'
import { toGoJson } from '../../base/go-json.ts'
import { readGgufHead } from '../../gguf/head.ts'
import { getText } from '../../gguf/metadata.ts'
import type { GgufHead } from '../../gguf/types.ts'
import { type ConfigBlob, parseConfigBlob } from '../../model/config-blob.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import { type ModelName, shortName } from '../../model/name.ts'
import type { Progress } from '../../registry/registry.ts'
import type { Store } from '../../store/store.ts'
import { detectTemplate } from '../../template/builtin/detect.ts'
import { checkAdapterFits } from './adapter-fit.ts'
import { areSafetensors, convertedAdapter, type UploadedFile, type Uploads } from './converted.ts'
import { type PlannedLayer, writeLayer } from './layers.ts'
import { checkKinds, missingBlob, readModelHead, readUploads, toUploads } from './uploads.ts'

/** What the layers and the config of the new model start from. */
export interface Base {
  layers: PlannedLayer[]
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

/** Yields progress; returns the base. */
export async function* baseFromFiles(
  files: Record<string, string>,
  uploads: Uploads,
  signal?: AbortSignal,
): AsyncGenerator<Progress, Base> {
  const base: Base = { layers: [], config: { model_format: 'gguf' } }
  for (const { layer, head } of yield* readUploads(files, uploads, signal)) {
    const mediaType = kindOf(head)
    base.layers.push({ ...layer, mediaType })
    if (mediaType === MEDIA_TYPES.model) base.head = head
  }
  if (!base.head && !base.layers.some((layer) => layer.mediaType === MEDIA_TYPES.projector)) {
    throw new AppError('invalid_request', 'no base model was found')
  }
  base.layers.push(...(await detectedTemplate(base.head, uploads.store)))
  return base
}

/** One adapter, which must be made for this base: a GGUF file, or the files that PEFT saves. */
export async function* adapterLayer(
  adapters: Record<string, string>,
  base: Base,
  uploads: Uploads,
  signal: AbortSignal,
): AsyncGenerator<Progress, PlannedLayer> {
  const { store } = uploads
  const entries = toUploads(adapters)
  const [entry, ...others] = entries
  if (!entry) throw new AppError('invalid_request', 'unknown type')
  const isConverted = areSafetensors(entries)
  if (others.length > 0 && !isConverted) throw new AppError('invalid_request', 'only one adapter is currently supported')
  await checkKinds(entries, store)
  if (isConverted) {
    if (!base.head) throw new AppError('invalid_request', 'no base model was found')
    return { ...(yield* convertedAdapter(entries, base.head, uploads, signal)), mediaType: MEDIA_TYPES.adapter }
  }
  return ggufAdapter(entry, base, store)
}

async function ggufAdapter({ digest }: UploadedFile, base: Base, store: Store): Promise<PlannedLayer> {
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

/** contract/native.md section 6.5. */
function kindOf(head: GgufHead): string {
  const architecture = getText(head, 'general.architecture') ?? ''
  const type = getText(head, 'general.type')
  if (type === 'adapter') return MEDIA_TYPES.adapter
  const seesOnly = head.metadata.has(`${architecture}.vision.block_count`) && !head.metadata.has(`${architecture}.block_count`)
  const encodes = architecture === 'clip' && (head.metadata.has('clip.has_vision_encoder') || head.metadata.has('clip.has_audio_encoder'))
  return type === 'projector' || type === 'mmproj' || seesOnly || encodes ? MEDIA_TYPES.projector : MEDIA_TYPES.model
}

async function detectedTemplate(head: GgufHead | undefined, store: Store): Promise<PlannedLayer[]> {
  const chatTemplate = head && getText(head, 'tokenizer.chat_template')
  const detected = chatTemplate ? detectTemplate(chatTemplate) : undefined
  if (!detected) return []
  const layers = [
    { ...(await writeLayer(store, MEDIA_TYPES.template, detected.template)), status: `using autodetected template ${detected.name}` },
  ]
  if (detected.parameters) layers.push(await writeLayer(store, MEDIA_TYPES.params, `${toGoJson(detected.parameters)}\n`))
  return layers
}
