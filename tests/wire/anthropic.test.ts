import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/base/errors.ts'
import type { ChatEvent } from '../../src/chat/event.ts'
import { SILENCE_MS } from '../../src/http/keep-alive.ts'
import { eventsOf, finish, listedModel, timings } from '../../src/http/testing/fake-service.ts'
import type { ChatRequest } from '../../src/service/service.ts'
import { saying } from './answers.ts'
import { send, sendJson, startWire, type WireServer } from './harness.ts'
import { followStream, sseEvents } from './sse.ts'

const text = (value: string): ChatEvent => ({ type: 'text-delta', text: value })
const thinking = (value: string): ChatEvent => ({ type: 'thinking-delta', text: value })
const call: ChatEvent = { type: 'tool-call', call: { id: 'call_1', function: { index: 0, name: 'f', arguments: { z: 1, a: '<' } } } }
const question = { model: 'M', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] }
/** What only Anthropic's servers have something to say of. */
const NO_DETAILS = { stop_details: null, container: null }
const usage = {
  input_tokens: 12,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 3,
  output_tokens_details: { thinking_tokens: 0 },
  cache_creation: null,
  inference_geo: null,
  server_tool_use: null,
  service_tier: null,
  speed: null,
}

describe('a message', () => {
  it('is one object with blocks, a reason and exact counts', async () => {
    await using server = await startWire(saying(thinking('hm'), text('a'), text('b'), call, text('c'), finish))
    const answer = await sendJson(server, '/v1/messages', question)
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } })
    expect(answer.headers['request-id']).toMatch(/^req_[\w-]{24}$/)
    expect(answer.headers).not.toHaveProperty('x-llamero-warnings')
    const body = JSON.parse(answer.text)
    expect(body).toEqual({
      id: expect.stringMatching(/^msg_[\w-]{24}$/),
      type: 'message',
      role: 'assistant',
      model: 'M',
      content: [
        { type: 'thinking', thinking: 'hm', signature: expect.stringMatching(/^[\w+/]+=*$/) },
        { type: 'text', text: 'ab', citations: null },
        { type: 'tool_use', id: 'call_1', name: 'f', input: { z: 1, a: '<' }, caller: { type: 'direct' } },
        { type: 'text', text: 'c', citations: null },
      ],
      stop_reason: 'tool_use',
      stop_sequence: null,
      ...NO_DETAILS,
      diagnostics: null,
      usage,
    })
  })

  it('has an empty list of blocks where the model said nothing', async () => {
    await using server = await startWire(saying(text(''), finish))
    const body = JSON.parse((await sendJson(server, '/v1/messages', question)).text)
    expect(body).toMatchObject({ content: [], stop_reason: 'end_turn', stop_sequence: null })
  })

  it.each<[string, Partial<Extract<ChatEvent, { type: 'finish' }>>, object]>([
    ['the end of the turn', {}, { stop_reason: 'end_turn', stop_sequence: null }],
    ["the client's stop sequence", { stopSequence: 'END' }, { stop_reason: 'stop_sequence', stop_sequence: 'END' }],
    ["a stop string of the model's own", { stopSequence: '<|im_end|>' }, { stop_reason: 'end_turn', stop_sequence: null }],
    ['the limit', { reason: 'length', timings: { ...timings, evalTokens: 10 } }, { stop_reason: 'max_tokens', stop_sequence: null }],
    ['the end of the context', { reason: 'length' }, { stop_reason: 'model_context_window_exceeded', stop_sequence: null }],
    ['a model that is stuck', { reason: 'repetition' }, { stop_reason: 'max_tokens', stop_sequence: null }],
  ])('tells %s', async (_, fields, expected) => {
    await using server = await startWire(saying(text('a'), { ...finish, type: 'finish', reason: 'stop', timings, ...fields }))
    const body = JSON.parse((await sendJson(server, '/v1/messages', { ...question, stop_sequences: ['END'] })).text)
    expect(body).toMatchObject(expected)
  })

  it.each<[string, ChatEvent[], object, string]>([
    ['a whole call at the limit', [text('a'), call], {}, 'tool_use'],
    ['text behind a call at the limit', [call, text('a')], {}, 'max_tokens'],
    ['a call that had to be made and was brought to an end', [call], { tool_choice: { type: 'any' } }, 'max_tokens'],
  ])('takes %s for what it is', async (_, events, fields, reason) => {
    const cut: ChatEvent = { type: 'finish', reason: 'length', timings: { ...timings, evalTokens: 10 } }
    await using server = await startWire(saying(...events, cut))
    const { text: body } = await sendJson(server, '/v1/messages', { ...question, tools: [{ name: 'f', input_schema: {} }], ...fields })
    expect(JSON.parse(body).stop_reason).toBe(reason)
  })

  it('counts cached tokens apart where the client marked what is cached', async () => {
    const cached: ChatEvent = { ...finish, type: 'finish', reason: 'stop', timings: { ...timings, cachedTokens: 9 } }
    await using server = await startWire({ startChat: async () => ({ promptTokens: 12, events: eventsOf(text('a'), cached) }) })
    const usageOf = async (fields: object) => JSON.parse((await sendJson(server, '/v1/messages', { ...question, ...fields })).text).usage
    expect(await usageOf({})).toEqual(usage)
    const marked = { ...usage, input_tokens: 3, cache_read_input_tokens: 9 }
    const mark = { cache_control: { type: 'ephemeral' } }
    expect(await usageOf(mark)).toEqual(marked)
    expect(await usageOf({ system: [{ type: 'text', text: 's', ...mark }] })).toEqual(marked)
    expect(await usageOf({ messages: [{ role: 'user', content: [{ type: 'text', text: 's', ...mark }] }] })).toEqual(marked)
    expect(await usageOf({ tools: [{ name: 'f', input_schema: {}, ...mark }] })).toEqual(marked)
  })

  it('names in a header what it did not use', async () => {
    await using server = await startWire(saying(text('a'), finish))
    const answer = await sendJson(server, '/v1/messages', { ...question, metadata: { user_id: 'u' }, mystery: 1, speed: null })
    expect(answer.headers['x-llamero-warnings']).toBe('metadata, mystery')
  })
})

