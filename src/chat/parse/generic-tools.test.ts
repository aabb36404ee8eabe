import { describe, expect, it } from 'vitest'
import type { Tool } from '../message.ts'
import { createReplyParser } from './select.ts'
import { countingIds, readEveryCut } from './testing/cuts.ts'

const tools: Tool[] = ['get_weather', 'get', 'now'].map((name) => ({ type: 'function', function: { name } }))

function read(reply: string, toolCallTag = '<tool_call>', warnings: string[] = []) {
  const createParser = () =>
    createReplyParser({ toolCallTag }, { tools, promptTail: '', createCallId: countingIds(), warn: (message) => warnings.push(message) })
  return readEveryCut(createParser, reply).map((event) => ('call' in event ? [event.call, event.arguments] : event))
}

const paris = ['get_weather', { city: 'Paris' }]

describe('a call behind a tag', () => {
  it.each([
    ['arguments', '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>'],
    ['parameters', '<tool_call>{"name": "get_weather", "parameters": {"city": "Paris"}}'],
    ['arguments as JSON text', '<tool_call>{"name": "get_weather", "arguments": "{\\"city\\": \\"Paris\\"}"}</tool_call>'],
    ['an object keyed by the name', '<tool_call>{"get_weather": {"city": "Paris"}}</tool_call>'],
    ['the name in front of its arguments', '<tool_call>get_weather\n{"city": "Paris"}\n</tool_call>'],
    ['the name with its namespace', '<tool_call>functions.get_weather: {"city": "Paris"}</tool_call>'],
    ['a code block', '<tool_call>\n```json\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n```\n</tool_call>\n'],
    ['a repeated tag', '<tool_call>\n<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>'],
    ['OpenAI nesting', '<tool_call>{"type": "function", "function": {"name": "get_weather", "parameters": {"city": "Paris"}}}</tool_call>'],
    ['a list under tool_calls', '<tool_call>{"tool_calls": [{"name": "get_weather", "arguments": {"city": "Paris"}}]}</tool_call>'],
    ['tool_name', '<tool_call>[{"tool_name": "get_weather", "parameters": {"city": "Paris"}}]</tool_call>'],
  ])('is read with %s', (_, reply) => {
    expect(read(reply)).toEqual([paris])
  })

  it('leaves the text around it, and the space that keeps two texts apart', () => {
    const call = '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>'
    expect(read(`Let me see. ${call}\n\nDone, ${call} and ${call}`)).toEqual([
      { text: 'Let me see. ' },
      paris,
      { text: '\n\nDone, ' },
      paris,
      { text: ' and ' },
      paris,
    ])
  })

  it('may be one of several in one block', () => {
    const list = '[{"name": "now"}, {"name": "get_weather", "arguments": {"city": "Paris"}}]'
    expect(read(`[TOOL_CALLS] ${list}`, '[TOOL_CALLS]')).toEqual([['now', {}], paris])
    expect(read(`[TOOL_CALLS]${list} as asked`, '[TOOL_CALLS]')).toEqual([['now', {}], paris, { text: 'as asked' }])
    expect(read('<tool_call>{"name": "now"}\n{"name": "get"}</tool_call>')).toEqual([
      ['now', {}],
      ['get', {}],
    ])
  })

  it('needs no arguments', () => {
    expect(read('<tool_call>{"name": "now"}</tool_call>')).toEqual([['now', {}]])
    expect(read('<tool_call>now</tool_call> {x}')).toEqual([['now', {}], { text: '{x}' }])
    expect(read('<tool_call>now()')).toEqual([['now', {}]])
  })

  it('takes the longer of two names that begin alike', () => {
    expect(read('<tool_call>get_weather {"city": "Paris"}</tool_call>')).toEqual([paris])
  })

  it('keeps the order of its arguments and the line breaks that models write into strings', () => {
    const [call] = read('<tool_call>{"name": "get", "arguments": {"z": 1, "a": "x\ny", "m": null}}</tool_call>')
    expect(JSON.stringify(call)).toBe('["get",{"z":1,"a":"x\\ny","m":null}]')
  })

  it('keeps prose between the tag and the object as text', () => {
    expect(read('<tool_call>I call {"name": "now"}</tool_call>')).toEqual([{ text: 'I call ' }, ['now', {}]])
  })
})

