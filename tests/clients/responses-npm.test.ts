// npm's `openai`, unmodified: the Responses API against a real server.

import OpenAI, { type APIError, BadRequestError, NotFoundError } from 'openai'
import type { ResponseInput } from 'openai/resources/responses/responses'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSmol } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { createScripted } from './scripted.ts'

let server: TestServer
let client: OpenAI
beforeAll(async () => {
  server = await startServer()
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 })
  await createSmol(server.url)
  await createScripted(server.url)
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

const capital = { model: 'smol', input: 'What is the capital of France?', temperature: 0, max_output_tokens: 20 }
const weather = {
  type: 'function' as const,
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] },
  strict: false,
}
const call = { model: 'caller', input: 'Weather in Paris?', tools: [weather], max_output_tokens: 50 }

describe('create', () => {
  it('answers', async () => {
    const response = await client.responses.create(capital)
    expect(response).toMatchObject({ object: 'response', status: 'completed', model: 'smol', error: null, incomplete_details: null })
    expect(response.output_text).toBe('The capital of France is Paris.')
    expect(response.usage).toMatchObject({ input_tokens: 16, output_tokens: 8, total_tokens: 24 })
  })

  it('is incomplete at the limit', async () => {
    const response = await client.responses.create({ ...capital, max_output_tokens: 2 })
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output_text: 'The capital',
    })
  })

  it('reasons in an item of its own, which may be sent back', async () => {
    const first = await client.responses.create({ model: 'thinker', input: 'Six times seven?', reasoning: { effort: 'medium' } })
    expect(first.output).toMatchObject([
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Six times seven.' }] },
      { type: 'message', content: [{ type: 'output_text', text: 'It is forty-two.' }] },
    ])
    expect(first.usage?.output_tokens_details.reasoning_tokens).toBeGreaterThan(0)
    const input: ResponseInput = [
      { role: 'user', content: 'Six times seven?' },
      ...(first.output as ResponseInput),
      { role: 'user', content: 'Sure?' },
    ]
    expect(await client.responses.create({ model: 'thinker', input, reasoning: { effort: 'none' } })).toMatchObject({
      output_text: 'Forty-two',
    })
  })

  it('parses what keeps to a schema', async () => {
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'], additionalProperties: false }
    const response = await client.responses.parse({
      ...capital,
      max_output_tokens: 60,
      text: { format: { type: 'json_schema', name: 'x', strict: true, schema } },
    })
    expect(response.output_parsed).toEqual({ ok: expect.any(Boolean) })
  })

  it('brings log-probabilities', async () => {
    const wanted = { include: ['message.output_text.logprobs' as const], top_logprobs: 2 }
    const response = await client.responses.create({ ...capital, max_output_tokens: 2, ...wanted })
    const [item] = response.output
    const [part] = item?.type === 'message' ? item.content : []
    expect(part).toMatchObject({ logprobs: [{ token: 'The', top_logprobs: [{}, {}] }, { token: ' capital' }] })
  })
})

describe('stream', () => {
  it('says the same as create', async () => {
    const deltas: string[] = []
    const stream = client.responses.stream(capital)
    stream.on('response.output_text.delta', ({ delta }) => deltas.push(delta))
    const final = await stream.finalResponse()
    expect(deltas.length).toBeGreaterThan(1)
    expect(deltas.join('')).toBe('The capital of France is Paris.')
    expect(final.output).toMatchObject([{ type: 'message', content: [{ text: 'The capital of France is Paris.' }] }])
  })

  it('puts calls and reasoning together', async () => {
    const called = await client.responses.stream(call).finalResponse()
    expect(called.output).toMatchObject([{ type: 'function_call', name: 'get_weather', arguments: '{"city":"Paris","days":2}' }])
    const reasoned = await client.responses.stream({ model: 'thinker', input: 'Six times seven?' }).finalResponse()
    expect(reasoned.output).toMatchObject([{ type: 'reasoning' }, { type: 'message', content: [{ text: 'It is forty-two.' }] }])
  })

  it('numbers its events and may be left', async () => {
    const numbers: number[] = []
    const stream = await client.responses.create({ ...capital, max_output_tokens: 2_000, stream: true })
    for await (const event of stream) {
      numbers.push(event.sequence_number)
      if (event.type === 'response.output_text.delta') break
    }
    expect(numbers).toEqual([0, 1, 2, 3, 4])
  })
})

describe('tools', () => {
  it('are called, and answered in the response that goes on', async () => {
    const first = await client.responses.create({ ...call, store: true })
    const [item] = first.output
    expect(item).toMatchObject({ type: 'function_call', name: 'get_weather', call_id: expect.stringMatching(/^call_/) })
    const output = { type: 'function_call_output' as const, call_id: item?.type === 'function_call' ? item.call_id : '', output: 'sunny' }
    const kept = await client.responses.create({ ...call, previous_response_id: first.id, input: [output] })
    expect(kept.output_text).toBe('It is sunny.')
    const whole = await client.responses.create({
      ...call,
      input: [{ role: 'user', content: call.input }, ...(first.output as ResponseInput), output],
    })
    expect(whole.output_text).toBe('It is sunny.')
  })
})

describe('kept responses', () => {
  it('are retrieved, listed and deleted', async () => {
    const { id, output_text: text } = await client.responses.create({ ...capital, store: true })
    expect(await client.responses.retrieve(id)).toMatchObject({ id, status: 'completed', output_text: text })
    const items = await client.responses.inputItems.list(id)
    expect(items.data).toMatchObject([{ type: 'message', role: 'user', content: [{ type: 'input_text', text: capital.input }] }])
    await client.responses.delete(id)
    await expect(client.responses.retrieve(id)).rejects.toBeInstanceOf(NotFoundError)
  })

  it('are not those that nobody asked to keep', async () => {
    const { id } = await client.responses.create({ ...capital, max_output_tokens: 1 })
    await expect(client.responses.retrieve(id)).rejects.toBeInstanceOf(NotFoundError)
  })
})

describe('input tokens', () => {
  it('are those that create evaluates', async () => {
    const { model, input } = capital
    expect(await client.responses.inputTokens.count({ model, input })).toMatchObject({ object: 'response.input_tokens', input_tokens: 16 })
  })
})

describe('errors', () => {
  it('are of the classes that the client has for them, with param and code', async () => {
    const caught = (fields: object): Promise<unknown> => client.responses.create({ ...capital, ...fields }).catch((error: unknown) => error)
    const missing = await caught({ model: 'nobody' })
    expect(missing).toBeInstanceOf(NotFoundError)
    expect(missing).toMatchObject({ status: 404, code: 'model_not_found', param: 'model', type: 'not_found_error' })
    expect((missing as APIError).message).toContain("model 'nobody' not found")
    expect(await caught({ background: true })).toMatchObject({ code: 'unsupported_parameter', param: 'background' })
    expect(await caught({ input: [{ type: 'mystery' }] })).toBeInstanceOf(BadRequestError)
    expect(await caught({ tools: [weather] })).toMatchObject({ param: 'tools', code: 'unsupported_capability' })
    const long = { input: 'word '.repeat(20_000), truncation: 'disabled' }
    expect(await caught(long)).toMatchObject({ code: 'context_length_exceeded', param: 'input' })
    expect(await caught({ ...long, stream: true })).toMatchObject({ status: 400, code: 'context_length_exceeded' })
  })
})
