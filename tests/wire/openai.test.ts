import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/base/errors.ts'
import type { ChatEvent, Logprob } from '../../src/chat/event.ts'
import { eventsOf, eventsThenWait, finish, listedModel, shownModel, timings } from '../../src/http/testing/fake-service.ts'
import { open, send, sendJson, startWire } from './harness.ts'
import { sseData } from './sse.ts'

const text = (value: string, logprobs?: Logprob[]): ChatEvent => ({ type: 'text-delta', text: value, ...(logprobs ? { logprobs } : {}) })
const thinking: ChatEvent = { type: 'thinking-delta', text: 'hm' }
const call: ChatEvent = { type: 'tool-call', call: { id: 'call_1', function: { index: 0, name: 'f', arguments: { z: 1, a: '<' } } } }
const logprob = (token: string, value: number): Logprob => ({
  token,
  logprob: value,
  bytes: [97],
  top: [{ token: 'b', logprob: -2, bytes: [98] }],
})
const end = (evalTokens: number): ChatEvent => ({
  ...finish,
  type: 'finish',
  reason: 'stop',
  timings: { ...timings, evalTokens, cachedTokens: 4 },
})
const usage = {
  prompt_tokens: 12,
  completion_tokens: 3,
  total_tokens: 15,
  prompt_tokens_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
}
const chat = '/v1/chat/completions'
const ask = { model: 'M', messages: [{ role: 'user', content: 'x' }] }
const id = expect.stringMatching(/^chatcmpl-[\w-]{24}$/)

