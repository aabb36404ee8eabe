import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/base/errors.ts'
import type { ChatEvent, Logprob } from '../../src/chat/event.ts'
import { SILENCE_MS } from '../../src/http/keep-alive.ts'
import { finish, timings } from '../../src/http/testing/fake-service.ts'
import type { ChatRequest } from '../../src/service/service.ts'
import { saying } from './answers.ts'
import { type Answer, send, sendJson, startWire, type WireServer } from './harness.ts'
import { followStream, type SseEvent, sseEvents } from './sse.ts'

const text = (value: string, logprobs?: Logprob[]): ChatEvent => ({ type: 'text-delta', text: value, ...(logprobs ? { logprobs } : {}) })
const thinking = (value: string): ChatEvent => ({ type: 'thinking-delta', text: value })
const call: ChatEvent = { type: 'tool-call', call: { id: 'call_1', function: { index: 0, name: 'f', arguments: { z: 1, a: '<' } } } }
const cut: ChatEvent = { type: 'finish', reason: 'length', timings }
const question = { model: 'M', input: 'hi' }
const usage = {
  input_tokens: 12,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 3,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 15,
}
const id = (prefix: string) => expect.stringMatching(new RegExp(`^${prefix}_[\\w-]{24}$`))
const seconds = expect.any(Number)
const messageItem = (value: string, status = 'completed') => ({
  id: id('msg'),
  type: 'message',
  status,
  role: 'assistant',
  content: [{ type: 'output_text', text: value, annotations: [], logprobs: [] }],
})
const callItem = { id: id('fc'), type: 'function_call', status: 'completed', call_id: 'call_1', name: 'f', arguments: '{"z":1,"a":"<"}' }
const reasoningItem = (value: string) => ({
  id: id('rs'),
  type: 'reasoning',
  summary: [{ type: 'summary_text', text: value }],
  encrypted_content: value,
})

/** Each names itself twice. */
function eventsIn(answer: Answer): SseEvent['data'][] {
  return sseEvents(answer).map(({ event, data }) => {
    expect(event).toBe(data.type)
    return data
  })
}

async function respond(server: WireServer, fields: object = {}) {
  const answer = await sendJson(server, '/v1/responses', { ...question, ...fields })
  return { ...answer, body: JSON.parse(answer.text) }
}