describe('a streamed message', () => {
  const stream = { ...question, stream: true }

  it('begins before the first token, opens and closes every block, and ends with the counts', async () => {
    await using server = await startWire(saying(thinking('h'), thinking('m'), text('a'), text('b'), call, text('c'), finish))
    const answer = await sendJson(server, '/v1/messages', stream)
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } })
    const events = sseEvents(answer)
    for (const { event, data } of events) expect(event).toBe(data.type)
    const start = (index: number, block: object) => ({ type: 'content_block_start', index, content_block: block })
    const delta = (index: number, value: object) => ({ type: 'content_block_delta', index, delta: value })
    const stop = (index: number) => ({ type: 'content_block_stop', index })
    expect(events.map(({ data }) => data)).toEqual([
      {
        type: 'message_start',
        message: {
          id: expect.stringMatching(/^msg_/),
          type: 'message',
          role: 'assistant',
          model: 'M',
          content: [],
          stop_reason: null,
          stop_sequence: null,
          ...NO_DETAILS,
          diagnostics: null,
          usage: { ...usage, output_tokens: 0, output_tokens_details: null },
        },
      },
      start(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'h' }),
      delta(0, { type: 'thinking_delta', thinking: 'm' }),
      delta(0, { type: 'signature_delta', signature: expect.any(String) }),
      stop(0),
      start(1, { type: 'text', text: '', citations: null }),
      delta(1, { type: 'text_delta', text: 'a' }),
      delta(1, { type: 'text_delta', text: 'b' }),
      stop(1),
      start(2, { type: 'tool_use', id: 'call_1', name: 'f', input: {}, caller: { type: 'direct' } }),
      delta(2, { type: 'input_json_delta', partial_json: '{"z":1,"a":"<"}' }),
      stop(2),
      start(3, { type: 'text', text: '', citations: null }),
      delta(3, { type: 'text_delta', text: 'c' }),
      stop(3),
      { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null, ...NO_DETAILS }, usage },
      { type: 'message_stop' },
    ])
  })

  it('hides thinking where that is asked, and gives it back to the model from the signature', async () => {
    await using server = await startWire(saying(thinking('secret'), text('a'), finish))
    const fields = { thinking: { type: 'enabled', budget_tokens: 1024, display: 'omitted' } }
    const answer = await sendJson(server, '/v1/messages', { ...stream, ...fields })
    expect(answer.text).not.toContain('secret')
    const whole = JSON.parse((await sendJson(server, '/v1/messages', { ...question, ...fields })).text)
    expect(whole.content[0]).toMatchObject({ type: 'thinking', thinking: '' })
    await sendJson(server, '/v1/messages', { ...question, messages: [...question.messages, { role: 'assistant', content: whole.content }] })
    const [, , { messages }] = server.service.calls.map(({ request }) => request) as [ChatRequest, ChatRequest, ChatRequest]
    expect(messages.at(-1)).toEqual({ role: 'assistant', content: 'a', thinking: 'secret' })
  })

  it('sends a ping while there is silence', async () => {
    let wake = () => {}
    let goOn = () => {}
    const quiet = new Promise<void>((resolve) => (goOn = resolve))
    async function* events(): AsyncGenerator<ChatEvent> {
      await quiet
      yield text('a')
      yield finish
    }
    const clock = {
      nowMs: () => 0,
      monotonicNs: () => 0,
      after(delayMs: number, task: () => void) {
        if (delayMs === SILENCE_MS) wake = task
        return { cancel: () => {} }
      },
    }
    await using server = await startWire({ startChat: async () => ({ promptTokens: 1, events: events() }) }, { clock })
    const answer = await fetch(`${server.url}/v1/messages`, { method: 'POST', body: JSON.stringify(stream) })
    const coming = followStream(answer)
    await coming.until('message_start')
    await new Promise((resolve) => setImmediate(resolve))
    wake()
    await coming.until('event: ping\ndata: {"type":"ping"}\n\n')
    goOn()
    await coming.until('message_stop')
  })

  it('ends with an error event when the run fails after it has begun', async () => {
    await using server = await startWire(saying(text('a'), new AppError('runner_crashed', 'it died')))
    const events = sseEvents(await sendJson(server, '/v1/messages', stream))
    expect(events.at(-1)).toEqual({
      event: 'error',
      data: { type: 'error', error: { type: 'api_error', message: 'it died' }, request_id: expect.stringMatching(/^req_/) },
    })
    expect(events.map(({ event }) => event)).not.toContain('message_stop')
  })

  it('takes a reply without an end for a failure', async () => {
    await using server = await startWire(saying(text('a')))
    expect(sseEvents(await sendJson(server, '/v1/messages', stream)).at(-1)?.event).toBe('error')
    expect((await sendJson(server, '/v1/messages', question)).status).toBe(500)
  })

  it('gives an error that comes before anything was said a status of its own', async () => {
    const startChat = async () => {
      throw new AppError('model_not_found', 'x', { details: { model: 'M' } })
    }
    await using server = await startWire({ startChat })
    const answer = await sendJson(server, '/v1/messages', stream)
    expect(answer).toMatchObject({ status: 404, headers: { 'content-type': 'application/json' } })
    const body = JSON.parse(answer.text)
    expect(body).toEqual({
      type: 'error',
      error: { type: 'not_found_error', message: "model 'M' not found" },
      request_id: expect.any(String),
    })
    expect(answer.headers['request-id']).toBe(body.request_id)
  })

  it('lets go of the run when the client leaves', async () => {
    let left = () => {}
    const closed = new Promise<void>((resolve) => (left = resolve))
    async function* events(): AsyncGenerator<ChatEvent> {
      try {
        for (;;) {
          yield text('a')
          await new Promise((resolve) => setImmediate(resolve))
        }
      } finally {
        left()
      }
    }
    await using server = await startWire({ startChat: async () => ({ promptTokens: 1, events: events() }) })
    const client = new AbortController()
    const answer = await fetch(`${server.url}/v1/messages`, { method: 'POST', body: JSON.stringify(stream), signal: client.signal })
    await answer.body?.getReader().read()
    client.abort()
    await closed
  })
})

