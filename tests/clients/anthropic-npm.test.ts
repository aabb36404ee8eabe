// npm's `@anthropic-ai/sdk`, unmodified, against a real server: a small real model for texts and counts, scripted ones where every word must be
// known.

import Anthropic, { APIError, BadRequestError, NotFoundError } from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSmol } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { createScripted, TOOLS_TEMPLATE } from './scripted.ts'

let server: TestServer
let client: Anthropic
beforeAll(async () => {
  server = await startServer()
  client = new Anthropic({ baseURL: server.url, apiKey: 'none', maxRetries: 0 })
  await createSmol(server.url)
  await createSmol(server.url, 'smol-tools', { template: TOOLS_TEMPLATE })
  await createScripted(server.url)
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

const capital: Anthropic.MessageCreateParamsNonStreaming = {
  model: 'smol',
  max_tokens: 20,
  messages: [{ role: 'user', content: 'What is the capital of France?' }],
}
const greedy = { ...capital, temperature: 0 }
const weather: Anthropic.Tool = {
  name: 'get_weather',
  description: 'Weather of a city',
  input_schema: { type: 'object', properties: { city: { type: 'string' }, days: { type: ['integer', 'null'] } }, required: ['city'] },
}
const call: Anthropic.MessageCreateParamsNonStreaming = {
  model: 'caller',
  max_tokens: 50,
  messages: [{ role: 'user', content: 'Weather in Paris?' }],
  tools: [weather],
}
const usage = { input_tokens: 16, output_tokens: 8, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }

describe('create', () => {
  it('answers', async () => {
    const { data, request_id: requestId } = await client.messages.create(greedy).withResponse()
    expect(requestId).toMatch(/^req_/)
    expect(data).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'smol',
      content: [{ type: 'text', text: 'The capital of France is Paris.' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage,
    })
  })

  it('tells which stop sequence ended the text, and that the limit did', async () => {
    const stopped = await client.messages.create({ ...greedy, stop_sequences: [' Paris'] })
    expect(stopped).toMatchObject({
      stop_reason: 'stop_sequence',
      stop_sequence: ' Paris',
      content: [{ text: 'The capital of France is' }],
    })
    expect(await client.messages.create({ ...greedy, max_tokens: 2 })).toMatchObject({
      stop_reason: 'max_tokens',
      content: [{ text: 'The capital' }],
    })
  })

  it('goes on from what the client has begun', async () => {
    const begun = { ...greedy, messages: [...capital.messages, { role: 'assistant' as const, content: 'The capital of France is' }] }
    expect(await client.messages.create(begun)).toMatchObject({ content: [{ text: ' Paris.' }] })
  })

  it('takes blocks of text for one text', async () => {
    const { content, usage: counted } = await client.messages.create({ ...greedy, system: 'Be brief.' })
    const inBlocks = await client.messages.create({
      ...greedy,
      system: [
        { type: 'text', text: 'Be' },
        { type: 'text', text: ' brief.' },
      ],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is the capital' },
            { type: 'text', text: ' of France?' },
          ],
        },
      ],
    })
    expect(inBlocks).toMatchObject({ content, usage: counted })
  })

  it('reads from the cache what the client marked', async () => {
    const marked = { ...greedy, cache_control: { type: 'ephemeral' as const } }
    await client.messages.create(marked)
    const { usage: second } = await client.messages.create(marked)
    expect(second.cache_read_input_tokens).toBeGreaterThan(0)
    expect(second.input_tokens + (second.cache_read_input_tokens ?? 0)).toBe(16)
  })

  it('thinks in a block with a signature that the next turn may bring back', async () => {
    const thoughtful: Anthropic.MessageCreateParamsNonStreaming = {
      model: 'thinker',
      max_tokens: 50,
      messages: [{ role: 'user', content: 'Six times seven?' }],
      thinking: { type: 'enabled', budget_tokens: 1024 },
    }
    const { content } = await client.messages.create(thoughtful)
    expect(content).toMatchObject([
      { type: 'thinking', thinking: 'Six times seven.', signature: expect.stringMatching(/.{20}/) },
      { type: 'text', text: 'It is forty-two.' },
    ])
    const again = [...thoughtful.messages, { role: 'assistant' as const, content }, { role: 'user' as const, content: 'Sure?' }]
    expect(await client.messages.create({ ...thoughtful, messages: again })).toMatchObject({ stop_reason: 'end_turn' })
    const told = await client.messages.create({ ...thoughtful, thinking: { type: 'disabled' } })
    expect(told.content).toMatchObject([{ type: 'text', text: 'Forty-two' }])
  })

  it('stops thinking when its budget is spent, and answers', async () => {
    const { content, usage: counted } = await client.messages.create({
      model: 'thinker',
      max_tokens: 50,
      messages: [{ role: 'user', content: 'Six times seven?' }],
      thinking: { type: 'enabled', budget_tokens: 2 },
    })
    expect(content).toMatchObject([
      { type: 'thinking', thinking: expect.stringMatching(/^Six times\s*$/) },
      { type: 'text', text: 'Forty-two' },
    ])
    expect(counted.output_tokens).toBeGreaterThan(3)
  })

  it('keeps to a schema', async () => {
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'], additionalProperties: false }
    const reply = await client.messages.create({ ...greedy, max_tokens: 60, output_config: { format: { type: 'json_schema', schema } } })
    const [block] = reply.content
    expect(JSON.parse(block?.type === 'text' ? block.text : '')).toEqual({ ok: expect.any(Boolean) })
  })
})

