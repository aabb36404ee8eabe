import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/base/errors.ts'
import { MAX_DOCUMENTS } from '../../src/http/openai/rerank.ts'
import { sendJson, startWire } from './harness.ts'

const ask = { model: 'M', query: 'where?', documents: ['here', { text: 'there' }, 'nowhere'] }
const rerank = async () => ({ scores: [0.1, 0.9, 0.5], promptTokens: 21 })

async function answerTo(fields: object = {}) {
  await using server = await startWire({ rerank })
  const answer = await sendJson(server, '/v1/rerank', { ...ask, ...fields })
  return { ...answer, body: JSON.parse(answer.text), asked: server.service.calls[0]?.request }
}

describe('rerank', () => {
  it('gives the best document first, in the shape of Jina and Cohere', async () => {
    const { status, body, asked } = await answerTo()
    expect(status).toBe(200)
    expect(body).toEqual({
      id: expect.stringMatching(/^rerank-/),
      object: 'list',
      model: 'M',
      results: [
        { index: 1, relevance_score: 0.9 },
        { index: 2, relevance_score: 0.5 },
        { index: 0, relevance_score: 0.1 },
      ],
      usage: { prompt_tokens: 21, total_tokens: 21 },
      meta: { tokens: { input_tokens: 21, output_tokens: 0 } },
    })
    expect(asked).toEqual({ model: 'M', query: 'where?', documents: ['here', 'there', 'nowhere'], options: {} })
  })

  it('gives so many as are wanted, with their texts where these are wanted', async () => {
    const { body } = await answerTo({ top_n: 1, return_documents: true })
    expect(body.results).toEqual([{ index: 1, relevance_score: 0.9, document: { text: 'there' } }])
    expect((await answerTo({ top_n: 10 })).body.results).toHaveLength(3)
  })

  it('hands on what says how documents are cut and how the model runs', async () => {
    const { asked } = await answerTo({ max_tokens_per_doc: 100, truncation: false, num_ctx: 512, keep_alive: 0 })
    expect(asked).toMatchObject({ documentTokens: 100, truncate: false, options: { num_ctx: 512 }, keepAliveNs: 0 })
  })

  it('says that documents were cut', async () => {
    await using server = await startWire({ rerank: async () => ({ ...(await rerank()), droppedTokens: 7 }) })
    const { headers, text } = await sendJson(server, '/v1/rerank', ask)
    expect(headers).toMatchObject({ 'x-llamero-truncated': 'true' })
    expect(JSON.parse(text).usage).toEqual({ prompt_tokens: 21, total_tokens: 21, prompt_dropped_tokens: 7 })
    expect((await answerTo()).headers).not.toHaveProperty('x-llamero-truncated')
  })

  it.each<[object, string]>([
    [{ query: undefined }, 'query'],
    [{ query: '' }, 'query'],
    [{ documents: undefined }, 'documents'],
    [{ documents: [] }, 'documents'],
    [{ documents: 'here' }, 'documents'],
    [{ documents: ['a', { image: 'x' }] }, 'documents[1]'],
    [{ documents: Array.from({ length: MAX_DOCUMENTS + 1 }, () => 'x') }, 'documents'],
    [{ top_n: 0 }, 'top_n'],
    [{ max_tokens_per_doc: 0 }, 'max_tokens_per_doc'],
    [{ rank_fields: ['title'] }, 'rank_fields'],
    [{ return_embeddings: true }, 'return_embeddings'],
  ])('refuses %.60j', async (fields, param) => {
    const { status, body } = await answerTo(fields)
    expect([status, body.error.type, body.error.param]).toEqual([400, 'invalid_request_error', param])
  })

  it('names what it does not use', async () => {
    const { status, headers } = await answerTo({ user: 'u', max_chunks_per_doc: 3, rank_fields: ['text'] })
    expect([status, headers['x-llamero-warnings']]).toEqual([200, 'user, max_chunks_per_doc'])
  })

  it('says that a model is no reranker', async () => {
    await using server = await startWire({
      rerank: async () => {
        throw new AppError('unsupported_capability', '"M" does not support rerank', { details: { model: 'M', capability: 'rerank' } })
      },
    })
    const { status, text } = await sendJson(server, '/v1/rerank', ask)
    expect([status, JSON.parse(text).error]).toEqual([
      400,
      { message: '"M" does not support rerank', type: 'invalid_request_error', param: 'model', code: 'unsupported_capability' },
    ])
  })
})
