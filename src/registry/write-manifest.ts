// The end of every pull: the manifest gets its name, and blobs that only the former manifest used go away.

import { isAppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Layer, Manifest } from '../model/manifest.ts'
import type { ModelName } from '../model/name.ts'
import type { Store, StoredManifest } from '../store/store.ts'
import type { Progress } from './registry.ts'

/** What stands under the name now. A damaged manifest counts as none: the pull replaces it. */
export async function readFormer(store: Store, name: ModelName, log: Log): Promise<StoredManifest | undefined> {
  try {
    return await store.manifests.read(name)
  } catch (error) {
    if (!isAppError(error, 'store_corrupt')) throw error
    log.warn('the model has a bad manifest, which this pull replaces', { error })
    return undefined
  }
}

export interface NewManifest {
  name: ModelName
  manifest: Manifest
  /** As the registry gave it; absent for one that was made here. */
  bytes?: Uint8Array
  former: StoredManifest | undefined
}

export async function* writeManifest({ name, manifest, bytes, former }: NewManifest, store: Store, log: Log): AsyncGenerator<Progress> {
  yield { status: 'writing manifest' }
  await store.manifests.write(name, bytes ?? manifest, { keepUnused: true })
  const kept = new Set(allLayers(manifest).map((layer) => layer.digest))
  const unused = former ? allLayers(former.manifest).filter((layer) => !kept.has(layer.digest)) : []
  if (unused.length > 0) {
    yield { status: 'removing unused layers' }
    try {
      await store.removeUnused(unused)
    } catch (error) {
      // The model is there; what could not be deleted now is found by the next prune.
      log.warn('unused layers could not be removed', { error })
      yield { status: `couldn't remove unused layers: ${error instanceof Error ? error.message : String(error)}` }
    }
  }
  yield { status: 'success' }
}

export function allLayers(manifest: Manifest): Layer[] {
  return [...manifest.layers, manifest.config]
}
