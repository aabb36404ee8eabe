// Tool calls that stream: each dialect gives the name at once and the arguments as they come, and never says anything twice.

import { describe, expect, it } from 'vitest'
import type { ChatEvent, Logprob } from '../../src/chat/event.ts'
import { eventsOf, finish, timings } from '../../src/http/testing/fake-service.ts'
import type { ChatRequest, Service } from '../../src/service/service.ts'
import { type Answer, sendJson, startWire } from './harness.ts'
import { sseData } from './sse.ts'

const begun: ChatEvent = { type: 'tool-call-begun', id: 'call_1', index: 0, name: 'f' }
const piece = (text: string): ChatEvent => ({ type: 'tool-call-piece', index: 0, text })
const logprobs: Logprob[] = [{ token: 'a', logprob: -1, bytes: [97] }]
const whole: ChatEvent = { type: 'tool-call', call: { id: 'call_1', function: { index: 0, name: 'f', arguments: { a: 1 } } } }
const second: ChatEvent = { type: 'tool-call', call: { id: 'call_2', function: { index: 1, name: 'g', arguments: {} } } }
const cut: ChatEvent = { type: 'finish', reason: 'length', timings }
const WRITTEN = [begun, piece('{"a":'), piece('1}'), whole, second, finish]
const CUT = [begun, piece('{"a":'), { type: 'tool-call-cut', index: 0 } satisfies ChatEvent, cut]

function saying(events: ChatEvent[]): Pick<Service, 'chat' | 'startChat'> {
  return { chat: () => eventsOf(...events), startChat: async () => ({ promptTokens: 12, events: eventsOf(...events) }) }
}

const messages = [{ role: 'user', content: 'x' }]
const parameters = { type: 'object' }
const DIALECTS = {
  '/v1/chat/completions': { model: 'M', messages, tools: [{ type: 'function', function: { name: 'f', parameters } }] },
  '/v1/responses': { model: 'M', input: 'x', tools: [{ type: 'function', name: 'f', parameters }] },
  '/v1/messages': { model: 'M', max_tokens: 5, messages, tools: [{ name: 'f', input_schema: parameters }] },
} as const

async function stream(path: keyof typeof DIALECTS, events: ChatEvent[], fields: object = {}): Promise<{ answer: Answer; asked: unknown }> {
  await using server = await startWire(saying(events))
  const answer = await sendJson(server, path, { ...DIALECTS[path], stream: true, ...fields })
  return { answer, asked: server.service.calls[0]?.request }
}

describe.each(Object.keys(DIALECTS) as (keyof typeof DIALECTS)[])('%s', (path) => {
  it('asks for calls in pieces where it streams, and only there', async () => {
    expect((await stream(path, WRITTEN)).asked).toMatchObject({ streamsCalls: true })
    const { asked } = await stream(path, [finish], { stream: false })
    expect((asked as ChatRequest).streamsCalls).toBeUndefined()
    const { asked: askedWithout } = await stream(path, [finish], { tools: [] })
    expect((askedWithout as ChatRequest).streamsCalls).toBeUndefined()
  })
})

