// /api/embed, and /api/embeddings, which is older and takes one text.

import { described, flag, integer, rawJson, struct, text } from './fields.ts'
import { runFields } from './run-fields.ts'

export interface EmbedRequestBody {
  model: string
  input?: string | string[]
  truncate?: boolean
  dimensions?: number
  keep_alive?: number | string
  options?: Record<string, unknown>
}

export interface EmbedResponseBody {
  model: string
  embeddings: number[][]
  total_duration?: number
  load_duration?: number
  prompt_eval_count?: number
  /** Only where texts were cut so that they fit. Llamero's own. */
  truncated?: boolean
  prompt_dropped_tokens?: number
}

export interface EmbeddingsResponseBody {
  embedding: number[]
}

export const embedRequest = struct('EmbedRequest', {
  ...runFields,
  input: described(rawJson, { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }),
  truncate: flag,
  dimensions: integer,
})

export const embeddingsRequest = struct('EmbeddingRequest', { ...runFields, prompt: text })
