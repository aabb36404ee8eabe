// Uploaded files in Hugging Face's layout: their weights become one GGUF blob, as an upload of a GGUF file would have been.

import type { Convert } from '../../convert/conversion.ts'
import type { GgufHead } from '../../gguf/types.ts'
import type { Digest } from '../../model/digest.ts'
import type { Progress } from '../../registry/registry.ts'
import type { Store } from '../../store/store.ts'
import { type PlannedLayer, plannedLayer } from './layers.ts'

export interface UploadedFile {
  /** Relative, as the client named it. */
  path: string
  digest: Digest
}

export function areSafetensors(files: readonly UploadedFile[]): boolean {
  return files.some(({ path }) => path.endsWith('.safetensors'))
}

export interface Uploads {
  store: Store
  convert: Convert
}

/** The blobs are in the store already. */
export async function* convertedLayer(
  files: readonly UploadedFile[],
  uploads: Uploads,
  signal?: AbortSignal,
): AsyncGenerator<Progress, PlannedLayer> {
  yield { status: 'converting model' }
  return yield* convertFiles({ files }, uploads, signal)
}

/** As convertedLayer, for an adapter of this base. */
export async function* convertedAdapter(
  files: readonly UploadedFile[],
  base: GgufHead,
  uploads: Uploads,
  signal: AbortSignal,
): AsyncGenerator<Progress, PlannedLayer> {
  yield { status: 'converting adapter' }
  return yield* convertFiles({ files, base }, uploads, signal)
}

async function* convertFiles(
  { files, base }: { files: readonly UploadedFile[]; base?: GgufHead },
  { store, convert }: Uploads,
  signal: AbortSignal | undefined,
): AsyncGenerator<Progress, PlannedLayer> {
  const paths = new Map(files.map(({ path, digest }) => [path, store.blobs.path(digest)]))
  await using conversion = await convert({ paths, base }, signal)
  for (const status of conversion.notes) yield { status }
  const { sizeBytes: neededBytes } = conversion
  const blob = await store.blobs.make((path) => conversion.write(path), { neededBytes, ...(signal ? { signal } : {}) })
  return plannedLayer('', blob)
}