describe('a chat', () => {
  it('is one object, with thinking and calls', async () => {
    await using server = await startWire({ chat: () => eventsOf(thinking, text('a'), call, text('b', [logprob('b', -0.5)]), finish) })
    const answer = await sendJson(server, chat, ask)
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } })
    expect(JSON.parse(answer.text)).toEqual({
      id,
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'M',
      system_fingerprint: 'fp_ollama',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'ab',
            refusal: null,
            reasoning: 'hm',
            tool_calls: [{ id: 'call_1', index: 0, type: 'function', function: { name: 'f', arguments: '{"z":1,"a":"<"}' } }],
          },
          finish_reason: 'tool_calls',
          logprobs: {
            content: [{ token: 'b', logprob: -0.5, bytes: [97], top_logprobs: [{ token: 'b', logprob: -2, bytes: [98] }] }],
            refusal: null,
          },
        },
      ],
      usage,
    })
  })

  it('streams the deltas, the first with the role, the end, the usage and [DONE]', async () => {
    await using server = await startWire({ chat: () => eventsOf(thinking, text('a'), call, finish) })
    const answer = await sendJson(server, chat, { ...ask, stream: true, stream_options: { include_usage: true } })
    expect(answer.headers['content-type']).toBe('text/event-stream')
    const head = { id, object: 'chat.completion.chunk', created: expect.any(Number), model: 'M', system_fingerprint: 'fp_ollama' }
    const chunk = (delta: object, finishReason: string | null = null) => ({
      ...head,
      choices: [{ index: 0, delta, finish_reason: finishReason }],
    })
    const calls = [{ id: 'call_1', index: 0, type: 'function', function: { name: 'f', arguments: '{"z":1,"a":"<"}' } }]
    expect(sseData(answer)).toEqual([
      chunk({ role: 'assistant', content: '', reasoning: 'hm' }),
      chunk({ content: 'a' }),
      chunk({ content: '', tool_calls: calls }),
      chunk({}, 'tool_calls'),
      { ...head, choices: [], usage },
      '[DONE]',
    ])
  })

  it('streams a role even where there is nothing to say', async () => {
    await using server = await startWire({ chat: () => eventsOf(finish) })
    expect(sseData(await sendJson(server, chat, { ...ask, stream: true }))).toMatchObject([
      { choices: [{ delta: { role: 'assistant', content: '' }, finish_reason: null }] },
      { choices: [{ delta: {}, finish_reason: 'stop' }] },
      '[DONE]',
    ])
  })

  it.each<[Extract<ChatEvent, { type: 'finish' }>['reason'], string]>([
    ['stop', 'stop'],
    ['length', 'length'],
    ['repetition', 'length'],
  ])('that ended with %s says %s', async (reason, word) => {
    await using server = await startWire({ chat: () => eventsOf(text('a'), { type: 'finish', reason, timings }) })
    expect(JSON.parse((await sendJson(server, chat, ask)).text).choices[0].finish_reason).toBe(word)
  })

  it('fails with a status before the first event', async () => {
    await using server = await startWire({
      chat: () => eventsOf<ChatEvent>(new AppError('model_not_found', 'x', { details: { model: 'M' } })),
    })
    for (const stream of [false, true]) {
      const answer = await sendJson(server, chat, { ...ask, stream })
      expect(answer).toMatchObject({ status: 404, headers: { 'content-type': 'application/json' } })
      expect(JSON.parse(answer.text)).toEqual({
        error: { message: "model 'M' not found", type: 'not_found_error', param: 'model', code: 'model_not_found' },
      })
    }
  })

  it('fails in the stream after it, and still says [DONE]', async () => {
    await using server = await startWire({ chat: () => eventsOf(text('a'), new AppError('runner_crashed', 'it died')) })
    const events = sseData(await sendJson(server, chat, { ...ask, stream: true }))
    expect(events.slice(-2)).toEqual([{ error: { message: 'it died', type: 'api_error', param: null, code: 'runner_crashed' } }, '[DONE]'])
  })

  it('does not pass off a reply that was cut short as a whole one', async () => {
    await using server = await startWire({ chat: () => eventsOf(text('a')) })
    expect((await sendJson(server, chat, ask)).status).toBe(500)
    expect(sseData(await sendJson(server, chat, { ...ask, stream: true })).at(-2)).toMatchObject({ error: { code: 'engine_error' } })
  })

  it('leaves out messages whose list of parts is empty, and loads the model where no other is there', async () => {
    await using server = await startWire({ chat: ({ messages }) => eventsOf(messages.length === 0 ? { type: 'loaded' } : finish) })
    const empty = { role: 'user', content: [] }
    const called = { role: 'assistant', content: [], tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{}' } }] }
    const result = { role: 'tool', tool_call_id: 'a', content: [] }
    await sendJson(server, chat, { ...ask, messages: [empty, called, result] })
    expect(server.service.calls.at(-1)?.request).toMatchObject({ messages: [{ role: 'assistant' }, { role: 'tool', toolName: 'f' }] })
    const whole = JSON.parse((await sendJson(server, chat, { ...ask, messages: [empty] })).text)
    expect(whole).toMatchObject({ choices: [{ message: { content: '' }, finish_reason: 'load' }], usage: { total_tokens: 0 } })
    const chunks = sseData(await sendJson(server, chat, { ...ask, messages: [empty], stream: true }))
    expect(chunks).toMatchObject([{ choices: [{ delta: { role: 'assistant' } }] }, { choices: [{ finish_reason: 'load' }] }, '[DONE]'])
  })

  it('has several choices, each with the next seed, whose prompt counts once', async () => {
    await using server = await startWire({ chat: () => eventsOf(text('a'), end(2)), identify: async () => ({ digestHex: 'ab' }) })
    const body = JSON.parse((await sendJson(server, chat, { ...ask, n: 3, seed: 7 })).text)
    expect(body.choices.map((choice: { index: number; message: { content: string } }) => [choice.index, choice.message.content])).toEqual([
      [0, 'a'],
      [1, 'a'],
      [2, 'a'],
    ])
    expect(body.usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 6, prompt_tokens_details: { cached_tokens: 4 } })
    const seeds = server.service.calls.flatMap(({ name, request }) => (name === 'chat' ? [(request as { options: object }).options] : []))
    expect(seeds).toEqual([{ seed: 7 }, { seed: 8 }, { seed: 9 }])
  })

  it('streams several choices, each with a role and an end of its own', async () => {
    await using server = await startWire({ chat: () => eventsOf(text('a'), finish) })
    const events = sseData(await sendJson(server, chat, { ...ask, n: 2, stream: true })) as {
      choices?: { index: number; delta: object }[]
    }[]
    for (const index of [0, 1]) {
      const deltas = events.flatMap(({ choices = [] }) => choices.filter((choice) => choice.index === index).map(({ delta }) => delta))
      expect(deltas).toEqual([{ role: 'assistant', content: 'a' }, {}])
    }
    expect(events.filter((event) => (event as unknown) === '[DONE]')).toHaveLength(1)
  })

  it('tells a client with a seed which model and program answered', async () => {
    let digestHex = 'aa'
    await using server = await startWire({ chat: () => eventsOf(finish), identify: async () => ({ digestHex }) })
    const fingerprint = async (fields: object) => JSON.parse((await sendJson(server, chat, { ...ask, ...fields })).text).system_fingerprint
    const first = await fingerprint({ seed: 1 })
    expect(first).toMatch(/^fp_[0-9a-f]{12}$/)
    expect(await fingerprint({ seed: 2 })).toBe(first)
    digestHex = 'bb'
    expect(await fingerprint({ seed: 1 })).not.toBe(first)
    expect(await fingerprint({})).toBe('fp_ollama')
  })

  it('counts what was thinking', async () => {
    const thoughtful: ChatEvent = { ...finish, type: 'finish', reason: 'stop', timings, thinkingTokens: 2 }
    await using server = await startWire({ chat: () => eventsOf<ChatEvent>(thinking, thoughtful) })
    expect(JSON.parse((await sendJson(server, chat, ask)).text).usage.completion_tokens_details).toEqual({ reasoning_tokens: 2 })
  })

  it('stops its runs when the client leaves', async () => {
    await using server = await startWire({ chat: (_, signal) => eventsThenWait(signal, text('a')) })
    const answer = await open(server.port, { path: chat, body: JSON.stringify({ ...ask, n: 2, stream: true }) })
    await new Promise((resolve) => answer.once('data', resolve))
    const stopped = Promise.all(server.service.signals.map((signal) => new Promise((resolve) => signal.addEventListener('abort', resolve))))
    answer.destroy()
    expect(await stopped).toHaveLength(2)
  })
})

