// What the server answers, against the document that it serves: every object is closed here, so that nothing may be answered that is not described.

import { Ajv2020 } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/base/errors.ts'
import type { ChatEvent, Logprob } from '../../src/chat/event.ts'
import { toOpenApi } from '../../src/http/openapi.ts'
import { eventsOf, timings } from '../../src/http/testing/fake-service.ts'
import { answersOf } from './answers.ts'
import { type Answer, records, send, startWire } from './harness.ts'
import { sseData } from './sse.ts'

interface Content {
  schema?: object
  itemSchema?: { properties?: { data: { contentSchema?: object; anyOf?: { contentSchema?: object }[] } } }
}
interface Reply {
  content?: Record<string, Content>
  $ref?: string
}
interface Document {
  paths: Record<string, Record<string, { responses: Record<string, Reply> }>>
  components: { responses: Record<string, Reply> }
}

const document = toOpenApi('1.2.3') as Document
const ajv = new Ajv2020({ strict: false, allErrors: true }).addSchema(close(document) as object, 'document')
ajvFormats.default(ajv)

const logprobs: Logprob[] = [{ token: 'y', logprob: -1, bytes: [121], top: [{ token: 'z', logprob: -2, bytes: [122] }] }]
const call = { id: 'call_1', function: { index: 0, name: 'f', arguments: { a: 1 } } }
const events = (): AsyncIterable<ChatEvent> =>
  eventsOf<ChatEvent>(
    { type: 'thinking-delta', text: 't', logprobs },
    { type: 'text-delta', text: 'y', logprobs },
    { type: 'tool-call-begun', id: 'call_1', index: 0, name: 'f' },
    { type: 'tool-call-piece', index: 0, text: '{"a":1}' },
    { type: 'tool-call', call, logprobs },
    {
      type: 'finish',
      reason: 'stop',
      timings: { ...timings, cachedTokens: 4 },
      thinkingTokens: 1,
      truncation: { droppedMessages: 1, droppedTokens: 2 },
      context: [1, 2],
    },
  )
const broken = () => eventsOf<ChatEvent>({ type: 'text-delta', text: 'y' }, new AppError('engine_error', 'no'))

const message = { role: 'user', content: 'x' }
const chat = { model: 'm', messages: [message], logprobs: true, top_logprobs: 1 }
const prompt = { model: 'm', prompt: 'x', logprobs: true, top_logprobs: 1 }
const openAiPrompt = { model: 'm', prompt: 'x', logprobs: 1, reasoning_effort: 'low' }
const question = { model: 'm', max_tokens: 5, messages: [message] }
const response = { model: 'm', input: 'x', top_logprobs: 1, store: true, reasoning: { effort: 'low' } }

