// The rank head of a BERT, from the file to the wire. The model has random weights: what is tested is that its number is the one that these weights
// make of the right pair, and not that it is wise.

import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TINY_BERT_MARKS, TINY_BERT_SHAPE, tinyBertTokens, writeTinyBert } from '../../src/gguf/testing/tiny-bert.ts'
import { createBertReference } from '../support/bert-reference.ts'
import { createFromFile, createSmol, post } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Reranked {
  results: { index: number; relevance_score: number; document?: { text: string } }[]
  usage: { total_tokens: number }
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-rerank-'))
const file = path.join(folder, 'reranker.gguf')
let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await writeTinyBert(file, { ranks: true })
  await createFromFile(server.url, { name: 'tiny-reranker', file })
})
afterAll(async () => {
  await server.stop()
  server.clean()
  rmSync(folder, { recursive: true, force: true })
})

const rerank = (query: string, documents: string[], fields: object = {}) =>
  post<Reranked>(`${server.url}/v1/rerank`, { model: 'tiny-reranker', query, documents, ...fields })
const scoresOf = ({ results }: Reranked) => results.toSorted((a, b) => a.index - b.index).map((result) => result.relevance_score)

describe('a reranker', () => {
  const documents = ['a llama', 'the river', 'winter in the garden', 'a llama']

  it('has one number for each pair: the same for the same, another for another', async () => {
    const [first, third] = [await rerank('who?', documents), await rerank('winter', documents)]
    const scores = scoresOf(first)
    expect(scores).toHaveLength(4)
    for (const score of scores) expect(score > 0 && score < 1).toBe(true)
    expect(scores[0]).toBeCloseTo(scores[3] as number, 4)
    expect(new Set(scores.slice(0, 3)).size).toBe(3)
    expect(scoresOf(third)).not.toEqual(scores)
    expect(first.results.map((result) => result.relevance_score)).toEqual(scores.toSorted((a, b) => b - a))
    // [CLS] w h o ? [SEP] r i v e r of the second one alone are more than ten.
    expect(first.usage.total_tokens).toBeGreaterThan(40)
  })

  it('says what its weights say of the query, a separator, the document and another separator', async () => {
    const scoreOf = await createBertReference(file, TINY_BERT_SHAPE)
    const { first, separator } = TINY_BERT_MARKS
    const all: number[] = []
    for (const query of ['who?', 'what is a llama', 'winter']) {
      const scores = scoresOf(await rerank(query, documents))
      const expected = documents.map((one) => scoreOf([first, ...tinyBertTokens(query), separator, ...tinyBertTokens(one), separator]))
      for (const [index, score] of scores.entries()) expect(Math.abs(score - (expected[index] ?? 0))).toBeLessThan(0.002)
      all.push(...expected)
    }
    expect(Math.max(...all) - Math.min(...all)).toBeGreaterThan(0.02)
  })

  it('says the same of a document alone as among others', async () => {
    const together = scoresOf(await rerank('who?', documents))
    for (const [index, document] of documents.entries()) {
      expect(scoresOf(await rerank('who?', [document]))[0]).toBeCloseTo(together[index] as number, 3)
    }
  })

  it('cuts a document that is too long, or refuses it', async () => {
    const long = 'llama '.repeat(200)
    expect(scoresOf(await rerank('who?', [long]))).toHaveLength(1)
    await expect(rerank('who?', [long], { truncation: false })).rejects.toThrow('context_length_exceeded')
  })

  it('is told apart from other models', async () => {
    await createSmol(server.url)
    const answer = await fetch(`${server.url}/v1/rerank`, {
      method: 'POST',
      body: JSON.stringify({ model: 'smol', query: 'q', documents: ['d'] }),
    })
    expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([400, 'unsupported_capability'])
  })
})
