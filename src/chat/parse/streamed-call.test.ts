import { describe, expect, it } from 'vitest'
import type { Tool } from '../message.ts'
import type { ReplyEvent } from './reply-parser.ts'
import { createReplyParser } from './select.ts'
import { countingIds, readEveryCut, readReply } from './testing/cuts.ts'

const tools: Tool[] = ['get_weather', 'now'].map((name) => ({ type: 'function', function: { name } }))
const GENERIC = { toolCallTag: '<tool_call>' }

function createParser(spec: Parameters<typeof createReplyParser>[0]) {
  return createReplyParser(spec, { tools, promptTail: '', createCallId: countingIds(), streamsCallsFrom: 0 })
}

function read(reply: string, spec: Parameters<typeof createReplyParser>[0] = GENERIC) {
  return readEveryCut(() => createParser(spec), reply)
}

const paris = { call: 'get_weather', arguments: { city: 'Paris' }, index: 0, id: 'call_00000000', pieces: '{"city":"Paris"}' }

describe('a call that is given while it is written', () => {
  it('has its name before its arguments, and each piece when it comes', () => {
    const parser = createParser(GENERIC)
    const events: ReplyEvent[][] = [
      '<tool_call>\n{"name": "get_weather", ',
      '"arguments": {',
      '"city": "Pa',
      'ris"',
      '}',
      '}',
      '\n</tool_call>',
    ].map((text) => parser.push(text))
    expect(events).toEqual([
      [],
      [
        { type: 'tool-call-begun', id: 'call_00000000', index: 0, name: 'get_weather' },
        { type: 'tool-call-piece', index: 0, text: '{' },
      ],
      [{ type: 'tool-call-piece', index: 0, text: '"city":"Pa' }],
      [{ type: 'tool-call-piece', index: 0, text: 'ris"' }],
      [{ type: 'tool-call-piece', index: 0, text: '}' }],
      [{ type: 'tool-call', call: { id: 'call_00000000', function: { index: 0, name: 'get_weather', arguments: { city: 'Paris' } } } }],
      [],
    ])
  })

  it.each<[string, Parameters<typeof createReplyParser>[0], string]>([
    ['the generic form', GENERIC, '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>'],
    ['parameters', GENERIC, '<tool_call>{"name": "get_weather", "parameters": {"city": "Paris"}}'],
    ['a list', { toolCallTag: '[TOOL_CALLS]' }, '[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Paris"}}]'],
    ['a code block', GENERIC, '<tool_call>\n```json\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n```\n</tool_call>\n'],
    [
      'OpenAI nesting',
      GENERIC,
      '<tool_call>{"type": "function", "function": {"name": "get_weather", "parameters": {"city": "Paris"}}}</tool_call>',
    ],
    ['no tag but a brace', { toolCallTag: '{' }, '{"name": "get_weather", "parameters": {"city": "Paris"}}'],
    ['Qwen 3', { parser: 'qwen3' }, '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'],
    [
      'Cohere',
      { parser: 'cohere' },
      '<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "get_weather", "parameters": {"city": "Paris"}}]<|END_ACTION|>',
    ],
    ['Ministral', { parser: 'ministral' }, '[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}'],
    ['DeepSeek', { parser: 'deepseek3' }, '<｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Paris"}<｜tool▁call▁end｜>'],
    [
      'Cogito',
      { parser: 'cogito' },
      '<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Paris"}\n```<｜tool▁call▁end｜>',
    ],
    [
      'harmony',
      { parser: 'harmony' },
      '<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Paris"}<|call|>',
    ],
  ])('is read in %s', (_, spec, reply) => {
    expect(read(reply, spec)).toEqual([paris])
  })

  it('is whole from the start where its name stands behind its arguments, or its arguments are a text', () => {
    const { pieces: _, ...whole } = paris
    expect(read('<tool_call>{"arguments": {"city": "Paris"}, "name": "get_weather"}</tool_call>')).toEqual([whole])
    expect(read('<tool_call>{"name": "get_weather", "arguments": "{\\"city\\": \\"Paris\\"}"}</tool_call>')).toEqual([whole])
    expect(read('<tool_call>{"name": "now"}</tool_call>')).toEqual([{ call: 'now', arguments: {}, index: 0, id: 'call_00000000' }])
  })

  it('is never begun for a name that the request does not have', () => {
    const reply = '<tool_call>{"name": "other", "arguments": {"city": "Paris"}}</tool_call>'
    expect(read(reply)).toEqual([{ text: reply }])
  })

  it('may be one of several, with text around them', () => {
    const one = '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>'
    expect(read(`Let me see. ${one}\n${one} Done`)).toEqual([
      { text: 'Let me see. ' },
      paris,
      { ...paris, index: 1, id: 'call_00000001' },
      { text: ' Done' },
    ])
  })

  it('is cut where the reply ends inside, and keeps what was written', () => {
    for (const spec of [GENERIC, { parser: 'qwen3' }]) {
      expect(read('<tool_call>{"name": "get_weather", "arguments": {"city": "Par', spec)).toEqual([
        { cut: 'get_weather', index: 0, pieces: '{"city":"Par' },
      ])
    }
    expect(read('<|channel|>commentary to=functions.now<|message|>{"a": [1, 2', { parser: 'harmony' })).toEqual([
      { cut: 'now', index: 0, pieces: '{"a":[1,2' },
    ])
  })

  it('is cut where it is no JSON, and what follows is text', () => {
    expect(read('<tool_call>{"name": "get_weather", "arguments": {\'city\': 1}}</tool_call> So.')).toEqual([
      { cut: 'get_weather', index: 0, pieces: "{'city':1}" },
      { text: '</tool_call> So.' },
    ])
  })

  it('is whole where only its frame is broken', () => {
    expect(read('<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"} and so on')).toEqual([paris, { text: 'and so on' }])
  })

  it('has the line breaks in its strings escaped, and no others', () => {
    const [call] = read('<tool_call>{"name": "get_weather", "arguments": {\n  "city": "Pa\nris\\n\u00e9"\n}}</tool_call>')
    expect(call).toMatchObject({ arguments: { city: 'Pa\nris\né' }, pieces: '{"city":"Pa\\nris\\né"}' })
  })

  it('has its log-probabilities when it is over', () => {
    const parser = createParser(GENERIC)
    const logprob = (token: string) => ({ token, logprob: -1, bytes: [] })
    const parts = ['<tool_call>{"name": "now", "arguments": {', '"a": 1', '}}']
    const events = parts.flatMap((text) => parser.push(text, [logprob(text)]))
    expect(events.map((event) => ('logprobs' in event ? event.logprobs?.length : 0))).toEqual([0, 0, 0, 0, 3])
  })

  it('is not looked for beyond the beginning of a block', () => {
    const filler = `{"name": "get_weather", ${'"x": 1, '.repeat(200)}"arguments": {"city": "Paris"}}`
    const { pieces: _, ...whole } = paris
    expect(readReply(createParser(GENERIC), [`<tool_call>${filler}</tool_call>`])).toEqual([whole])
    expect(read(`<tool_call>${filler}</tool_call>`)).toEqual([whole])
  })
})

describe('a call of few words', () => {
  const readFrom64 = (args: string) =>
    readEveryCut(
      () => createReplyParser(GENERIC, { tools, promptTail: '', createCallId: countingIds(), streamsCallsFrom: 64 }),
      `<tool_call>\n{"name": "get_weather", "arguments": ${args}}\n</tool_call>`,
    )

  it('comes whole, and one of many words in pieces, however the reply is cut', () => {
    const argumentsOf = (length: number) => `{"city": "${'x'.repeat(length - '{"city":""}'.length)}"}`
    expect(readFrom64(argumentsOf(63))[0]).not.toHaveProperty('pieces')
    expect(readFrom64(argumentsOf(64))[0]).toHaveProperty('pieces')
  })

  it('is text where it is cut before it is long', () => {
    const parser = createReplyParser(GENERIC, { tools, promptTail: '', createCallId: countingIds(), streamsCallsFrom: 64 })
    const events = [...parser.push('<tool_call>\n{"name": "get_weather", "arguments": {"city": "Par'), ...parser.end()]
    expect(events.every(({ type }) => type === 'text-delta')).toBe(true)
  })
})