describe('stream', () => {
  it('says the same as create, event by event', async () => {
    const whole = await client.messages.create(greedy)
    const stream = client.messages.stream(greedy)
    const texts: string[] = []
    stream.on('text', (delta) => texts.push(delta))
    const final = await stream.finalMessage()
    expect(texts.length).toBeGreaterThan(1)
    expect(texts.join('')).toBe('The capital of France is Paris.')
    expect({ ...final, id: '' }).toMatchObject({ ...whole, id: '' })
  })

  it('puts calls together, and thinking with its signature', async () => {
    const calling = await client.messages.stream(call).finalMessage()
    expect(calling).toMatchObject({
      stop_reason: 'tool_use',
      content: [{ type: 'tool_use', name: 'get_weather', input: { city: 'Paris', days: 2 } }],
    })
    const thinking = await client.messages
      .stream({ model: 'thinker', max_tokens: 50, messages: [{ role: 'user', content: 'Six times seven?' }] })
      .finalMessage()
    expect(thinking.content).toMatchObject([
      { type: 'thinking', thinking: 'Six times seven.', signature: expect.stringMatching(/.{20}/) },
      { type: 'text', text: 'It is forty-two.' },
    ])
  })

  it('may be iterated raw, and left', async () => {
    const types = new Set<string>()
    const stream = await client.messages.create({ ...greedy, max_tokens: 2_000, stream: true })
    for await (const event of stream) {
      types.add(event.type)
      if (event.type === 'content_block_delta') break
    }
    expect([...types]).toEqual(['message_start', 'content_block_start', 'content_block_delta'])
    expect(await client.messages.create(greedy)).toMatchObject({ stop_reason: 'end_turn' })
  })

  it('raises what fails before it begins', async () => {
    await expect(client.messages.stream({ ...greedy, model: 'nobody' }).finalMessage()).rejects.toBeInstanceOf(NotFoundError)
  })
})

describe('tools', () => {
  it('are called, and their results are answered', async () => {
    const first = await client.messages.create(call)
    expect(first).toMatchObject({
      stop_reason: 'tool_use',
      content: [{ type: 'tool_use', name: 'get_weather', input: { city: 'Paris', days: 2 } }],
    })
    const [use] = first.content
    if (use?.type !== 'tool_use') throw new Error('no call')
    const second = await client.messages.create({
      ...call,
      messages: [
        ...call.messages,
        { role: 'assistant', content: first.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: [{ type: 'text', text: 'sunny' }] }] },
      ],
    })
    expect(second).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text', text: 'It is sunny.' }] })
  })

  it('are called when they must be, by a model that would not', async () => {
    const request: Anthropic.MessageCreateParamsNonStreaming = {
      ...call,
      model: 'smol-tools',
      max_tokens: 60,
      tools: [weather, { ...weather, name: 'g' }],
    }
    for (const choice of [{ type: 'any' as const }, { type: 'tool' as const, name: 'g' }]) {
      const { content, stop_reason: reason } = await client.messages.create({ ...request, tool_choice: choice })
      expect(['tool_use', 'max_tokens']).toContain(reason)
      const calls = content.filter((block) => block.type === 'tool_use')
      expect(calls.length).toBeGreaterThan(0)
      for (const { name, input } of calls) {
        expect(choice.type === 'tool' ? ['g'] : ['get_weather', 'g']).toContain(name)
        expect(input).toMatchObject({ city: expect.any(String) })
      }
    }
    const none = await client.messages.create({ ...request, tool_choice: { type: 'none' } })
    expect(none.content.every(({ type }) => type === 'text')).toBe(true)
  })

  it('need a model that takes them', async () => {
    await expect(client.messages.create({ ...greedy, tools: [weather] })).rejects.toThrow(/does not support tools/)
  })
})

describe('countTokens', () => {
  it('counts what create will evaluate', async () => {
    expect(await client.messages.countTokens({ model: 'smol', messages: capital.messages })).toEqual({ input_tokens: 16 })
    const request = { model: 'caller', messages: call.messages, tools: [weather], system: 'You know the weather.' }
    const { input_tokens: counted } = await client.messages.countTokens(request)
    expect(counted).toBe((await client.messages.create({ ...call, ...request })).usage.input_tokens)
  })
})

describe('models', () => {
  it('are listed page by page, and one by one', async () => {
    const names: string[] = []
    for await (const { id, type } of client.models.list({ limit: 1 })) {
      expect(type).toBe('model')
      names.push(id)
    }
    expect(names).toEqual(expect.arrayContaining(['smol:latest', 'caller:latest', 'thinker:latest']))
    expect(await client.models.retrieve('smol')).toMatchObject({ type: 'model', id: 'smol', max_input_tokens: 8192 })
    await expect(client.models.retrieve('nobody')).rejects.toBeInstanceOf(NotFoundError)
  })
})

describe('errors', () => {
  it('are of the classes that the client has for them', async () => {
    const caught = (fields: object): Promise<unknown> => client.messages.create({ ...greedy, ...fields }).catch((error: unknown) => error)
    const missing = await caught({ model: 'nobody' })
    expect(missing).toBeInstanceOf(NotFoundError)
    expect(missing).toMatchObject({ status: 404, requestID: expect.stringMatching(/^req_/), type: 'not_found_error' })
    expect((missing as APIError).message).toContain("model 'nobody' not found")
    expect(await caught({ max_tokens: 0 })).toBeInstanceOf(BadRequestError)
    expect(await caught({ messages: [{ role: 'user', content: [{ type: 'mystery' }] }] })).toMatchObject({ type: 'invalid_request_error' })
    expect(await caught({ container: 'c' })).toBeInstanceOf(APIError)
  })
})
