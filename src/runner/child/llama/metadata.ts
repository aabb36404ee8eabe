// Values of a model's metadata, as the engine spells them.

import type { LlamaApi, ModelPointer } from './api.ts'

const MAX_VALUE_BYTES = 256

/** Of one that is longer, the beginning; undefined where there is none. */
export function metaValue(api: LlamaApi, model: ModelPointer, key: string): string | undefined {
  const text = Buffer.alloc(MAX_VALUE_BYTES)
  const length = api.modelMetaValue(model, key, text, text.length)
  return length < 0 ? undefined : text.toString('utf8', 0, Math.min(length, text.length - 1))
}