describe('count_tokens', () => {
  it('answers the exact number and needs no max_tokens', async () => {
    await using server = await startWire({ countPromptTokens: async () => 42 })
    const { max_tokens: _, ...request } = question
    const answer = await sendJson(server, '/v1/messages/count_tokens', {
      ...request,
      system: 's',
      tools: [{ name: 'f', input_schema: {} }],
    })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.text)).toEqual({ input_tokens: 42 })
    expect(server.service.calls.at(-1)).toMatchObject({
      name: 'countPromptTokens',
      request: { model: 'M', messages: [{ role: 'system' }, { role: 'user' }], tools: [{ function: { name: 'f' } }] },
    })
  })

  it('fails like a message', async () => {
    await using server = await startWire({})
    const answer = await sendJson(server, '/v1/messages/count_tokens', { model: 'M', messages: [] })
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text).error).toEqual({ type: 'invalid_request_error', message: 'messages is required' })
  })
})

describe('the list of models', () => {
  const models = ['a:latest', 'b:1', 'c:1'].map((name) => ({ ...listedModel, name }))
  const get = async (server: WireServer, path: string, headers: Record<string, string> = { 'anthropic-version': '2023-06-01' }) => {
    const answer = await send(server, { method: 'GET', path, headers })
    return { status: answer.status, body: JSON.parse(answer.text) }
  }
  const ids = ({ body }: { body: { data: { id: string }[] } }) => body.data.map(({ id }) => id)

  it('is of this dialect for clients that speak it', async () => {
    await using server = await startWire({ list: async () => models })
    expect(await get(server, '/v1/models')).toMatchObject({
      status: 200,
      body: { data: [{ type: 'model', id: 'a:latest', display_name: 'a:latest', max_input_tokens: 8192 }, {}, {}], has_more: false },
    })
    expect((await get(server, '/v1/models', {})).body).toMatchObject({ object: 'list', data: [{ object: 'model' }, {}, {}] })
    expect((await get(server, '/v1/models/a')).body).toMatchObject({ type: 'model', id: 'a', display_name: 'a:latest' })
    expect(await get(server, '/v1/models/x%2Fy')).toMatchObject({ status: 404, body: { error: { type: 'not_found_error' } } })
  })

  it('comes in pages, forwards and backwards', async () => {
    await using server = await startWire({ list: async () => models })
    const first = await get(server, '/v1/models?limit=2')
    expect([ids(first), first.body.has_more, first.body.last_id]).toEqual([['a:latest', 'b:1'], true, 'b:1'])
    const second = await get(server, '/v1/models?limit=2&after_id=b%3A1')
    expect([ids(second), second.body.has_more]).toEqual([['c:1'], false])
    const back = await get(server, '/v1/models?limit=1&before_id=c%3A1')
    expect([ids(back), back.body.has_more]).toEqual([['b:1'], true])
    expect(await get(server, '/v1/models?limit=0')).toMatchObject({
      status: 400,
      body: { error: { message: 'limit: must be between 1 and 1000' } },
    })
    expect((await get(server, '/v1/models?after_id=z')).status).toBe(400)
  })
})

describe('a preflight of a page', () => {
  it("allows what Anthropic's client sends", async () => {
    await using server = await startWire({})
    const answer = await send(server, {
      method: 'OPTIONS',
      path: '/v1/messages',
      headers: {
        Origin: 'http://localhost:3000',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'anthropic-dangerous-direct-browser-access,anthropic-version,content-type,x-api-key',
      },
    })
    expect(answer.status).toBe(204)
    const allowed = String(answer.headers['access-control-allow-headers']).split(',')
    expect(allowed).toEqual(expect.arrayContaining(['x-api-key', 'anthropic-version', 'anthropic-dangerous-direct-browser-access']))
    expect(allowed).not.toContain('anthropic-beta')
  })
})
