// npm's `openai`, unmodified, against a real server: a small real model for texts, counts and forced calls, scripted ones where every word must be
// known.

import OpenAI, { APIError, BadRequestError, NotFoundError } from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createSmol, post } from '../support/models.ts'
import { runnersOf } from '../support/runners.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { createScripted, TOOLS_TEMPLATE } from './scripted.ts'

let server: TestServer
let client: OpenAI
beforeAll(async () => {
  server = await startServer()
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 })
  await createSmol(server.url)
  await post(`${server.url}/api/create`, { model: 'smol-tools', from: 'smol', template: TOOLS_TEMPLATE, stream: false })
  await post(`${server.url}/api/create`, {
    model: 'smol-short',
    from: 'smol',
    parameters: { temperature: 0, num_predict: 3 },
    stream: false,
  })
  await createScripted(server.url)
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

/** What a test of every change can wait for; 200 of 200 was tried by hand. */
const FORCED_TRIALS = 8

const capital: OpenAI.ChatCompletionCreateParamsNonStreaming = {
  model: 'smol',
  max_completion_tokens: 20,
  temperature: 0,
  messages: [{ role: 'user', content: 'What is the capital of France?' }],
}
const weather: OpenAI.ChatCompletionFunctionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: ['integer', 'null'] } }, required: ['city'] },
  },
}
const time: OpenAI.ChatCompletionFunctionTool = {
  type: 'function',
  function: { name: 'get_time', parameters: { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'] } },
}
const asks: OpenAI.ChatCompletionCreateParamsNonStreaming = {
  model: 'caller',
  max_completion_tokens: 50,
  messages: [{ role: 'user', content: 'Weather in Paris?' }],
  tools: [weather],
}

describe('chat', () => {
  it('answers', async () => {
    const reply = await client.chat.completions.create(capital)
    expect(reply.choices).toEqual([
      {
        index: 0,
        message: { role: 'assistant', content: 'The capital of France is Paris.', refusal: null },
        finish_reason: 'stop',
        logprobs: null,
      },
    ])
    expect(reply.usage).toMatchObject({ prompt_tokens: 16, completion_tokens: 8, total_tokens: 24 })
  })

  it('obeys max_completion_tokens and stop', async () => {
    const short = await client.chat.completions.create({ ...capital, max_completion_tokens: 2 })
    expect(short.choices[0]).toMatchObject({ message: { content: 'The capital' }, finish_reason: 'length' })
    const stopped = await client.chat.completions.create({ ...capital, stop: [' Paris'] })
    expect(stopped.choices[0]).toMatchObject({ message: { content: 'The capital of France is' }, finish_reason: 'stop' })
  })

  it('leaves the parameters of the Modelfile in force', async () => {
    const reply = await client.chat.completions.create({ model: 'smol-short', messages: capital.messages })
    expect(reply.choices[0]).toMatchObject({ message: { content: 'The capital of' }, finish_reason: 'length' })
  })

  it('streams, with the usage at the end', async () => {
    const stream = await client.chat.completions.create({ ...capital, stream: true, stream_options: { include_usage: true } })
    let text = ''
    let usage: unknown
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage ??= chunk.usage
    }
    expect(text).toBe('The capital of France is Paris.')
    expect(usage).toMatchObject({ prompt_tokens: 16, completion_tokens: 8 })
  })

  it('makes several choices', async () => {
    const reply = await client.chat.completions.create({ ...capital, temperature: 1, seed: 3, n: 3 })
    expect(reply.choices.map((choice) => choice.index)).toEqual([0, 1, 2])
    expect(reply.choices.every((choice) => (choice.message.content ?? '').length > 0)).toBe(true)
    expect(reply.usage?.prompt_tokens).toBe(16)
  })

  it('shows log-probabilities', async () => {
    const reply = await client.chat.completions.create({ ...capital, max_completion_tokens: 2, logprobs: true, top_logprobs: 3 })
    const content = reply.choices[0]?.logprobs?.content ?? []
    expect(content.map(({ token }) => token)).toEqual(['The', ' capital'])
    expect(content.map(({ top_logprobs: top }) => top.length)).toEqual([3, 3])
  })

  it('bans a token by its bias', async () => {
    const first = await post<{ tokens: number[] }>(`${server.url}/api/tokenize`, { model: 'smol', text: 'The' })
    const reply = await client.chat.completions.create({ ...capital, logit_bias: { [String(first.tokens[0])]: -100 } })
    expect(reply.choices[0]?.message.content).not.toMatch(/^The\b/)
  })

  it('keeps a format, and parses it', async () => {
    const answer = z.object({ city: z.enum(['Paris', 'Rome']), inhabitants: z.number().int() })
    const reply = await client.chat.completions.parse({
      ...capital,
      max_completion_tokens: 60,
      response_format: zodResponseFormat(answer, 'answer'),
    })
    expect(answer.safeParse(reply.choices[0]?.message.parsed).success).toBe(true)
  })

  it('thinks, and counts it', async () => {
    const thinking = await client.chat.completions.create({ model: 'thinker', messages: capital.messages, reasoning_effort: 'high' })
    expect(thinking.choices[0]?.message).toMatchObject({ content: 'It is forty-two.', reasoning: 'Six times seven.' })
    expect(thinking.usage?.completion_tokens_details?.reasoning_tokens).toBeGreaterThan(0)
    const plain = await client.chat.completions.create({ model: 'thinker', messages: capital.messages, reasoning_effort: 'none' })
    expect(plain.choices[0]?.message).toEqual({ role: 'assistant', content: 'Forty-two', refusal: null })
  })
})

describe('tools', () => {
  it('are called', async () => {
    const reply = await client.chat.completions.create(asks)
    expect(reply.choices[0]).toMatchObject({
      message: {
        content: '',
        tool_calls: [
          {
            id: expect.stringMatching(/^call_/),
            type: 'function',
            function: { name: 'get_weather', arguments: '{"city":"Paris","days":2}' },
          },
        ],
      },
      finish_reason: 'tool_calls',
    })
  })

  it('are called in a stream, which the client puts together', async () => {
    const stream = client.chat.completions.stream({ ...asks, stream: true })
    const { choices } = await stream.finalChatCompletion()
    expect(choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { name: 'get_weather', arguments: '{"city":"Paris","days":2}' } })
    expect(choices[0]?.finish_reason).toBe('tool_calls')
  })

  it('run, and their results are answered', async () => {
    const seen: unknown[] = []
    const run = client.chat.completions.runTools({
      model: 'caller',
      messages: asks.messages,
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            description: 'Weather of a city',
            parameters: { type: 'object', properties: { city: { type: 'string' } } },
            parse: (text: string): object => JSON.parse(text),
            function: (values: object) => {
              seen.push(values)
              return 'sunny'
            },
          },
        },
      ],
    })
    expect(await run.finalContent()).toBe('It is sunny.')
    expect(seen).toEqual([{ city: 'Paris', days: 2 }])
  })

  it('are not called where the choice is none', async () => {
    const reply = await client.chat.completions.create({ ...asks, model: 'smol-tools', temperature: 0, tool_choice: 'none' })
    expect(reply.choices[0]?.message.tool_calls).toBeUndefined()
  })

  it('are called by a model that would rather talk, where they must be', async () => {
    for (let seed = 0; seed < FORCED_TRIALS; seed++) {
      const named = seed % 2 === 0
      const reply = await client.chat.completions.create({
        model: 'smol-tools',
        messages: [{ role: 'user', content: ['Hello!', 'Tell me a joke.', 'What is 2+2?'][seed % 3] ?? '' }],
        tools: [weather, time],
        tool_choice: named ? { type: 'function', function: { name: 'get_time' } } : 'required',
        parallel_tool_calls: seed % 4 === 1,
        max_completion_tokens: 100,
        temperature: 1,
        seed,
      })
      const calls = reply.choices[0]?.message.tool_calls ?? []
      const names = calls.map((call) => (call.type === 'function' ? call.function.name : call.type))
      expect(names.length, JSON.stringify(reply)).toBeGreaterThan(0)
      if (seed % 4 !== 1) expect(names).toHaveLength(1)
      for (const name of names) expect(named ? ['get_time'] : ['get_time', 'get_weather']).toContain(name)
      for (const call of calls) if (call.type === 'function') expect(JSON.parse(call.function.arguments)).toBeTypeOf('object')
    }
  })

  it('are refused by a model that cannot call', async () => {
    const failing = client.chat.completions.create({ ...asks, model: 'smol' })
    await expect(failing).rejects.toBeInstanceOf(BadRequestError)
    await expect(failing).rejects.toMatchObject({
      status: 400,
      param: 'tools',
      code: 'unsupported_capability',
      type: 'invalid_request_error',
    })
  })
})

