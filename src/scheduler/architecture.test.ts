import { describe, expect, it } from 'vitest'
import type { GgufHead, GgufValue } from '../gguf/types.ts'
import { readArchitecture } from './architecture.ts'

function head(metadata: Record<string, GgufValue>): GgufHead {
  return { metadata: new Map(Object.entries(metadata)) } as GgufHead
}

describe('an architecture', () => {
  it('is read from the keys under its name', () => {
    const llama = readArchitecture(
      head({
        'general.architecture': 'llama',
        'llama.context_length': 8192,
        'llama.embedding_length': 576,
        'llama.block_count': 30,
        'llama.attention.head_count': 9,
        'llama.attention.head_count_kv': 3,
        'tokenizer.ggml.tokens': { itemType: 'string', length: 49_152 },
      }),
    )
    expect(llama).toMatchObject({
      name: 'llama',
      trainContextTokens: 8192,
      kvHeadCount: 3,
      keyLength: 64,
      vocabularySize: 49_152,
      pools: false,
    })
  })

  it('takes the largest value where layers differ, and all heads where the values are unknown', () => {
    const keys = { 'general.architecture': 'x', 'x.attention.head_count': 8 }
    const known = head({ ...keys, 'x.attention.head_count_kv': { itemType: 'uint32', length: 3, values: [0, 4, 2] } })
    expect(readArchitecture(known).kvHeadCount).toBe(4)
    const unknown = head({ ...keys, 'x.attention.head_count_kv': { itemType: 'uint32', length: 3 } })
    expect(readArchitecture(unknown).kvHeadCount).toBe(8)
  })

  it('tells an embedding model by its pooling', () => {
    expect(readArchitecture(head({ 'general.architecture': 'bert', 'bert.pooling_type': 1 })).pools).toBe(true)
  })

  it('has zeros and no name where the file says nothing', () => {
    expect(readArchitecture(head({}))).toMatchObject({ name: '', blockCount: 0, keyLength: 0 })
  })
})
