// The draft model of a new model: a GGUF file or the files of a small model, in a layer of its own. Whether its vocabulary is the model's is
// seen when both are loaded; a draft that does not fit is no fault of the model, which runs without it.

import { readGgufHead } from '../../gguf/head.ts'
import { getText } from '../../gguf/metadata.ts'
import type { DraftConfig } from '../../model/config-blob.ts'
import { MEDIA_TYPES } from '../../model/media-type.ts'
import type { Progress } from '../../registry/registry.ts'
import type { Store } from '../../store/store.ts'
import type { Uploads } from './converted.ts'
import type { PlannedLayer } from './layers.ts'
import { readUploads } from './uploads.ts'

export async function* draftLayers(
  files: Record<string, string>,
  uploads: Uploads,
  signal: AbortSignal,
): AsyncGenerator<Progress, PlannedLayer[]> {
  const models = yield* readUploads(files, uploads, signal)
  return models.map(({ layer, file }) => ({ ...layer, mediaType: MEDIA_TYPES.draft, ...(file === undefined ? {} : { from: file }) }))
}

/** Of the last draft, which is the one that is used. */
export async function draftConfig(layers: readonly PlannedLayer[], store: Store): Promise<DraftConfig | undefined> {
  const layer = layers.findLast(({ mediaType }) => mediaType === MEDIA_TYPES.draft)
  if (!layer) return undefined
  const head = await readGgufHead(store.blobs.path(layer.digest))
  return { model_format: 'gguf', architecture: getText(head, 'general.architecture') ?? '' }
}
