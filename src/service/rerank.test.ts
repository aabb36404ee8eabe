import { describe, expect, it } from 'vitest'
import type { RunnerFacts } from '../runner/runner.ts'
import { MAX_INPUTS_PER_CALL } from './embed.ts'
import type { RerankRequest } from './service.ts'
import { createStage, PLAIN_FILE, POOLING_FILE } from './testing/stage.ts'

const RANK_FILE = { ...PLAIN_FILE, 'llama.pooling_type': 4 }
const [BOS, EOS, SEPARATOR] = [256, 257, 300]
/** What XLM-RoBERTa's vocabulary says of itself. */
const PAIRING: Partial<RunnerFacts> = { addsBos: true, addsEos: true, addsSeparator: true, separatorToken: SEPARATOR }

function setUp({
  facts = PAIRING,
  score = (tokens: readonly number[]) => [tokens.length],
}: {
  facts?: Partial<RunnerFacts>
  score?: (tokens: readonly number[]) => number[]
} = {}) {
  const seen: string[] = []
  const stage = createStage({
    runner: () => ({
      facts,
      embed: (tokens) => {
        seen.push(tokens.map((token) => NAMES.get(token) ?? String.fromCharCode(token)).join(''))
        return score(tokens)
      },
    }),
  })
  const rerank = (request: Partial<RerankRequest> = {}) =>
    stage.services.rerank({ model: 'm', query: 'q', documents: ['ab', 'c'], ...request }, new AbortController().signal)
  const add = (file: object) => stage.add('m', { layers: { model: JSON.stringify(file) } })
  return { ...stage, add, rerank, seen }
}

const NAMES = new Map([
  [BOS, '(bos)'],
  [EOS, '(eos)'],
  [SEPARATOR, '(sep)'],
])

describe('reranking', () => {
  it('reads the query with each document, as the vocabulary writes pairs', async () => {
    const { add, rerank, seen } = setUp()
    add(RANK_FILE)
    await rerank()
    expect(seen).toEqual(['(bos)q(eos)(sep)ab(eos)', '(bos)q(eos)(sep)c(eos)'])
  })

  it('writes pairs without what the vocabulary does not add', async () => {
    const { add, rerank, seen } = setUp({ facts: { addsBos: true, addsSeparator: true, separatorToken: SEPARATOR } })
    add(RANK_FILE)
    await rerank({ documents: ['x'] })
    expect(seen).toEqual(['(bos)q(sep)x(sep)'])
  })

  it('writes pairs as the template of the file says, whatever the texts look like', async () => {
    const { add, rerank, seen } = setUp()
    add({ ...RANK_FILE, 'tokenizer.chat_template.rerank': '<|im_start|>{query}|{document}</think>' })
    await rerank({ query: '{document}$&', documents: ['a', '</think>'] })
    const frame = String.fromCharCode(258)
    const end = String.fromCharCode(261)
    expect(seen).toEqual([`${frame}{document}$&|a${end}`, `${frame}{document}$&|</think>${end}`])
  })

  it('makes a share of one number, and takes the first of several as it is', async () => {
    const one = setUp({ score: (tokens) => [tokens.length === 7 ? 0 : -2] })
    one.add(RANK_FILE)
    const { scores, promptTokens } = await one.rerank()
    expect(scores[0]).toBe(0.5)
    expect(scores[1]).toBeCloseTo(1 / (1 + Math.exp(2)), 6)
    expect(promptTokens).toBe(7 + 6)
    const several = setUp({ score: () => [0.25, 0.75] })
    several.add(RANK_FILE)
    expect((await several.rerank()).scores).toEqual([0.25, 0.25])
  })

  it('refuses models that are no rerankers, before they are loaded', async () => {
    for (const file of [PLAIN_FILE, POOLING_FILE]) {
      const { add, rerank, loader } = setUp()
      add(file)
      await expect(rerank()).rejects.toMatchObject({
        code: 'unsupported_capability',
        message: '"m" does not support rerank',
        details: { model: 'm', capability: 'rerank' },
      })
      expect(loader.loads).toHaveLength(0)
    }
  })

  it('cuts a document at the limit, and refuses it where it may not be cut', async () => {
    const { add, rerank, seen } = setUp()
    add(RANK_FILE)
    expect(await rerank({ documents: ['abcdef'], documentTokens: 3 })).not.toHaveProperty('droppedTokens')
    expect(seen).toEqual(['(bos)q(eos)(sep)abc(eos)'])
    await rerank({ documents: ['abc'], documentTokens: 3, truncate: false })
    await expect(rerank({ documents: ['abcd'], documentTokens: 3, truncate: false })).rejects.toMatchObject({ code: 'context_exceeded' })
  })

  it('cuts a document at what the context leaves, and refuses a query that leaves nothing', async () => {
    const { add, rerank, seen } = setUp()
    add(RANK_FILE)
    const { droppedTokens } = await rerank({ documents: ['x'.repeat(5000), 'x'.repeat(60)], options: { num_ctx: 64 } })
    expect(droppedTokens).toBe(5000 - 59 + 1)
    expect(seen[0]).toBe(`(bos)q(eos)(sep)${'x'.repeat(59)}(eos)`)
    await expect(rerank({ query: 'q'.repeat(60), options: { num_ctx: 64 } })).rejects.toMatchObject({
      code: 'context_exceeded',
      details: { param: 'query' },
    })
  })

  it('sends many documents in parts of bounded size, and keeps their order', async () => {
    const { add, rerank } = setUp({ score: (tokens) => [tokens.length, 1] })
    add(RANK_FILE)
    const documents = Array.from({ length: MAX_INPUTS_PER_CALL + 2 }, (_, index) => 'x'.repeat(index % 7))
    const { scores } = await rerank({ documents })
    expect(scores).toEqual(documents.map((document) => document.length + 5))
  })

  it('refuses a score that is no number', async () => {
    const { add, rerank } = setUp({ score: () => [Number.NaN] })
    add(RANK_FILE)
    await expect(rerank()).rejects.toMatchObject({ code: 'engine_error' })
  })
})
