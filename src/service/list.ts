// GET /api/tags. What a manifest digest stands for never changes, so descriptions are kept by digest: a list of hundreds of models
// reads their manifests and nothing else, and one in which no manifest has changed is the same list.

import { toAppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { architectureNumber } from '../gguf/metadata.ts'
import { type ConfigBlob, MAX_CONFIG_BYTES, parseConfigBlob } from '../model/config-blob.ts'
import { manifestSizeBytes } from '../model/manifest.ts'
import { shortName } from '../model/name.ts'
import type { Store, StoredManifest } from '../store/store.ts'
import type { ModelReader } from './model.ts'
import type { ListedModel } from './service.ts'

/** Some hundred bytes each. */
const MAX_REMEMBERED = 5000

type Description = Omit<ListedModel, 'name' | 'modifiedMs' | 'sizeBytes' | 'digestHex'>

export function createModelList({
  store,
  reader,
  log,
}: {
  store: Store
  reader: ModelReader
  log: Log
}): () => Promise<readonly ListedModel[]> {
  const remembered = new Map<string, Description>()
  let last: { manifests: readonly StoredManifest[]; models: readonly ListedModel[] } | undefined

  async function describe(stored: StoredManifest): Promise<Description> {
    const known = remembered.get(stored.digestHex)
    if (known) return known
    const description = await readDescription(stored)
    if (remembered.size >= MAX_REMEMBERED) remembered.clear()
    remembered.set(stored.digestHex, description)
    return description
  }

  async function readDescription(stored: StoredManifest): Promise<Description> {
    const { config, details, capabilities, head } = await reader.describe(stored)
    const contextLength = config.context_length ?? (head && architectureNumber(head, 'context_length'))
    const embeddingLength = config.embedding_length ?? (head && architectureNumber(head, 'embedding_length'))
    return {
      config,
      details,
      capabilities: [...capabilities],
      ...(contextLength === undefined ? {} : { contextLength }),
      ...(embeddingLength === undefined ? {} : { embeddingLength }),
    }
  }

  async function readConfig({ manifest }: StoredManifest): Promise<ConfigBlob> {
    return parseConfigBlob(await store.blobs.readText(manifest.config.digest, MAX_CONFIG_BYTES))
  }

  /** A model whose blobs are damaged still stands in the list, so that it can be seen and removed. */
  async function describeDamaged(stored: StoredManifest, error: unknown): Promise<Description> {
    log.warn('a model of the list cannot be read', { model: shortName(stored.name), error: toAppError(error) })
    // What is wrong with it may be the config itself.
    const config = await readConfig(stored).catch(() => parseConfigBlob('{}'))
    const { model_format, model_family, model_families, model_type, file_type } = config
    const details = {
      parent_model: '',
      format: model_format,
      family: model_family,
      families: model_families,
      parameter_size: model_type,
      quantization_level: file_type,
    }
    return { config, details, capabilities: config.capabilities ?? [] }
  }

  return async () => {
    const manifests = await store.manifests.list()
    if (last?.manifests === manifests) return last.models
    const models: ListedModel[] = []
    let isWhole = true
    for (const stored of manifests) {
      const description = await describe(stored).catch((error: unknown) => {
        isWhole = false
        return describeDamaged(stored, error)
      })
      models.push({
        ...description,
        name: shortName(stored.name),
        modifiedMs: stored.modifiedMs,
        sizeBytes: manifestSizeBytes(stored.manifest),
        digestHex: stored.digestHex,
      })
    }
    // What is damaged may be mended without a change of its manifest.
    last = isWhole ? { manifests, models } : undefined
    return models
  }
}
