// Uploaded files in Hugging Face's layout: their weights become one GGUF blob, as an upload of a GGUF file would have been.

import { throwIfAborted } from '../../base/abort.ts'
import { convertModel } from '../../convert/convert.ts'
import { writeGguf } from '../../gguf/writer.ts'
import type { Digest } from '../../model/digest.ts'
import type { Progress } from '../../registry/registry.ts'
import type { Store } from '../../store/store.ts'
import { type DraftLayer, layerStatus } from './layers.ts'

export interface UploadedFile {
  /** Relative, as the client named it. */
  path: string
  digest: Digest
}

export function areSafetensors(files: readonly UploadedFile[]): boolean {
  return files.some(({ path }) => path.endsWith('.safetensors'))
}

/** The blobs are in the store already. */
export async function* convertedLayer(
  files: readonly UploadedFile[],
  store: Store,
  signal?: AbortSignal,
): AsyncGenerator<Progress, DraftLayer> {
  yield { status: 'converting model' }
  const { content, notes } = await convertModel(new Map(files.map(({ path, digest }) => [path, store.blobs.path(digest)])))
  throwIfAborted(signal)
  for (const note of notes) yield { status: note }
  const blob = await store.blobs.write(writeGguf(content), signal ? { signal } : {})
  return { mediaType: '', digest: blob.digest, sizeBytes: blob.sizeBytes, status: layerStatus(blob) }
}