describe('messages', () => {
  it('stay one each, whatever their content is made of', async () => {
    await using server = await startWire({ chat: () => eventsOf(finish) })
    const pixel = Buffer.from('GIF89a')
    const messages = [
      {
        role: 'developer',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'see' },
          { type: 'image_url', image_url: { url: `data:image/gif;base64,${pixel.toString('base64')}` } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        reasoning_content: 'hm',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'r' }] },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
    ]
    await sendJson(server, chat, { model: 'm', messages })
    const [asked] = server.service.calls as { request: { messages: unknown } }[]
    expect(asked?.request.messages).toEqual([
      { role: 'developer', content: 'a\n\nb' },
      { role: 'user', content: 'see', images: [pixel] },
      { role: 'assistant', content: '', thinking: 'hm', toolCalls: [{ id: 'c1', function: { index: 0, name: 'f', arguments: { a: 1 } } }] },
      { role: 'tool', content: 'r', toolName: 'f', toolCallId: 'c1' },
      { role: 'assistant', content: 'no' },
    ])
  })

  it.each<[string, unknown, string, string]>([
    ['no text', 5, 'invalid message content type: float64', 'messages[0].content'],
    ['nothing', null, 'invalid message content type: <nil>', 'messages[0].content'],
    ['an unknown part', [{ type: 'video' }], 'invalid message format', 'messages[0].content[0].type'],
    ['a part that is a number', [5], 'invalid message format', 'messages[0].content[0]'],
    ['a broken image', [image('data:image/png;base64,%%%')], 'invalid image input', 'messages[0].content[0].image_url'],
    ['an image of another kind', [image('data:image/avif;base64,AAAA')], 'invalid image input', 'messages[0].content[0].image_url'],
    [
      'an image elsewhere',
      [image('http://example.com/x.png')],
      'image URLs are not currently supported, please use base64 encoded data instead',
      'messages[0].content[0].image_url',
    ],
    [
      'audio without data',
      [{ type: 'input_audio', input_audio: {} }],
      'invalid input_audio format: missing data',
      'messages[0].content[0].input_audio.data',
    ],
  ])('with %s are refused', async (_, content, message, param) => {
    await using server = await startWire()
    const answer = await sendJson(server, chat, { model: 'm', messages: [{ role: 'user', content }] })
    expect(answer).toMatchObject({ status: 400, headers: { 'content-type': 'application/json; charset=utf-8' } })
    expect(JSON.parse(answer.text).error).toMatchObject({ message, param, type: 'invalid_request_error' })
  })

  it('with null as arguments have none, as Go reads them', async () => {
    await using server = await startWire({ chat: () => eventsOf(finish) })
    const messages = [{ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: 'null' } }] }]
    await sendJson(server, chat, { model: 'm', messages })
    expect(server.service.calls[0]?.request).toMatchObject({ messages: [{ toolCalls: [{ function: { name: 'f', arguments: {} } }] }] })
  })

  it('with arguments that are no object are refused', async () => {
    await using server = await startWire()
    const messages = [{ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: '[1]' } }] }]
    expect(JSON.parse((await sendJson(server, chat, { model: 'm', messages })).text).error).toEqual({
      message: 'invalid tool call arguments',
      type: 'invalid_request_error',
      param: 'messages[0].tool_calls[0].function.arguments',
      code: 'invalid_json',
    })
  })
})

