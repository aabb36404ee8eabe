// Uploaded files in Hugging Face's layout: their weights become one GGUF blob, as an upload of a GGUF file would have been.

import { throwIfAborted } from '../../base/abort.ts'
import { convertAdapter } from '../../convert/adapter.ts'
import { convertModel } from '../../convert/convert.ts'
import type { GgufHead } from '../../gguf/types.ts'
import { type GgufContent, writeGguf } from '../../gguf/writer.ts'
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

/** The blobs are in the store already. */
export async function* convertedLayer(
  files: readonly UploadedFile[],
  store: Store,
  signal?: AbortSignal,
): AsyncGenerator<Progress, PlannedLayer> {
  yield { status: 'converting model' }
  const { content, notes } = await convertModel(pathsOf(files, store))
  for (const note of notes) yield { status: note }
  return writeContent(content, store, signal)
}

/** As convertedLayer, for an adapter of this base. */
export async function* convertedAdapter(
  files: readonly UploadedFile[],
  base: GgufHead,
  store: Store,
  signal: AbortSignal,
): AsyncGenerator<Progress, PlannedLayer> {
  yield { status: 'converting adapter' }
  return writeContent(await convertAdapter(pathsOf(files, store), base), store, signal)
}

function pathsOf(files: readonly UploadedFile[], store: Store): Map<string, string> {
  return new Map(files.map(({ path, digest }) => [path, store.blobs.path(digest)]))
}

async function writeContent(content: GgufContent, store: Store, signal: AbortSignal | undefined): Promise<PlannedLayer> {
  throwIfAborted(signal)
  const blob = await store.blobs.write(writeGguf(content), signal ? { signal } : {})
  return plannedLayer('', blob)
}