describe('a response', () => {
  it('has everything that was said, in order, and all keys', async () => {
    await using server = await startWire(saying(thinking('hm'), text('a'), call, text('b'), finish))
    const { body, ...answer } = await respond(server)
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } })
    expect(body).toEqual({
      id: id('resp'),
      object: 'response',
      created_at: seconds,
      completed_at: seconds,
      status: 'completed',
      incomplete_details: null,
      model: 'M',
      previous_response_id: null,
      instructions: null,
      output: [reasoningItem('hm'), messageItem('a'), callItem, messageItem('b')],
      error: null,
      tools: [],
      tool_choice: 'auto',
      truncation: 'disabled',
      parallel_tool_calls: true,
      text: { format: { type: 'text' } },
      top_p: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      top_logprobs: 0,
      temperature: 1,
      reasoning: null,
      usage,
      max_output_tokens: null,
      max_tool_calls: null,
      store: false,
      background: false,
      service_tier: 'default',
      metadata: {},
      safety_identifier: null,
      prompt_cache_key: null,
    })
  })

  it('says of an empty text that there was none', async () => {
    await using server = await startWire(saying(text('a'), finish))
    const { body } = await respond(server, { instructions: '', previous_response_id: '', truncation: '' })
    expect(body).toMatchObject({ instructions: null, previous_response_id: null, truncation: 'disabled' })
  })

  it.each<[object, object | null, object | null]>([
    [{ effort: 'low' }, { effort: 'low' }, { effort: 'low', summary: null }],
    [{ summary: 'auto' }, { summary: 'auto' }, { effort: null, summary: 'auto' }],
    [{ effort: '', generate_summary: 'auto' }, null, null],
  ])('says of the reasoning %j what Ollama says, whole and in a stream', async (reasoning, whole, streamed) => {
    await using server = await startWire(saying(text('a'), finish))
    expect((await respond(server, { reasoning })).body.reasoning).toEqual(whole)
    const [created] = eventsIn(await sendJson(server, '/v1/responses', { ...question, reasoning, stream: true }))
    expect(created).toMatchObject({ response: { reasoning: streamed } })
  })

  it('says back the whole format', async () => {
    await using server = await startWire(saying(text('{}'), finish))
    const format = { type: 'json_schema', name: 'city', description: 'A city', strict: true, schema: { type: 'object' } }
    expect((await respond(server, { text: { format, verbosity: 'medium' } })).body.text).toEqual({ format, verbosity: 'medium' })
  })

  it('says back what it was asked', async () => {
    await using server = await startWire(saying(text('a'), finish))
    const tool = { type: 'function', name: 'f', parameters: { type: 'object' }, strict: true }
    const fields = {
      instructions: 'Be brief.',
      temperature: 0,
      top_p: 0.5,
      max_output_tokens: 9,
      metadata: { a: 'b' },
      truncation: 'auto',
      parallel_tool_calls: false,
      reasoning: { effort: 'low', summary: 'auto' },
      service_tier: 'flex',
      tools: [tool],
      tool_choice: 'required',
      text: { format: { type: 'json_object' } },
      top_logprobs: 2,
    }
    expect((await respond(server, fields)).body).toMatchObject(fields)
    expect(server.service.calls[0]).toMatchObject({
      name: 'startChat',
      request: {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'hi' },
        ],
        options: { temperature: 0, top_p: 0.5, num_predict: 9 },
        truncate: true,
        parallelToolCalls: false,
        think: 'low',
        tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' }, strict: true } }],
        toolChoice: 'required',
        format: { type: 'json' },
        topLogprobs: 2,
      },
    })
  })

  it('is incomplete where it was cut, and says why', async () => {
    await using server = await startWire(saying(thinking('hm'), text('a'), cut))
    expect((await respond(server)).body).toMatchObject({
      status: 'incomplete',
      completed_at: null,
      incomplete_details: { reason: 'max_output_tokens' },
      output: [reasoningItem('hm'), messageItem('a', 'incomplete')],
    })
  })

  it('has one empty message where the model said nothing, or only thought, and where nothing was run', async () => {
    await using silent = await startWire(saying(text(''), finish))
    expect((await respond(silent)).body).toMatchObject({ status: 'completed', output: [messageItem('')] })
    await using thoughtful = await startWire(saying(thinking('hm'), finish))
    expect((await respond(thoughtful)).body).toMatchObject({ status: 'completed', output: [reasoningItem('hm'), messageItem('')] })
    await using loading = await startWire(saying({ type: 'loaded' }))
    const { body } = await respond(loading, { input: [] })
    expect(body).toMatchObject({ status: 'completed', output: [messageItem('')], usage: { input_tokens: 0, total_tokens: 0 } })
  })

  it('counts what came from the cache and what was reasoning', async () => {
    const end: ChatEvent = { type: 'finish', reason: 'stop', timings: { ...timings, cachedTokens: 9 }, thinkingTokens: 2 }
    await using server = await startWire(saying(text('a'), end))
    expect((await respond(server)).body.usage).toEqual({
      ...usage,
      input_tokens_details: { cached_tokens: 9 },
      output_tokens_details: { reasoning_tokens: 2 },
    })
  })

  it('brings log-probabilities where they are included', async () => {
    const logprob = { token: 'a', logprob: -0.5, bytes: [97] }
    await using server = await startWire(saying(text('a', [{ ...logprob, top: [{ ...logprob, token: 'b' }] }, logprob]), finish))
    const { body } = await respond(server, { include: ['message.output_text.logprobs'], top_logprobs: 1 })
    expect(body.output[0].content[0].logprobs).toEqual([
      { ...logprob, top_logprobs: [{ ...logprob, token: 'b' }] },
      { ...logprob, top_logprobs: [] },
    ])
  })

  it('names in a header what it did not use', async () => {
    await using server = await startWire(saying(text('a'), finish))
    expect((await respond(server, { user: 'u', background: false, mystery: 1 })).headers['x-llamero-warnings']).toBe('user, mystery')
  })

  it.each<[object, string]>([
    [{ background: true }, 'background'],
    [{ conversation: 'c' }, 'conversation'],
    [{ prompt: { id: 'p' } }, 'prompt'],
    [{ include: ['everything'] }, 'include'],
    [{ truncation: 'sometimes' }, 'truncation'],
    [{ text: { verbosity: 'high' } }, 'text.verbosity'],
    [{ text: { format: { type: 'grammar' } } }, 'text.format.type'],
    [{ text: { format: { type: 'json_schema' } } }, 'text.format.schema'],
    [{ top_logprobs: 21 }, 'top_logprobs'],
    [{ reasoning: { effort: 'huge' } }, 'reasoning.effort'],
    [{ tools: [{ type: 'web_search' }] }, 'tools[0].type'],
    [{ tools: [{ type: 'function' }] }, 'tools[0].name'],
    [{ tools: [{ type: 'namespace', name: 'n' }] }, 'tools[0]'],
    [{ tool_choice: 'required' }, 'tool_choice'],
    [{ previous_response_id: 'resp_none' }, 'previous_response_id'],
  ])('refuses %j by name', async (fields, param) => {
    await using server = await startWire({})
    const { status, body } = await respond(server, fields)
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ type: 'invalid_request_error', param, code: expect.any(String) })
  })

  it.each<[object, string]>([
    [{ background: 'x' }, 'string into Go struct field ResponsesRequest.background of type bool'],
    [{ tools: [5] }, 'number into Go struct field ResponsesRequest.tools of type openai.ResponsesTool'],
    [{ tools: 5 }, 'number into Go struct field ResponsesRequest.tools of type []openai.ResponsesTool'],
    [{ tools: [{ type: 'function', name: 5 }] }, 'number into Go struct field ResponsesTool.tools.name of type string'],
    [{ tools: [{ type: 5 }] }, 'number into Go struct field ResponsesTool.tools.type of type string'],
    [
      { tools: [{ name: 'f', parameters: [] }] },
      'array into Go struct field ResponsesTool.tools.parameters of type map[string]interface {}',
    ],
    [{ tools: [{ name: 'n', tools: [{ name: 5 }] }] }, 'number into Go struct field ResponsesTool.tools.tools.name of type string'],
    [{ text: { format: 5 } }, 'number into Go struct field ResponsesText.text.format of type openai.ResponsesTextFormat'],
    [{ text: { format: { type: 5 } } }, 'number into Go struct field ResponsesTextFormat.text.format.type of type string'],
    [{ text: { format: { name: 5 } } }, 'number into Go struct field ResponsesTextFormat.text.format.name of type string'],
  ])('says of %j what Ollama says', async (fields, words) => {
    await using server = await startWire({})
    expect((await respond(server, fields)).body.error).toMatchObject({ message: `json: cannot unmarshal ${words}` })
  })

  it('takes a namespace for its functions', async () => {
    await using server = await startWire(saying(text('a'), finish))
    await respond(server, { tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'function', name: 'f' }] }] })
    expect(server.service.calls[0]?.request).toMatchObject({ tools: [{ function: { name: 'n.f' } }] })
  })
})

