// The few facts of a GGUF's metadata that tell how much memory a context takes and how long it may be.

import type { GgufHead, GgufValue } from '../gguf/types.ts'

export interface Architecture {
  /** `general.architecture`; empty where the file names none. */
  name: string
  /** 0 = the file does not say. So for all numbers here. */
  trainContextTokens: number
  embeddingLength: number
  blockCount: number
  headCount: number
  kvHeadCount: number
  keyLength: number
  valueLength: number
  vocabularySize: number
  /** Keys and values of most layers reach back only so far. */
  slidingWindowTokens: number
  /** The file declares how its vectors are pooled: an embedding model. */
  pools: boolean
}

/** Never throws: what a file does not say, or says in another type, is 0. */
export function readArchitecture(head: GgufHead): Architecture {
  const name = architectureName(head)
  const number = (key: string) => toNumber(head.metadata.get(`${name}.${key}`))
  const embeddingLength = number('embedding_length')
  const headCount = number('attention.head_count')
  const headLength = headCount > 0 ? embeddingLength / headCount : 0
  const tokens = head.metadata.get('tokenizer.ggml.tokens')
  return {
    name,
    trainContextTokens: number('context_length'),
    embeddingLength,
    blockCount: number('block_count'),
    headCount,
    kvHeadCount: number('attention.head_count_kv') || headCount,
    keyLength: number('attention.key_length') || headLength,
    valueLength: number('attention.value_length') || headLength,
    vocabularySize: number('vocab_size') || (isArray(tokens) ? tokens.length : 0),
    slidingWindowTokens: number('attention.sliding_window'),
    pools: head.metadata.has(`${name}.pooling_type`),
  }
}

/** `general.architecture`; empty where the file names none. Unlike architectureOf of gguf/metadata.ts it never throws. */
export function architectureName(head: GgufHead): string {
  const name = head.metadata.get('general.architecture')
  return typeof name === 'string' ? name : ''
}

/** A value per layer counts as its largest; an array whose items were not read counts as unknown. */
function toNumber(value: GgufValue | undefined): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (isArray(value)) return Math.max(0, ...(value.values ?? []).slice(0, 1024).map((item) => toNumber(item)))
  return 0
}

function isArray(value: GgufValue | undefined): value is Extract<GgufValue, object> {
  return typeof value === 'object'
}
