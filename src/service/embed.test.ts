import { describe, expect, it, vi } from 'vitest'
import { silentLog } from '../base/log.ts'
import { MAX_INPUTS_PER_CALL, toUnit } from './embed.ts'
import type { EmbedRequest } from './service.ts'
import { createStage, POOLING_FILE } from './testing/stage.ts'

const POOLING = { layers: { model: JSON.stringify(POOLING_FILE) } }

function setUp(options: Parameters<typeof createStage>[0] = {}) {
  const seen: number[][] = []
  const stage = createStage({
    runner: () => ({
      embed: (tokens) => {
        seen.push([...tokens])
        return [tokens.length, tokens[0] ?? 0, 4]
      },
    }),
    ...options,
  })
  const embed = (request: Partial<EmbedRequest> = {}) =>
    stage.services.embed({ model: 'm', inputs: ['hello'], ...request }, new AbortController().signal)
  return { ...stage, embed, seen }
}

function lengthOf(vector: Float32Array | undefined): number {
  return Math.hypot(...(vector ?? []))
}

describe('embedding', () => {
  it('gives a vector of length 1 for each input, in order, and counts the tokens of all', async () => {
    const { add, embed } = setUp()
    add('m', POOLING)
    const { embeddings, promptTokens, loadNs, totalNs } = await embed({ inputs: ['ab', 'c'] })
    expect(embeddings).toHaveLength(2)
    for (const vector of embeddings) expect(lengthOf(vector)).toBeCloseTo(1, 6)
    expect(embeddings[0]?.[0]).toBeCloseTo(2 / Math.hypot(2, 97, 4), 6)
    expect(promptTokens).toBe(3)
    expect(Math.min(loadNs, totalNs)).toBeGreaterThan(0)
  })

  it('of nothing loads the model', async () => {
    const { add, embed, scheduler } = setUp()
    add('m', POOLING)
    expect(await embed({ inputs: [] })).toMatchObject({ embeddings: [], promptTokens: 0 })
    expect(scheduler.running()).toHaveLength(1)
  })

  it('sends many inputs in parts of bounded size', async () => {
    const { add, embed, loader } = setUp()
    add('m', POOLING)
    await embed()
    const runner = loader.loads[0]?.runner
    const sizes: number[] = []
    const original = runner?.embed.bind(runner)
    if (!runner || !original) throw new Error('nothing was loaded')
    runner.embed = (inputs, signal) => {
      sizes.push(inputs.length)
      return original(inputs, signal)
    }
    const { embeddings } = await embed({ inputs: Array.from({ length: MAX_INPUTS_PER_CALL + 1 }, () => 'x') })
    expect(embeddings).toHaveLength(MAX_INPUTS_PER_CALL + 1)
    expect(sizes).toEqual([MAX_INPUTS_PER_CALL, 1])
  })

  it('refuses a model that only completes, before it is loaded', async () => {
    const { add, embed, loader } = setUp()
    add('m')
    await expect(embed()).rejects.toMatchObject({ code: 'unsupported_capability', details: { capability: 'embedding' } })
    expect(loader.loads).toHaveLength(0)
  })

  it('refuses a reranker, before it is loaded, and names the way to its scores', async () => {
    const { add, embed, loader } = setUp()
    add('m', { layers: { model: JSON.stringify({ ...POOLING_FILE, 'llama.pooling_type': 4 }) } })
    await expect(embed()).rejects.toMatchObject({
      code: 'unsupported_capability',
      message: '"m" is a reranker and makes no embeddings: ask /v1/rerank',
    })
    expect(loader.loads).toHaveLength(0)
  })

  it('refuses an input without tokens', async () => {
    const { add, embed } = setUp()
    add('m', POOLING)
    await expect(embed({ inputs: ['a', ''] })).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('refuses an unknown model', async () => {
    await expect(setUp().embed()).rejects.toMatchObject({ code: 'model_not_found', details: { model: 'm' } })
  })
})

describe('an input that is too long', () => {
  it('is cut, with room for the tokens around a text', async () => {
    const { add, embed, seen } = setUp()
    add('m', POOLING)
    const { promptTokens } = await embed({ inputs: ['x'.repeat(200)], options: { num_ctx: 64 } })
    expect(promptTokens).toBe(62)
    expect(seen[0]).toHaveLength(62)
  })

  it('is told, with how much of it was left out', async () => {
    const warn = vi.fn()
    const { add, embed } = setUp({ log: { ...silentLog, warn } })
    add('m', POOLING)
    const options = { num_ctx: 64 }
    expect((await embed({ inputs: ['x'.repeat(200), 'fits', 'x'.repeat(63)], options })).droppedTokens).toBe(139)
    expect(warn.mock.calls).toEqual([['texts were cut to fit the context', { model: 'm:latest', droppedTokens: 139 }]])
    expect(await embed({ inputs: ['x'.repeat(62)], options })).not.toHaveProperty('droppedTokens')
  })

  it('keeps the token that begins it', async () => {
    const seen: number[][] = []
    const runner = () => ({ facts: { addsBos: true }, embed: (tokens: readonly number[]) => [seen.push([...tokens])] })
    const { add, embed } = setUp({ runner })
    add('m', POOLING)
    await embed({ inputs: ['x'.repeat(200)], options: { num_ctx: 64 } })
    expect(seen[0]?.slice(0, 2)).toEqual([256, 120])
    expect(seen[0]).toHaveLength(63)
  })

  it('is refused where it may not be cut, and with it the others', async () => {
    const { add, embed } = setUp()
    add('m', POOLING)
    const request = { inputs: ['ok', 'x'.repeat(63)], options: { num_ctx: 64 }, truncate: false }
    await expect(embed(request)).rejects.toMatchObject({ code: 'context_exceeded', message: 'the input length exceeds the context length' })
    await expect(embed({ ...request, inputs: ['x'.repeat(62)] })).resolves.toBeDefined()
  })

  it('is cut to less than the smallest context that is loaded, and refused where nothing of it would remain', async () => {
    const { add, embed } = setUp()
    add('m', POOLING)
    expect((await embed({ inputs: ['xxxxx'], options: { num_ctx: 3 } })).promptTokens).toBe(1)
    const none = embed({ inputs: ['xxxxx'], options: { num_ctx: 2 } })
    await expect(none).rejects.toMatchObject({ code: 'invalid_request', message: 'input after truncation exceeds maximum context length' })
  })

  it('is cut to the batch where that is smaller than the context', async () => {
    const { add, embed } = setUp()
    add('m', POOLING)
    expect((await embed({ inputs: ['x'.repeat(200)], options: { num_batch: 32 } })).promptTokens).toBe(30)
  })
})

describe('vectors', () => {
  it('are cut to the dimensions asked, and normalised again', () => {
    expect([...toUnit(Float32Array.of(3, 4, 12), 2)]).toEqual([Math.fround(0.6), Math.fround(0.8)])
  })

  it.each([0, -1, 3, 100])('keep their length for %d dimensions', (dimensions) => {
    expect(toUnit(Float32Array.of(1, 2, 3), dimensions)).toHaveLength(3)
  })

  it('of zeros stay zeros', () => {
    expect([...toUnit(Float32Array.of(0, 0))]).toEqual([0, 0])
  })

  it('with something that is no number are refused', () => {
    expect(() => toUnit(Float32Array.of(1, Number.NaN))).toThrow('embedding contains NaN or Inf values')
    expect(() => toUnit(Float32Array.of(1, Number.POSITIVE_INFINITY))).toThrow('NaN or Inf')
  })

  it.each([
    [{ ...POOLING_FILE }, true],
    [{ 'general.architecture': 'bert', 'bert.pooling_type': 1 }, true],
    [{ 'general.architecture': 'bert', 'bert.pooling_type': 1, 'bert.normalize_embeddings': false }, false],
    [{ 'general.architecture': 'nomic-bert', 'nomic-bert.pooling_type': 1 }, false],
    [{ 'general.architecture': 'nomic-bert', 'nomic-bert.pooling_type': 1, 'nomic-bert.normalize_embeddings': true }, true],
  ])('of the older call are as they were before: %j', async (file, isUnit) => {
    const { add, embed } = setUp()
    add('m', { layers: { model: JSON.stringify(file) } })
    const { embeddings } = await embed({ normalize: false })
    expect(Math.abs(lengthOf(embeddings[0]) - 1) < 1e-6).toBe(isUnit)
    expect(lengthOf((await embed()).embeddings[0])).toBeCloseTo(1, 6)
  })
})
