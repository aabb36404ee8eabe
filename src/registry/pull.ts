// Where a pull decides which source serves it: the places of the catalogue in order. The next one is tried when a registry cannot be
// reached or does not give the model, and the client is told why. A model that is there is never replaced by a fallback's other files.

import { AppError, isAppError, toAppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { findLayers } from '../model/manifest.ts'
import { MEDIA_TYPES } from '../model/media-type.ts'
import { type ModelName, shortName } from '../model/name.ts'
import type { Store } from '../store/store.ts'
import { type Catalogue, type Place, placesOf } from './catalogue.ts'
import type { Progress, TransferOptions } from './registry.ts'
import type { Source } from './sources/source.ts'
import { readFormer } from './write-manifest.ts'

export interface PullOptions {
  store: Store
  log: Log
  catalogue: Catalogue
  sourceOf(place: Place): Source
}

/** Failures that another source may not share. A full disk or a damaged store would fail there too. */
const WORTH_ANOTHER: readonly string[] = [
  'registry_unreachable',
  'registry_error',
  'registry_not_found',
  'unauthorized',
  'forbidden',
  'not_supported',
]

export async function* pullModel(name: ModelName, request: TransferOptions, options: PullOptions): AsyncGenerator<Progress> {
  yield { status: 'pulling manifest' }
  const places = await usablePlaces(name, options)
  const failures: AppError[] = []
  for (const [index, place] of places.entries()) {
    const source = options.sourceOf(place)
    const next = places[index + 1]
    try {
      yield* source.pull(name, { ...request, hasFallback: next !== undefined })
      return
    } catch (error) {
      if (!isAppError(error) || !WORTH_ANOTHER.includes(error.code)) throw error
      failures.push(error)
      if (!next) throw allFailed(failures)
      const { label } = options.sourceOf(next)
      options.log.info('the pull goes on with another source', { model: shortName(name), source: label, error })
      yield { status: `${explain(error, source)}; using ${label} instead` }
    }
  }
}

/** A package stands in for a model that is not there; other files under the same name stay until their registry replaces them. */
async function usablePlaces(name: ModelName, { store, log, catalogue }: PullOptions): Promise<readonly Place[]> {
  const places = placesOf(name, catalogue)
  const former = await readFormer(store, name, log)
  if (!former) return places
  const present = findLayers(former.manifest, MEDIA_TYPES.model)[0]?.digest
  return places.filter((place) => place.kind === 'registry' || place.digest === present)
}

function explain(error: AppError, source: Source): string {
  const reason = typeof error.details.reason === 'string' ? error.details.reason : error.message
  if (error.code === 'registry_unreachable') return `${source.label} cannot be reached (${reason})`
  if (error.code === 'registry_not_found') return `${source.label} does not have this model`
  return `${source.label} refuses (${reason})`
}

function allFailed(failures: AppError[]): AppError {
  const [first, ...others] = failures as [AppError, ...AppError[]]
  if (others.length === 0) return first
  const message = [first.message, ...others.map((error) => `and the fallback failed: ${toAppError(error).message}`)].join('; ')
  return new AppError(first.code, message, { cause: others.at(-1), details: first.details })
}