describe('a streamed response', () => {
  it('numbers its events and opens and closes every item in its place', async () => {
    await using server = await startWire(saying(thinking('h'), thinking('m'), text('a'), text('b'), call, text('c'), finish))
    const answer = await sendJson(server, '/v1/responses', { ...question, stream: true })
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } })
    const events = eventsIn(answer)
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index))
    const begun = expect.objectContaining({ status: 'in_progress', output: [], usage: null, completed_at: null })
    const at = (output_index: number, item: string) => ({ output_index, item_id: id(item) })
    const part = (value: string) => ({ type: 'output_text', text: value, annotations: [], logprobs: [] })
    const summary = (value: string) => ({ type: 'summary_text', text: value })
    const open = { ...messageItem(''), status: 'in_progress', content: [] }
    expect(events.map(({ sequence_number: _, ...event }) => event)).toEqual([
      { type: 'response.created', response: begun },
      { type: 'response.in_progress', response: begun },
      { type: 'response.output_item.added', output_index: 0, item: { id: id('rs'), type: 'reasoning', summary: [] } },
      { type: 'response.reasoning_summary_part.added', ...at(0, 'rs'), summary_index: 0, part: summary('') },
      { type: 'response.reasoning_summary_text.delta', ...at(0, 'rs'), summary_index: 0, delta: 'h' },
      { type: 'response.reasoning_summary_text.delta', ...at(0, 'rs'), summary_index: 0, delta: 'm' },
      { type: 'response.reasoning_summary_text.done', ...at(0, 'rs'), summary_index: 0, text: 'hm' },
      { type: 'response.reasoning_summary_part.done', ...at(0, 'rs'), summary_index: 0, part: summary('hm') },
      { type: 'response.output_item.done', output_index: 0, item: reasoningItem('hm') },
      { type: 'response.output_item.added', output_index: 1, item: open },
      { type: 'response.content_part.added', ...at(1, 'msg'), content_index: 0, part: part('') },
      { type: 'response.output_text.delta', ...at(1, 'msg'), content_index: 0, delta: 'a', logprobs: [] },
      { type: 'response.output_text.delta', ...at(1, 'msg'), content_index: 0, delta: 'b', logprobs: [] },
      { type: 'response.output_text.done', ...at(1, 'msg'), content_index: 0, text: 'ab', logprobs: [] },
      { type: 'response.content_part.done', ...at(1, 'msg'), content_index: 0, part: part('ab') },
      { type: 'response.output_item.done', output_index: 1, item: messageItem('ab') },
      { type: 'response.output_item.added', output_index: 2, item: { ...callItem, status: 'in_progress', arguments: '' } },
      { type: 'response.function_call_arguments.delta', ...at(2, 'fc'), delta: callItem.arguments },
      { type: 'response.function_call_arguments.done', ...at(2, 'fc'), name: 'f', arguments: callItem.arguments },
      { type: 'response.output_item.done', output_index: 2, item: callItem },
      { type: 'response.output_item.added', output_index: 3, item: open },
      { type: 'response.content_part.added', ...at(3, 'msg'), content_index: 0, part: part('') },
      { type: 'response.output_text.delta', ...at(3, 'msg'), content_index: 0, delta: 'c', logprobs: [] },
      { type: 'response.output_text.done', ...at(3, 'msg'), content_index: 0, text: 'c', logprobs: [] },
      { type: 'response.content_part.done', ...at(3, 'msg'), content_index: 0, part: part('c') },
      { type: 'response.output_item.done', output_index: 3, item: messageItem('c') },
      {
        type: 'response.completed',
        response: expect.objectContaining({
          status: 'completed',
          output: [reasoningItem('hm'), messageItem('ab'), callItem, messageItem('c')],
          usage,
        }),
      },
    ])
    const ids = events.flatMap(({ item }) => (item ? [(item as { id: string }).id] : []))
    expect(new Set(ids).size).toBe(4)
  })

  it('is created before the first token, and shows signs of life until then', async () => {
    let speak = () => {}
    let wake = () => {}
    const clock = {
      nowMs: () => 0,
      monotonicNs: () => 0,
      after(delayMs: number, task: () => void) {
        if (delayMs === SILENCE_MS) wake = task
        return { cancel: () => {} }
      },
    }
    const asked = new Promise<void>((resolve) => (speak = resolve))
    async function* events(): AsyncGenerator<ChatEvent> {
      await asked
      yield text('a')
      yield finish
    }
    await using server = await startWire({ startChat: async () => ({ promptTokens: 1, events: events() }) }, { clock })
    const answer = await fetch(`${server.url}/v1/responses`, { method: 'POST', body: JSON.stringify({ ...question, stream: true }) })
    const coming = followStream(answer)
    await coming.until('response.in_progress')
    await new Promise((resolve) => setImmediate(resolve))
    wake()
    await coming.until('\n\n: keep-alive\n\n')
    expect(coming.text()).not.toContain('output_item')
    speak()
    await coming.until('response.completed')
  })

  it('ends with an empty message where all was thinking', async () => {
    await using server = await startWire(saying(thinking('hm'), finish))
    const events = eventsIn(await sendJson(server, '/v1/responses', { ...question, stream: true }))
    const last = events.slice(-6).map(({ type, output_index: at }) => [type, at])
    expect(last).toEqual([
      ['response.output_item.added', 1],
      ['response.content_part.added', 1],
      ['response.output_text.done', 1],
      ['response.content_part.done', 1],
      ['response.output_item.done', 1],
      ['response.completed', undefined],
    ])
    expect(events.at(-1)).toMatchObject({ response: { output: [reasoningItem('hm'), messageItem('')] } })
  })

  it('ends as incomplete where it was cut', async () => {
    await using server = await startWire(saying(text('a'), cut))
    const events = eventsIn(await sendJson(server, '/v1/responses', { ...question, stream: true }))
    expect(events.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output: [messageItem('a', 'incomplete')] },
    })
    expect(events.at(-2)).toMatchObject({ type: 'response.output_item.done', item: messageItem('a', 'incomplete') })
  })

  it('ends as failed when the run fails, with what was complete', async () => {
    await using server = await startWire(saying(call, text('a'), new AppError('runner_crashed', 'it died')))
    const events = eventsIn(await sendJson(server, '/v1/responses', { ...question, stream: true, store: true }))
    expect(events.at(-1)).toMatchObject({
      type: 'response.failed',
      sequence_number: events.length - 1,
      response: { status: 'failed', error: { code: 'runner_crashed', message: 'it died' }, output: [callItem], usage: null },
    })
  })

  it('takes a reply without an end for a failure', async () => {
    await using server = await startWire(saying(text('a')))
    expect(eventsIn(await sendJson(server, '/v1/responses', { ...question, stream: true })).at(-1)?.type).toBe('response.failed')
    expect((await respond(server)).status).toBe(500)
  })

  it('gives an error that comes before it began a status of its own', async () => {
    const startChat = async () => {
      throw new AppError('model_not_found', 'x', { details: { model: 'M' } })
    }
    await using server = await startWire({ startChat })
    const { status, headers, body } = await respond(server, { stream: true })
    expect({ status, type: headers['content-type'] }).toEqual({ status: 404, type: 'application/json' })
    expect(body).toEqual({
      error: { message: "model 'M' not found", type: 'not_found_error', param: 'model', code: 'model_not_found' },
    })
  })
})

