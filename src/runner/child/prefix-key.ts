// What a saved state fits to: the weights, and everything that decides how the engine computes and lays out a sequence's memory. States with
// different keys lie in different folders, whose names begin with the model's digest, so that they can go when the model is gone.

import { createHash } from 'node:crypto'
import type { LoadSpec, PrefixCacheSpec } from '../protocol.ts'

/** Changes when the same key no longer means the same state. */
const LAYOUT = 2

export interface PrefixKey {
  bytes: Uint8Array
  folderName: string
}

/** `stateIdentity`: the engine's own part of it. */
export function createPrefixKey(spec: LoadSpec, { modelHex, adapterHexes }: PrefixCacheSpec, stateIdentity: string): PrefixKey {
  const parts = [LAYOUT, stateIdentity, modelHex, adapterHexes, spec.kvCacheType, spec.flashAttention, spec.gpuLayers]
  const bytes = createHash('sha256').update(JSON.stringify(parts)).digest()
  return { bytes, folderName: `${modelHex}-${bytes.toString('hex').slice(0, 16)}` }
}
