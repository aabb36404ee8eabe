// From a model's description to what the scheduler loads.

import { AppError } from '../base/errors.ts'
import { findLayers } from '../model/manifest.ts'
import { MEDIA_TYPES } from '../model/media-type.ts'
import { shortName } from '../model/name.ts'
import type { LoadTarget } from '../scheduler/target.ts'
import type { Model } from './model.ts'

/** Throws `not_supported` for a model that is no GGUF file. */
export function toLoadTarget(model: Model): LoadTarget {
  const { modelPath, weightsBytes, architecture, stored } = model
  if (modelPath === undefined || weightsBytes === undefined || architecture === undefined) {
    const format = model.config.model_format || 'none'
    throw new AppError('not_supported', `${shortName(model.name)} cannot be run: its format is ${format}, and only gguf is supported here`)
  }
  const adapterBytes = findLayers(stored.manifest, MEDIA_TYPES.adapter).reduce((sum, layer) => sum + layer.sizeBytes, 0)
  const { model_family, model_families } = model.config
  return {
    key: modelPath,
    name: shortName(model.name),
    digestHex: stored.digestHex,
    // wire: /api/ps never names a parent, unlike /api/show.
    details: { ...model.details, parent_model: '' },
    modelPath,
    adapterPaths: model.adapterPaths,
    ...(model.projector ? { projector: model.projector } : {}),
    ...(model.isForeign ? { isForeign: true } : {}),
    weightsBytes: weightsBytes + adapterBytes,
    architecture,
    ...(model.draft ? { draft: model.draft } : {}),
    isEmbedding: !model.capabilities.includes('completion'),
    hasVision: model.capabilities.includes('vision'),
    families: [...new Set([architecture.name, model_family, ...(model_families ?? [])])],
  }
}