describe('completions', () => {
  it('answer', async () => {
    const reply = await client.completions.create({
      model: 'smol',
      prompt: 'What is the capital of France?',
      temperature: 0,
      max_tokens: 12,
    })
    expect(reply.choices).toEqual([{ text: 'The capital of France is Paris.', index: 0, finish_reason: 'stop', logprobs: null }])
  })

  it('stream, echo and take several prompts', async () => {
    const stream = await client.completions.create({ model: 'smol', prompt: ['Say a.', 'Say b.'], echo: true, max_tokens: 2, stream: true })
    const texts = ['', '']
    for await (const { choices } of stream) for (const { index, text } of choices) texts[index] += text
    expect(texts.map((text) => text.slice(0, 6))).toEqual(['Say a.', 'Say b.'])
  })

  it('go on from token ids as they are, without a template', async () => {
    const { tokens } = await post<{ tokens: number[] }>(`${server.url}/api/tokenize`, { model: 'smol', text: '1, 2, 3, 4, 5, 6, 7,' })
    const reply = await client.completions.create({ model: 'smol', prompt: tokens, temperature: 0, max_tokens: 3, logprobs: 1 })
    expect(reply.choices[0]?.text).toBe(' 8,')
    expect(reply.usage?.prompt_tokens).toBe(tokens.length)
    expect(reply.choices[0]?.logprobs?.tokens?.join('')).toBe(' 8,')
  })
})