describe('wrong requests', () => {
  const type = (field: string, sent: string, wanted: string) =>
    `json: cannot unmarshal ${sent} into Go struct field ChatCompletionRequest.${field} of type ${wanted}`
  it.each<[string, unknown, string, string | null]>([
    ['no messages', { model: 'm', messages: [] }, "[] is too short - 'messages'", 'messages'],
    ['messages of a wrong type', { ...ask, messages: 'x' }, type('messages', 'string', '[]openai.Message'), 'messages'],
    ['a limit of a wrong type', { ...ask, max_tokens: '5' }, type('max_tokens', 'string', 'int'), 'max_tokens'],
    ['a number of a wrong type', { ...ask, top_p: 'x' }, type('top_p', 'string', 'float64'), 'top_p'],
    ['tools of a wrong type', { ...ask, tools: 'x' }, type('tools', 'string', '[]api.Tool'), 'tools'],
    [
      'stream options of a wrong type',
      { ...ask, stream_options: 'x' },
      type('stream_options', 'string', 'openai.StreamOptions'),
      'stream_options',
    ],
    [
      'a format of a wrong type',
      { ...ask, response_format: 'json' },
      type('response_format', 'string', 'openai.ResponseFormat'),
      'response_format',
    ],
    ['a model of a wrong type', { ...ask, model: 5 }, type('model', 'number', 'string'), 'model'],
    [
      'an unknown effort',
      { ...ask, reasoning_effort: 'extreme' },
      'invalid reasoning value: "extreme" (must be "minimal", "low", "medium", "high", "xhigh", "ultra", "max", or "none")',
      'reasoning_effort',
    ],
    [
      'arguments that are no text',
      { ...ask, messages: [{ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] }] },
      'json: cannot unmarshal object into Go struct field .messages.tool_calls.function.arguments of type string',
      'messages.tool_calls.function.arguments',
    ],
    [
      'arguments with a number beyond all',
      { ...ask, messages: [{ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: '{"a":1e400}' } }] }] },
      'invalid tool call arguments',
      'messages[0].tool_calls[0].function.arguments',
    ],
    [
      'a function that is none',
      { ...ask, messages: [{ role: 'assistant', tool_calls: [{ function: 5 }] }] },
      'json: cannot unmarshal number into Go struct field ToolCall.messages.tool_calls.function of type ' +
        'struct { Name string "json:\\"name\\""; Arguments string "json:\\"arguments\\"" }',
      'messages.tool_calls.function',
    ],
    ['too many choices', { ...ask, n: 129 }, 'n must be between 1 and 128', 'n'],
    ['too many alternatives', { ...ask, logprobs: true, top_logprobs: 21 }, 'top_logprobs must be between 0 and 20', 'top_logprobs'],
    ['a stop that is none', { ...ask, stop: ['a', 5] }, "invalid type for 'stop' field: float64", 'stop'],
    ['a bias for no token', { ...ask, logit_bias: { x: 1 } }, 'logit_bias: "x" is no token id', 'logit_bias'],
    [
      'a bias beyond all measure',
      { ...ask, logit_bias: { 1: 101 } },
      'logit_bias: a bias must be a number between -100 and 100',
      'logit_bias.1',
    ],
    [
      'a required call without tools',
      { ...ask, tool_choice: 'required' },
      "'tool_choice' is only allowed when 'tools' are specified",
      'tool_choice',
    ],
    [
      'a tool of a kind that is not offered',
      { ...ask, tools: [{ type: 'custom' }] },
      'tools of type "custom" are not supported',
      'tools[0].type',
    ],
    ...(
      [
        ['type', { type: 5 }, 'Tool.tools.type', 'string'],
        ['function', { function: 5 }, 'Tool.tools.function', 'api.ToolFunction'],
        ['name', { function: { name: 5 } }, 'ToolFunction.tools.function.name', 'string'],
        ['description', { function: { name: 'f', description: 5 } }, 'ToolFunction.tools.function.description', 'string'],
        ['schema', { function: { name: 'f', parameters: 5 } }, 'ToolFunction.tools.function.parameters', 'api.ToolFunctionParameters'],
      ] as const
    ).map(([what, one, field, wanted]): [string, object, string, string] => [
      `a tool whose ${what} is of a wrong type`,
      { ...ask, tools: [one] },
      `json: cannot unmarshal number into Go struct field ${field} of type ${wanted}`,
      field.slice(field.indexOf('.') + 1),
    ]),
    ['a tool without a name', { ...ask, tools: [{ type: 'function', function: {} }] }, 'a function needs a name', 'tools[0].function.name'],
    [
      'a format that is not known',
      { ...ask, response_format: { type: 'yaml' } },
      expect.stringContaining('yaml') as unknown as string,
      'response_format.type',
    ],
    [
      'a format without its schema',
      { ...ask, response_format: { type: 'json_schema' } },
      'response_format needs a json_schema with a schema',
      'response_format.json_schema',
    ],
  ])('%s', async (_, body, message, param) => {
    await using server = await startWire()
    const answer = await sendJson(server, chat, body)
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text).error).toEqual({ message, type: 'invalid_request_error', param, code: expect.any(String) })
  })

  it.each([
    ['', 'EOF'],
    ['nope', "invalid character 'o' in literal null (expecting 'u')"],
    ['{"a"', 'unexpected EOF'],
  ])('the body %j', async (body, message) => {
    await using server = await startWire()
    const answer = await send(server, { path: chat, body })
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text).error).toEqual({ message, type: 'invalid_request_error', param: null, code: 'invalid_json' })
  })

  it('a keep_alive that cannot be read is named, since it changes no answer', async () => {
    await using server = await startWire({ chat: () => eventsOf(finish) })
    const answer = await sendJson(server, chat, { ...ask, keep_alive: 'nonsense' })
    expect([answer.status, answer.headers['x-llamero-warnings']]).toEqual([200, 'keep_alive'])
  })
})

