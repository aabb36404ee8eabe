import { describe, expect, it } from 'vitest'
import { DEFAULT_OPTIONS } from '../model/options.ts'
import { estimateMemory } from './estimate.ts'
import { type LoadOptions, needsReload, toLoadSpec } from './options.ts'
import type { LoadTarget } from './target.ts'
import { createTarget, TEST_ARCHITECTURE, TEST_LIMITS } from './testing/targets.ts'

const target = createTarget('a')

function spec(
  options: Partial<LoadOptions> = {},
  { of = target, ...limits }: { of?: LoadTarget; numParallel?: number; contextTokens?: number; slotMemoryBytes?: number } = {},
) {
  return toLoadSpec(of, { ...DEFAULT_OPTIONS, ...options }, { ...TEST_LIMITS, ...limits })
}

describe('the context', () => {
  it.each([
    ['the built-in default', undefined, 0, 4096],
    ['the configured default', undefined, 2048, 2048],
    ['what the request asks', 1000, 2048, 1000],
    ['at least 4', 1, 0, 4],
    ['at least 4 when negative', -5, 0, 4],
    ['at most what the model was trained with', 100_000, 0, 8192],
  ])('is %s', (_, num_ctx, contextTokens, expected) => {
    expect(spec(num_ctx === undefined ? {} : { num_ctx }, { contextTokens }).contextTokens).toBe(expected)
  })

  it('is not limited where the file does not say what the model was trained with', () => {
    const of = createTarget('a', { architecture: { ...TEST_ARCHITECTURE, trainContextTokens: 0 } })
    expect(spec({ num_ctx: 100_000 }, { of }).contextTokens).toBe(100_000)
  })

  it('has room for an image where the model takes images', () => {
    expect(spec({ num_ctx: 512 }, { of: createTarget('a', { hasVision: true }) }).contextTokens).toBe(2048)
  })
})

describe('slots', () => {
  it('are one for embedding models and for families that cannot share', () => {
    expect(spec({}, { numParallel: 4 }).parallel).toBe(4)
    expect(spec({}, { numParallel: 4, of: createTarget('a', { isEmbedding: true }) }).parallel).toBe(1)
    expect(spec({}, { numParallel: 4, of: createTarget('a', { families: ['lfm2'] }) }).parallel).toBe(1)
  })

  it('are as many as memory has room for where nobody says how many: 8, 4, 2 or 1', () => {
    // 30 layers, 3 heads of 64 + 64 values of 2 bytes: 23,040 bytes a token, 94 MB for 4,096 tokens.
    const slots = (megabytes: number) => spec({}, { numParallel: 0, slotMemoryBytes: megabytes * 1e6 }).parallel
    expect([1000, 760, 750, 400, 200, 100, 10].map(slots)).toEqual([8, 8, 4, 4, 2, 1, 1])
    expect(spec({ num_ctx: 8192 }, { numParallel: 0, slotMemoryBytes: 760e6 }).parallel).toBe(4)
  })
})

describe('the batch', () => {
  it('grows with the context of all slots unless the request says', () => {
    expect(spec().batchTokens).toBe(512)
    expect(spec({}, { numParallel: 2 }).batchTokens).toBe(1024)
    expect(spec({ num_ctx: 8192 }, { numParallel: 8 }).batchTokens).toBe(2048)
    expect(spec({ num_batch: 64 }).batchTokens).toBe(64)
    expect(spec({ num_ctx: 1024, num_batch: 4e19 }, { numParallel: 2 }).batchTokens).toBe(2048)
  })

  it('of an embedding model holds a whole input', () => {
    expect(spec({}, { of: createTarget('a', { isEmbedding: true }) }).batchTokens).toBe(4096)
  })
})

describe('the prefix cache', () => {
  const prefixCache = { folder: 'states', limitBytes: 1000, freeShare: 0.1 }
  const hex = (letter: string) => letter.repeat(64)
  const blob = (letter: string) => `models/blobs/sha256-${hex(letter)}`
  const cacheOf = (parts: Partial<LoadTarget>) =>
    toLoadSpec(createTarget('a', { modelPath: blob('a'), ...parts }), DEFAULT_OPTIONS, { ...TEST_LIMITS, prefixCache }).prefixCache

  it('is keyed by the digests of the model and its adapters', () => {
    expect(cacheOf({ adapterPaths: [blob('b'), blob('c')] })).toEqual({
      ...prefixCache,
      modelHex: hex('a'),
      adapterHexes: [hex('b'), hex('c')],
    })
  })

  it.each<[string, Partial<LoadTarget>]>([
    ['a model that only embeds', { isEmbedding: true }],
    ['weights that no digest tells', { modelPath: 'model.gguf' }],
    ['an adapter that no digest tells', { adapterPaths: [blob('b'), 'adapter.gguf'] }],
  ])('is none for %s', (_, parts) => {
    expect(cacheOf(parts)).toBeUndefined()
  })

  it('is none where it is turned off', () => {
    expect(spec({}, { of: createTarget('a', { modelPath: blob('a') }) }).prefixCache).toBeUndefined()
  })
})