describe('embeddings', () => {
  it('are the same as floats and as base64', async () => {
    const input = ['hello', 'world']
    const floats = await client.embeddings.create({ model: 'embedder', input, encoding_format: 'float' })
    // Left to itself, the client asks for base64 and decodes it.
    const decoded = await client.embeddings.create({ model: 'embedder', input })
    expect(floats.data.map(({ embedding }) => embedding.length)).toEqual([64, 64])
    for (const [index, { embedding }] of decoded.data.entries()) {
      for (const [place, value] of embedding.entries()) expect(value).toBeCloseTo(floats.data[index]?.embedding[place] ?? Number.NaN, 5)
    }
    expect(floats.usage.prompt_tokens).toBe(floats.usage.total_tokens)
  })

  it('are made of token ids', async () => {
    const { data } = await client.embeddings.create({ model: 'embedder', input: [[5, 6], [7]], encoding_format: 'float' })
    expect(data.map(({ embedding }) => embedding.length)).toEqual([64, 64])
  })
})

describe('models', () => {
  it('are listed and found', async () => {
    const ids = (await client.models.list()).data.map(({ id }) => id)
    expect(ids).toEqual(expect.arrayContaining(['smol:latest', 'caller:latest', 'embedder:latest']))
    expect(await client.models.retrieve('smol')).toMatchObject({ id: 'smol', object: 'model', owned_by: 'library' })
  })
})

describe('errors', () => {
  it('are of the classes that clients look for', async () => {
    const missing = client.chat.completions.create({ ...capital, model: 'nosuch' })
    await expect(missing).rejects.toBeInstanceOf(NotFoundError)
    await expect(missing).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
    const wrong = client.chat.completions.create({ ...capital, messages: [] })
    await expect(wrong).rejects.toBeInstanceOf(BadRequestError)
    await expect(client.get('/nosuch')).rejects.toMatchObject({ status: 404, code: 'unknown_url' })
  })

  it('come out of a stream that has begun', async () => {
    const stream = await client.chat.completions.create({ ...capital, max_completion_tokens: 4000, temperature: 1, stream: true })
    const reading = (async () => {
      for await (const _ of stream) for (const id of runnersOf(server)) process.kill(id, 'SIGKILL')
    })()
    await expect(reading).rejects.toBeInstanceOf(APIError)
    await expect(reading).rejects.toMatchObject({ code: 'runner_crashed', type: 'api_error' })
  })
})