describe('completions', () => {
  const path = '/v1/completions'

  it('are one object with a choice for each prompt', async () => {
    await using server = await startWire({ generate: ({ prompt }) => eventsOf(text(`${prompt}!`), finish) })
    const body = JSON.parse((await sendJson(server, path, { model: 'm', prompt: ['a', 'b'], echo: true })).text)
    expect(body).toMatchObject({
      id: expect.stringMatching(/^cmpl-/),
      object: 'text_completion',
      usage: { prompt_tokens: 24, completion_tokens: 6 },
    })
    expect(body.choices).toEqual([
      { text: 'aa!', index: 0, finish_reason: 'stop', logprobs: null },
      { text: 'bb!', index: 1, finish_reason: 'stop', logprobs: null },
    ])
  })

  it('stream, with the prompt first where it is echoed', async () => {
    await using server = await startWire({ generate: () => eventsOf(text('x'), finish) })
    const events = sseData(
      await sendJson(server, path, { model: 'm', prompt: 'p', stream: true, echo: true, stream_options: { include_usage: true } }),
    )
    const parts = events.slice(0, -1) as { choices: { text: string; finish_reason: string | null }[]; usage: object }[]
    expect(parts.map(({ choices }) => choices.map((choice) => [choice.text, choice.finish_reason]))).toEqual([
      [['p', null]],
      [['x', null]],
      [['', 'stop']],
      [],
    ])
    expect(parts.map((part) => part.usage)).toEqual([NO_USAGE, NO_USAGE, NO_USAGE, usage])
    expect(events.at(-1)).toBe('[DONE]')
  })

  it('of token ids go to the model as they are, and are echoed as text', async () => {
    await using server = await startWire({ generate: () => eventsOf(text('x'), finish), detokenize: async ({ tokens }) => `<${tokens}>` })
    const body = JSON.parse((await sendJson(server, path, { model: 'm', prompt: [[1, 2], [3]], echo: true })).text)
    expect(body.choices.map((choice: { text: string }) => choice.text)).toEqual(['<1,2>x', '<3>x'])
    const asked = server.service.calls.filter(({ name }) => name === 'generate').map(({ request }) => request)
    expect(asked).toMatchObject([
      { prompt: '', promptTokens: [1, 2] },
      { prompt: '', promptTokens: [3] },
    ])
  })

  it('show log-probabilities in columns', async () => {
    const events = () => eventsOf(text('ab', [logprob('a', -0.5), logprob('b', -1)]), text('c', [logprob('c', -0.1)]), finish)
    await using server = await startWire({ generate: events })
    const body = JSON.parse((await sendJson(server, path, { model: 'm', prompt: 'p', logprobs: 1 })).text)
    expect(body.choices[0].logprobs).toEqual({
      tokens: ['a', 'b', 'c'],
      token_logprobs: [-0.5, -1, -0.1],
      top_logprobs: [{ b: -2 }, { b: -2 }, { b: -2 }],
      text_offset: [0, 1, 2],
    })
    const streamed = sseData(await sendJson(server, path, { model: 'm', prompt: 'p', logprobs: 0, stream: true })) as {
      choices?: { logprobs?: object }[]
    }[]
    expect(streamed.flatMap(({ choices = [] }) => choices.flatMap((choice) => choice.logprobs ?? []))).toEqual([
      { tokens: ['a', 'b'], token_logprobs: [-0.5, -1], top_logprobs: null, text_offset: [0, 1] },
      { tokens: ['c'], token_logprobs: [-0.1], top_logprobs: null, text_offset: [2] },
    ])
  })

  it('show the log-probabilities of an echoed prompt, which goes to the model as it is', async () => {
    const prompt: ChatEvent[] = [
      { type: 'prompt', tokens: [{ token: 'Hi', logprob: null, bytes: [72, 105] }] },
      { type: 'prompt', tokens: [logprob(' you', -3)] },
    ]
    await using server = await startWire({ generate: () => eventsOf(...prompt, text('a', [logprob('a', -0.5)]), finish) })
    const asked = { model: 'm', prompt: 'Hi you', logprobs: 1, echo: true }
    const body = JSON.parse((await sendJson(server, path, asked)).text)
    expect(body.choices[0]).toEqual({
      text: 'Hi youa',
      index: 0,
      finish_reason: 'stop',
      logprobs: {
        tokens: ['Hi', ' you', 'a'],
        token_logprobs: [null, -3, -0.5],
        top_logprobs: [null, { b: -2 }, { b: -2 }],
        text_offset: [0, 2, 6],
      },
    })
    expect(server.service.calls[0]?.request).toMatchObject({ promptLogprobs: 1, raw: true, truncate: false })

    const parts = sseData(await sendJson(server, path, { ...asked, stream: true })) as { choices: { text: string; logprobs?: object }[] }[]
    expect(parts.slice(0, 3).map(({ choices }) => choices[0])).toMatchObject([
      { text: 'Hi you', logprobs: { tokens: ['Hi'], token_logprobs: [null], text_offset: [0] } },
      { text: '', logprobs: { tokens: [' you'], token_logprobs: [-3], text_offset: [2] } },
      { text: 'a', logprobs: { tokens: ['a'], text_offset: [6] } },
    ])
  })

  it('are the best of several, by what their tokens are worth', async () => {
    const values = [-2, -0.1, -1]
    let made = 0
    const next = (): AsyncIterable<ChatEvent> => {
      const index = made++
      return eventsOf(text(`r${index}`, [logprob('x', values[index] ?? 0)]), finish)
    }
    await using server = await startWire({ generate: next })
    const body = JSON.parse((await sendJson(server, path, { model: 'm', prompt: 'p', n: 2, best_of: 3 })).text)
    expect(body.choices).toEqual([
      { text: 'r1', index: 0, finish_reason: 'stop', logprobs: null },
      { text: 'r2', index: 1, finish_reason: 'stop', logprobs: null },
    ])
    expect(body.usage.completion_tokens).toBe(9)
  })

  it('evaluate the prompt alone where no token is wanted', async () => {
    await using server = await startWire({ generate: () => eventsOf({ ...finish, type: 'finish', reason: 'length', timings }) })
    const body = JSON.parse((await sendJson(server, path, { model: 'm', prompt: 'p', max_tokens: 0, echo: true })).text)
    expect(body.choices).toEqual([{ text: 'p', index: 0, finish_reason: 'length', logprobs: null }])
    expect(server.service.calls[0]?.request).toMatchObject({ prefillOnly: true })
  })

  it('of nothing load the model', async () => {
    await using server = await startWire({ generate: () => eventsOf<ChatEvent>({ type: 'loaded' }) })
    const body = JSON.parse((await sendJson(server, path, { model: 'm' })).text)
    expect([body.choices, body.usage]).toEqual([[{ text: '', index: 0, finish_reason: 'load', logprobs: null }], NO_USAGE])
  })

  it.each<[object, string]>([
    [{ prompt: 5 }, 'prompt'],
    [{ prompt: [] }, 'prompt'],
    [{ prompt: ['a', 5] }, 'prompt'],
    [{ prompt: 'p', n: 3, best_of: 2 }, 'best_of'],
    [{ prompt: 'p', n: 1, best_of: 2, stream: true }, 'best_of'],
    [{ prompt: 'p', logprobs: 21 }, 'logprobs'],
    [{ prompt: 'p', echo: true, logprobs: 1, system: 's' }, 'system'],
    [{ prompt: 'p', echo: true, logprobs: 1, template: '{{ .Prompt }}' }, 'template'],
    [{ prompt: 'p', echo: true, logprobs: 1, suffix: 's' }, 'suffix'],
  ])('refuse %j', async (fields, param) => {
    await using server = await startWire()
    const answer = await sendJson(server, path, { model: 'm', ...fields })
    expect([answer.status, JSON.parse(answer.text).error.param]).toEqual([400, param])
  })

  it.each<[string, string]>([
    ['"prompt":5', 'number into Go struct field CompletionRequest.prompt of type string'],
    ['"prompt":{}', 'object into Go struct field CompletionRequest.prompt of type string'],
    ['"temperature":"x"', 'string into Go struct field CompletionRequest.temperature of type float32'],
    ['"top_p":1e39', 'number 1e39 into Go struct field CompletionRequest.top_p of type float32'],
  ])('say of %s what Ollama says', async (field, words) => {
    await using server = await startWire()
    const answer = await send(server, { path, body: `{"model":"m",${field}}` })
    expect([answer.status, JSON.parse(answer.text).error.message]).toEqual([400, `json: cannot unmarshal ${words}`])
  })

  it('name a model that is missing as Ollama does', async () => {
    await using server = await startWire({
      generate: () => eventsOf<ChatEvent>(new AppError('model_required', 'x', { details: { model: '' } })),
    })
    const answer = await sendJson(server, path, { prompt: 'p' })
    expect([answer.status, JSON.parse(answer.text).error.message]).toEqual([404, "model '' not found"])
  })
})