describe('slots that open when they are needed', () => {
  const prefixCache = { folder: '/states', limitBytes: 1e9, freeShare: 0.1 }
  const target = createTarget('a', { modelPath: `/models/blobs/sha256-${'a'.repeat(64)}` })
  const of = (rest: Partial<LoadTarget> = {}) =>
    toLoadSpec({ ...target, ...rest }, DEFAULT_OPTIONS, { ...TEST_LIMITS, numParallel: 4, prefixCache })

  it('are one at the start where talks that lose theirs are saved', () => {
    expect(of()).toMatchObject({ parallel: 4, startContexts: 1 })
    expect(spec({}, { numParallel: 4 })).not.toHaveProperty('startContexts')
  })

  it('are all there from the start beside a draft model and for embeddings', () => {
    expect(of({ draft: { modelPath: 'draft.gguf', weightsBytes: 50_000_000, architecture: TEST_ARCHITECTURE } })).not.toHaveProperty(
      'startContexts',
    )
    expect(of({ isEmbedding: true })).not.toHaveProperty('startContexts')
  })

  it('take memory when they open', () => {
    expect(estimateMemory(target, of()).kvCacheBytes).toBe(estimateMemory(target, { ...of(), startContexts: 4 }).kvCacheBytes / 4)
  })
})

describe('a draft model', () => {
  const of = createTarget('a', { draft: { modelPath: 'draft.gguf', weightsBytes: 50_000_000, architecture: TEST_ARCHITECTURE } })

  it('guesses as many tokens as the options say', () => {
    expect(spec({}, { of }).draft).toEqual({ modelPath: 'draft.gguf', mostTokens: 4 })
    expect(spec({ draft_num_predict: 7 }, { of }).draft?.mostTokens).toBe(7)
  })

  it('is left out where it is to guess nothing, where nothing may be guessed, and beside an embedding model', () => {
    expect(spec({ draft_num_predict: 0 }, { of })).not.toHaveProperty('draft')
    expect(spec({ draft_num_predict: -1 }, { of })).not.toHaveProperty('draft')
    expect(spec({}, { of: { ...of, isEmbedding: true } })).not.toHaveProperty('draft')
    expect(toLoadSpec(of, DEFAULT_OPTIONS, { ...TEST_LIMITS, speculate: false })).not.toHaveProperty('draft')
    expect(spec({ draft_num_predict: 7 })).not.toHaveProperty('draft')
  })

  it('takes its share of the memory for slots', () => {
    const limits = { ...TEST_LIMITS, numParallel: 0, slotMemoryBytes: 8 * 30 * 3 * 128 * 2 * 4096 }
    expect(toLoadSpec(createTarget('a'), DEFAULT_OPTIONS, limits).parallel).toBe(8)
    expect(toLoadSpec(of, DEFAULT_OPTIONS, limits).parallel).toBe(4)
  })

  it('is loaded again when another is wanted, or other guesses of it', () => {
    expect(needsReload(spec({}, { of }), spec({}, { of }))).toBe(false)
    expect(needsReload(spec(), spec({}, { of }))).toBe(true)
    expect(needsReload(spec({}, { of }), spec({ draft_num_predict: 5 }, { of }))).toBe(true)
    expect(needsReload(spec(), spec({ draft_num_predict: 5 }))).toBe(false)
  })
})

describe('a reload', () => {
  it.each<[string, Partial<LoadOptions>]>([
    ['num_ctx', { num_ctx: 2048 }],
    ['num_batch', { num_batch: 128 }],
    ['num_gpu', { num_gpu: 3 }],
    ['main_gpu', { main_gpu: 1 }],
    ['use_mmap', { use_mmap: false }],
    ['num_thread', { num_thread: 7 }],
  ])('follows from a change of %s', (_, options) => {
    expect(needsReload(spec(), spec(options))).toBe(true)
  })

  it('follows from other adapters', () => {
    const adapted = spec({}, { of: createTarget('a', { adapterPaths: ['adapter'] }) })
    expect(needsReload(spec(), adapted)).toBe(true)
    expect(needsReload(adapted, adapted)).toBe(false)
  })

  it('follows from another projector', () => {
    const projector = { path: 'projector', weightsBytes: 1, computeBytes: 1 }
    const seeing = spec({}, { of: createTarget('a', { projector }) })
    expect(seeing.projectorPath).toBe('projector')
    expect(needsReload(spec(), seeing)).toBe(true)
    expect(needsReload(seeing, seeing)).toBe(false)
  })

  it('does not follow from saying what holds already, or from leaving open what another request has set', () => {
    expect(needsReload(spec(), spec({ num_ctx: 4096, num_batch: 512 }))).toBe(false)
    expect(needsReload(spec({ num_gpu: 20, use_mmap: true }), spec())).toBe(false)
  })
})