describe('a response that is kept', () => {
  it('can be read, listed, gone on from, and deleted', async () => {
    await using server = await startWire(saying(thinking('hm'), text('a'), call, finish))
    const { body: first } = await respond(server, { store: true, instructions: 'Be brief.' })
    const path = `/v1/responses/${first.id}`
    const get = async (sent: string) => {
      const answer = await send(server, { method: 'GET', path: sent })
      return { status: answer.status, body: JSON.parse(answer.text) }
    }
    expect(await get(path)).toEqual({ status: 200, body: first })
    expect(await get(`${path}/input_items`)).toMatchObject({
      status: 200,
      body: { object: 'list', data: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] }], has_more: false },
    })
    expect(await get(`${path}?stream=true`)).toMatchObject({ status: 400, body: { error: { param: 'stream' } } })

    const result = { type: 'function_call_output', call_id: 'call_1', output: 'done' }
    const { body: second } = await respond(server, { store: true, previous_response_id: first.id, input: [result] })
    expect(second.previous_response_id).toBe(first.id)
    const [, { messages }] = server.service.calls.map(({ request }) => request) as [ChatRequest, ChatRequest]
    expect(messages).toEqual([
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'a', thinking: 'hm', toolCalls: [call.type === 'tool-call' && call.call] },
      { role: 'tool', content: 'done', toolCallId: 'call_1', toolName: 'f' },
    ])

    const deleted = await send(server, { method: 'DELETE', path })
    expect(JSON.parse(deleted.text)).toEqual({ id: first.id, object: 'response.deleted', deleted: true })
    expect(await get(path)).toMatchObject({ status: 404, body: { error: { type: 'not_found_error', param: 'response_id' } } })
    expect((await send(server, { method: 'DELETE', path })).status).toBe(404)
    expect((await respond(server, { previous_response_id: first.id })).body.error).toMatchObject({
      param: 'previous_response_id',
      code: 'previous_response_not_found',
    })
  })

  it('may have been streamed', async () => {
    await using server = await startWire(saying(text('a'), finish))
    const events = eventsIn(await sendJson(server, '/v1/responses', { ...question, stream: true, store: true }))
    const { response } = events.at(-1) as unknown as { response: { id: string } }
    const answer = await send(server, { method: 'GET', path: `/v1/responses/${response.id}` })
    expect(JSON.parse(answer.text)).toEqual(response)
  })

  it('is one that the client asked to keep', async () => {
    await using server = await startWire(saying(text('a'), finish))
    const { body } = await respond(server)
    expect((await send(server, { method: 'GET', path: `/v1/responses/${body.id}` })).status).toBe(404)
  })
})

describe('input_tokens', () => {
  it('answers the exact number', async () => {
    await using server = await startWire({ countPromptTokens: async () => 42 })
    const answer = await sendJson(server, '/v1/responses/input_tokens', { ...question, instructions: 's' })
    expect(JSON.parse(answer.text)).toEqual({ object: 'response.input_tokens', input_tokens: 42 })
    expect(server.service.calls[0]?.request).toMatchObject({ messages: [{ role: 'system' }, { role: 'user' }] })
  })
})