describe('embeddings', () => {
  const path = '/v1/embeddings'
  const vector = new Float32Array([0.6, -0.8])
  const embed = async ({ inputs }: { inputs: readonly unknown[] }) => ({
    embeddings: inputs.map(() => vector),
    totalNs: 1,
    loadNs: 1,
    promptTokens: 2,
  })

  it('are numbers, or base64 of their bytes', async () => {
    await using server = await startWire({ embed })
    const numbers = JSON.parse((await sendJson(server, path, { model: 'm', input: ['a', 'b'] })).text)
    expect(numbers).toEqual({
      object: 'list',
      data: [0, 1].map((index) => ({ object: 'embedding', embedding: [0.6, -0.8], index })),
      model: 'm',
      usage: { prompt_tokens: 2, total_tokens: 2 },
    })
    const coded = JSON.parse((await sendJson(server, path, { model: 'm', input: 'a', encoding_format: 'BASE64' })).text)
    const bytes = Buffer.from(coded.data[0].embedding, 'base64')
    expect([bytes.readFloatLE(0), bytes.readFloatLE(4)]).toEqual([...vector])
  })

  it.each<[unknown, unknown]>([
    ['', ['']],
    [[1, 2], [[1, 2]]],
    [
      [[1], [2, 3]],
      [[1], [2, 3]],
    ],
  ])('take the input %j', async (input, inputs) => {
    await using server = await startWire({ embed })
    expect((await sendJson(server, path, { model: 'm', input })).status).toBe(200)
    expect(server.service.calls[0]?.request).toMatchObject({ inputs })
  })

  it.each<[object, string, string]>([
    [{}, 'input', 'invalid input'],
    [{ input: [] }, 'input', 'invalid input'],
    [{ input: 5 }, 'input', 'invalid input type'],
    [{ input: ['a', 5] }, 'input', 'invalid input type'],
    [{ input: 'a', dimensions: 0 }, 'dimensions', 'dimensions must be at least 1'],
    [{ input: 'a', dimensions: 3 }, 'dimensions', 'dimensions must not be more than 2, which this model has'],
    [
      { input: 'a', encoding_format: 'hex' },
      'encoding_format',
      "Invalid value for 'encoding_format' = hex. Supported values: ['float', 'base64'].",
    ],
  ])('refuse %j', async (fields, param, message) => {
    await using server = await startWire({ embed })
    const answer = await sendJson(server, path, { model: 'm', ...fields })
    expect([answer.status, JSON.parse(answer.text).error]).toMatchObject([400, { param, message }])
  })

  it('say that a text was cut, or refuse it', async () => {
    await using server = await startWire({
      embed: async (request) => {
        if (request.truncate === false) throw new AppError('context_exceeded', 'the input length exceeds the context length')
        return { ...(await embed(request)), droppedTokens: 138 }
      },
    })
    const cut = await sendJson(server, path, { model: 'm', input: 'a', encoding_format: 'float', user: 'u' })
    expect(cut.headers).toMatchObject({ 'x-llamero-truncated': 'true', 'x-llamero-warnings': 'user' })
    expect(JSON.parse(cut.text).usage).toEqual({ prompt_tokens: 2, total_tokens: 2, prompt_dropped_tokens: 138 })
    const refused = await sendJson(server, path, { model: 'm', input: 'a', truncate: false })
    expect([refused.status, JSON.parse(refused.text).error]).toMatchObject([400, { param: 'input', code: 'context_length_exceeded' }])
  })

  it('name a model that is missing in words of their own', async () => {
    await using server = await startWire({ embed: () => Promise.reject(new AppError('model_not_found', 'x', { details: { model: 'M' } })) })
    const answer = await sendJson(server, path, { model: 'M', input: 'a' })
    expect([answer.status, JSON.parse(answer.text).error.message]).toEqual([404, 'model "M" not found, try pulling it first'])
  })
})