describe('what is no call', () => {
  it.each([
    '<tool_call>{"name": "unknown", "arguments": {}}</tool_call>',
    '<tool_call>unknown</tool_call>',
    '<tool_call>{"city": "Paris"}</tool_call> and more',
    '<tool_call>{"name": "get_weather", "arguments": {"city": "Par',
    '<tool_call>{"name": get_weather}</tool_call>',
    '<tool_call>',
    'The tag is <tool_call',
    `<tool_call>${'so many words '.repeat(20)}{"name": "now"}`,
  ])('stays text: %s', (reply) => {
    expect(read(reply)).toEqual([{ text: reply }])
  })

  it('is told to the log where it began as a call', () => {
    const warnings: string[] = []
    read('<tool_call>{"name": get_weather}</tool_call>', '<tool_call>', warnings)
    expect(new Set(warnings)).toEqual(new Set(['a tool call is not JSON']))
    warnings.length = 0
    read('<tool_call>{"name": "get_weather"', '<tool_call>', warnings)
    expect(new Set(warnings)).toEqual(new Set(['the JSON of a tool call does not end']))
  })

  it('does not hide a call behind it', () => {
    const reply = '<tool_call>{"name": "unknown"}</tool_call><tool_call>{"name": "now"}</tool_call>'
    expect(read(reply)).toEqual([{ text: '<tool_call>{"name": "unknown"}</tool_call>' }, ['now', {}]])
  })
})

describe('with a bracket as the tag', () => {
  it('reads a call that begins the reply', () => {
    expect(read(' {"name": "get_weather", "parameters": {"city": "Paris"}}', '{')).toEqual([{ text: ' ' }, paris])
    expect(read('[{"name": "now"}, {"name": "get"}]\n', '[')).toEqual([
      ['now', {}],
      ['get', {}],
    ])
    expect(read('[get_weather {"city": "Paris"}, now {}]', '[')).toEqual([paris, ['now', {}]])
  })

  it.each([
    ['{', 'Use {"name": "now"} for it'],
    ['{', '{"temperature": 20}'],
    ['{', '{{"name": "now"}}'],
    ['[', '[1, 2] {"name": "now"}'],
    ['[', 'x [{"name": "now"}]'],
    ['[', '[get well {"city": "Paris"}]'],
    ['[', '[getting {"city": "Paris"}]'],
    ['[', '[get {"city": "Paris"'],
  ])('leaves other text (%s): %s', (tag, reply) => {
    expect(read(reply, tag)).toEqual([{ text: reply }])
  })

  it('gives prose away at once', () => {
    const parser = createReplyParser({ toolCallTag: '[' }, { tools, promptTail: '', createCallId: countingIds() })
    expect(parser.push('[1')).toEqual([{ type: 'text-delta', text: '[1' }])
    expect(parser.push(', 2]')).toEqual([{ type: 'text-delta', text: ', 2]' }])
  })
})

it('numbers the calls of a reply and gives each an id', () => {
  const events = readEveryCut(
    () => createReplyParser({ toolCallTag: '<c>' }, { tools, promptTail: '', createCallId: countingIds() }),
    '<c>{"name":"now"}</c>text<c>{"name":"now"}</c>',
  )
  expect(events).toMatchObject([{ index: 0, id: 'call_00000000' }, {}, { index: 1, id: 'call_00000001' }])
})

it('reads no calls where the request has no tools', () => {
  const parser = () => createReplyParser({ toolCallTag: '<c>' }, { tools: [], promptTail: '', createCallId: countingIds() })
  expect(readEveryCut(parser, '<c>{"name":"now"}</c>')).toEqual([{ text: '<c>{"name":"now"}</c>' }])
})