describe('calls in a stream of chat chunks', () => {
  const choices = (answer: Answer) =>
    sseData(answer)
      .slice(0, -1)
      .map((chunk) => (chunk as { choices: unknown[] }).choices[0])
  const delta = (value: object, more: object = {}) => ({ index: 0, delta: value, finish_reason: null, ...more })

  it('begin with id and name, go on with pieces of the arguments, and are not said again', async () => {
    const { answer } = await stream('/v1/chat/completions', WRITTEN)
    expect(choices(answer)).toEqual([
      delta({
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'call_1', index: 0, type: 'function', function: { name: 'f', arguments: '' } }],
      }),
      delta({ tool_calls: [{ index: 0, function: { arguments: '{"a":' } }] }),
      delta({ tool_calls: [{ index: 0, function: { arguments: '1}' } }] }),
      delta({ content: '', tool_calls: [{ id: 'call_2', index: 1, type: 'function', function: { name: 'g', arguments: '{}' } }] }),
      { index: 0, delta: {}, finish_reason: 'tool_calls' },
    ])
  })

  it('keep their log-probabilities', async () => {
    const { answer } = await stream('/v1/chat/completions', [begun, piece('{}'), { ...whole, logprobs }, finish], { logprobs: true })
    expect(choices(answer)).toContainEqual(delta({}, { logprobs: { content: logprobs, refusal: null } }))
  })

  it('end with the limit where they are cut', async () => {
    const { answer } = await stream('/v1/chat/completions', CUT)
    expect(choices(answer).at(-1)).toEqual({ index: 0, delta: {}, finish_reason: 'length' })
  })

  it('are counted apart for each choice', async () => {
    const { answer } = await stream('/v1/chat/completions', [begun, piece('{}'), whole, finish], { n: 2 })
    const names = sseData(answer).flatMap((chunk) =>
      typeof chunk === 'string'
        ? []
        : JSON.stringify(chunk).includes('"name":"f"')
          ? [(chunk as { choices: { index: number }[] }).choices[0]?.index]
          : [],
    )
    expect(names.sort()).toEqual([0, 1])
  })
})

describe('calls in a stream of response events', () => {
  const eventsIn = (answer: Answer) => sseData(answer) as { type: string; output_index?: number; [field: string]: unknown }[]

  it('are items that grow', async () => {
    const { answer } = await stream('/v1/responses', [{ type: 'text-delta', text: 'So.' }, ...WRITTEN])
    const events = eventsIn(answer).filter(({ output_index: at }) => at === 1)
    const item = { id: expect.stringMatching(/^fc_/), type: 'function_call', call_id: 'call_1', name: 'f' }
    expect(events.map(({ sequence_number: _number, output_index: _index, ...event }) => event)).toEqual([
      { type: 'response.output_item.added', item: { ...item, status: 'in_progress', arguments: '' } },
      { type: 'response.function_call_arguments.delta', item_id: item.id, delta: '{"a":' },
      { type: 'response.function_call_arguments.delta', item_id: item.id, delta: '1}' },
      { type: 'response.function_call_arguments.done', item_id: item.id, name: 'f', arguments: '{"a":1}' },
      { type: 'response.output_item.done', item: { ...item, status: 'completed', arguments: '{"a":1}' } },
    ])
    const last = eventsIn(answer).at(-1) as unknown as { response: { output: { type: string }[] } }
    expect(last.response.output.map(({ type }) => type)).toEqual(['message', 'function_call', 'function_call'])
  })

  it('are incomplete where they are cut', async () => {
    const { answer } = await stream('/v1/responses', CUT)
    const last = eventsIn(answer).at(-1)
    expect(last).toMatchObject({
      type: 'response.incomplete',
      response: { status: 'incomplete', output: [{ type: 'function_call', status: 'incomplete', arguments: '{"a":' }] },
    })
  })
})

describe('calls in a stream of message events', () => {
  const eventsIn = (answer: Answer) => sseData(answer) as Record<string, unknown>[]

  it('are blocks whose input comes in pieces', async () => {
    const { answer } = await stream('/v1/messages', WRITTEN)
    const inputDelta = (index: number, json: string) => ({
      type: 'content_block_delta',
      index,
      delta: { type: 'input_json_delta', partial_json: json },
    })
    expect(eventsIn(answer).slice(1, -2)).toEqual([
      {
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'tool_use', id: 'call_1', name: 'f', input: {}, caller: { type: 'direct' } },
      },
      inputDelta(0, '{"a":'),
      inputDelta(0, '1}'),
      { type: 'content_block_stop', index: 0 },
      {
        type: 'content_block_start',
        index: 1,
        content_block: { type: 'tool_use', id: 'call_2', name: 'g', input: {}, caller: { type: 'direct' } },
      },
      inputDelta(1, '{}'),
      { type: 'content_block_stop', index: 1 },
    ])
  })

  it('tell that the limit has cut them', async () => {
    const { answer } = await stream('/v1/messages', CUT, { max_tokens: 3 })
    expect(eventsIn(answer).at(-2)).toMatchObject({ type: 'message_delta', delta: { stop_reason: 'max_tokens' } })
  })
})