describe('models', () => {
  it('are listed with what clients ask for, and none is a list too', async () => {
    let models = [listedModel]
    await using server = await startWire({ list: async () => models })
    const list = async () => JSON.parse((await send(server, { method: 'GET', path: '/v1/models' })).text)
    expect(await list()).toEqual({
      object: 'list',
      data: [
        {
          id: 'small:latest',
          object: 'model',
          created: 1795249236,
          owned_by: 'library',
          context_length: 8192,
          capabilities: ['completion'],
        },
      ],
    })
    models = []
    expect(await list()).toEqual({ object: 'list', data: [] })
  })

  it.each([
    ['small', 'library'],
    ['me/small:tag', 'me'],
    ['example.com/me/small', 'me'],
    ['me%2Fsmall', 'me'],
    ['ghcr.io/org/team/small:tag', 'org/team'],
    ['ghcr.io%2Forg%2Fteam%2Fsmall', 'org/team'],
  ])('are found by the name %s', async (name, owner) => {
    await using server = await startWire({ show: async () => shownModel })
    const answer = await send(server, { method: 'GET', path: `/v1/models/${name}` })
    expect(JSON.parse(answer.text)).toMatchObject({ id: decodeURIComponent(name), object: 'model', owned_by: owner })
    expect(server.service.calls[0]?.request).toEqual({ model: decodeURIComponent(name) })
  })
})

describe('a path that is not known', () => {
  it.each([
    ['GET', '/v1'],
    ['GET', '/v1/nosuch'],
    ['POST', '/v1/chat/nosuch'],
    ['POST', '/v1/models/'],
  ])('%s %s is answered in JSON', async (method, path) => {
    await using server = await startWire()
    const answer = await send(server, { method, path })
    expect(answer.status).toBe(404)
    expect(JSON.parse(answer.text).error).toMatchObject({
      type: 'not_found_error',
      code: 'unknown_url',
      message: `Unknown request URL: ${method} ${path}.`,
    })
  })

  it('elsewhere is answered as Ollama does', async () => {
    await using server = await startWire()
    expect((await send(server, { method: 'GET', path: '/v10' })).text).toBe('404 page not found')
  })

  it('a known path with another method says which it takes', async () => {
    await using server = await startWire()
    for (const [method, path, allow] of [
      ['GET', chat, 'POST'],
      ['DELETE', '/v1/models/x', 'GET'],
    ] as const) {
      const answer = await send(server, { method, path })
      expect([answer.status, answer.headers.allow]).toEqual([405, allow])
    }
  })
})

const NO_USAGE = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }

function image(url: string): object {
  return { type: 'image_url', image_url: { url } }
}