describe('the document is true of', () => {
  it.each<[request: string, body?: unknown]>([
    ['GET /'],
    ['GET /api/version'],
    ['GET /api/tags'],
    ['GET /api/ps'],
    ['GET /api/status'],
    ['GET /api/experimental/model-recommendations'],
    ['GET /openapi.json'],
    ['POST /api/show', { model: 'm', verbose: true }],
    ['POST /api/chat', { ...chat, stream: false }],
    ['POST /api/chat', chat],
    ['POST /api/generate', { ...prompt, stream: false }],
    ['POST /api/generate', prompt],
    ['POST /api/embed', { model: 'm', input: 'x' }],
    ['POST /api/embeddings', { model: 'm', prompt: 'x' }],
    ['POST /api/tokenize', { model: 'm', text: 'x' }],
    ['POST /api/detokenize', { model: 'm', tokens: [1] }],
    ['POST /api/pull', { model: 'm' }],
    ['POST /api/pull', { model: 'm', stream: false }],
    ['POST /api/create', { model: 'm', from: 'b' }],
    ['POST /api/copy', { source: 'a', destination: 'b' }],
    ['DELETE /api/delete', { model: 'm' }],
    ['POST /api/me', {}],
    ['POST /api/copy', 5],
    ['POST /v1/chat/completions', chat],
    ['POST /v1/chat/completions', { ...chat, stream: true, stream_options: { include_usage: true }, seed: 1, service_tier: 'flex' }],
    ['POST /v1/chat/completions', { model: 5 }],
    ['POST /v1/completions', openAiPrompt],
    ['POST /v1/completions', { ...openAiPrompt, stream: true, stream_options: { include_usage: true } }],
    ['POST /v1/embeddings', { model: 'm', input: 'x' }],
    ['POST /v1/embeddings', { model: 'm', input: 'x', encoding_format: 'base64' }],
    ['POST /v1/rerank', { model: 'm', query: 'x', documents: ['a', 'b'], return_documents: true }],
    ['POST /v1/responses', response],
    ['POST /v1/responses', { ...response, stream: true }],
    ['POST /v1/responses/input_tokens', response],
    ['GET /v1/responses/{id}'],
    ['GET /v1/models'],
    ['GET /v1/models/{model}'],
    ['POST /v1/messages', question],
    ['POST /v1/messages', { ...question, stream: true }],
    ['POST /v1/messages', { ...question, model: '' }],
    ['POST /v1/messages/count_tokens', question],
  ])('%s', async (request, body) => {
    const [method = '', path = ''] = request.split(' ')
    await using server = await startWire(answersOf(events))
    check(
      request,
      await send(server, { method, path: path.replace(/[{}]/g, ''), ...(body === undefined ? {} : { body: JSON.stringify(body) }) }),
    )
  })

  it.each([
    ['POST /api/chat', chat],
    ['POST /api/generate', prompt],
    ['POST /v1/chat/completions', { ...chat, stream: true }],
    ['POST /v1/completions', { ...openAiPrompt, stream: true }],
    ['POST /v1/responses', { ...response, stream: true }],
    ['POST /v1/messages', { ...question, stream: true }],
  ])('%s that breaks in the middle', async (request, body) => {
    await using server = await startWire(answersOf(broken))
    check(request, await send(server, { path: request.slice('POST '.length), body: JSON.stringify(body) }))
  })

  it('what was kept of a response, and the models as Anthropic lists them', async () => {
    await using server = await startWire(answersOf(events))
    const { id } = JSON.parse((await send(server, { path: '/v1/responses', body: JSON.stringify(response) })).text)
    check('GET /v1/responses/{id}', await send(server, { method: 'GET', path: `/v1/responses/${id}` }))
    check('GET /v1/responses/{id}/input_items', await send(server, { method: 'GET', path: `/v1/responses/${id}/input_items` }))
    check('DELETE /v1/responses/{id}', await send(server, { method: 'DELETE', path: `/v1/responses/${id}` }))
    const headers = { 'anthropic-version': '2023-06-01' }
    check('GET /v1/models', await send(server, { method: 'GET', path: '/v1/models', headers }))
    check('GET /v1/models/{model}', await send(server, { method: 'GET', path: '/v1/models/small', headers }))
  })
})

function check(request: string, answer: Answer): void {
  const [method = '', path = ''] = request.split(' ')
  const { responses } = document.paths[path]?.[method.toLowerCase()] ?? { responses: {} }
  const described = responses[answer.status] ?? responses[`${String(answer.status).charAt(0)}XX`]
  const reply = described?.$ref ? document.components.responses[described.$ref.split('/').at(-1) ?? ''] : described
  const [type = ''] = (answer.headers['content-type'] ?? '').split(';')
  if (type === '') {
    expect(reply).not.toHaveProperty('content')
    expect(answer.text).toBe('')
    return
  }
  const content = reply?.content?.[type]
  expect(content, `${answer.status} ${type}`).toBeDefined()
  if (type === 'text/plain') return
  if (type === 'application/json') expectValid(content?.schema, JSON.parse(answer.text))
  else if (type === 'application/x-ndjson') for (const record of records(answer)) expectValid(content?.itemSchema, record)
  else {
    const data = content?.itemSchema?.properties?.data
    const schema = data?.contentSchema ?? data?.anyOf?.[0]?.contentSchema
    for (const item of sseData(answer).filter((one) => one !== '[DONE]')) expectValid(schema, item)
  }
}

function expectValid(schema: object | undefined, value: unknown): void {
  const text = JSON.stringify(close(schema)).replaceAll('"#/', '"document#/')
  const validate = ajv.compile(JSON.parse(text))
  expect(validate(value) ? [] : validate.errors, JSON.stringify(value)).toEqual([])
}

/** The same schemas, with objects that may have no properties but those that they name. */
function close(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(close)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, close(value)]))
  const isOpen = inner.type === 'object' && typeof inner.properties === 'object' && inner.additionalProperties === undefined
  return isOpen ? { ...inner, additionalProperties: false } : inner
}
