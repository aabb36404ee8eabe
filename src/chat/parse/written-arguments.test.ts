import { describe, expect, it } from 'vitest'
import type { Tool } from '../message.ts'
import type { ReplyEvent } from './reply-parser.ts'
import { createReplyParser } from './select.ts'
import { countingIds, type JoinedEvent, readEveryCut, readReply } from './testing/cuts.ts'

const properties = { city: { type: 'string' }, days: { type: 'integer' }, exact: { type: 'boolean' }, tags: { type: 'array' } }
const tools: Tool[] = [
  { type: 'function', function: { name: 'get_weather', parameters: { type: 'object', required: ['city'], properties } } },
  { type: 'function', function: { name: 'now' } },
]

function createParser(parser: string, streamsCallsFrom?: number) {
  const options = { tools, promptTail: '', createCallId: countingIds() }
  return createReplyParser({ parser }, streamsCallsFrom === undefined ? options : { ...options, streamsCallsFrom })
}

function read(parser: string, reply: string, streamsCallsFrom = 0): JoinedEvent[] {
  return readEveryCut(() => createParser(parser, streamsCallsFrom), reply)
}

/** What each part of a reply brings. */
function pieces(parser: string, ...parts: string[]): string[] {
  const reader = createParser(parser, 0)
  const textOf = (events: ReplyEvent[]) => events.map((event) => (event.type === 'tool-call-piece' ? event.text : '')).join('')
  return [...parts.map((part) => textOf(reader.push(part))), textOf(reader.end())]
}

const QWEN = (body: string) => `<tool_call>\n<function=get_weather>\n${body}</function>\n</tool_call>`
const GLM = (body: string) => `<tool_call>get_weather\n${body}</tool_call>`
const GLIMMER = (body: string) =>
  ` to=get_weather<|message|><atem:function_calls>\n<atem:invoke name="get_weather">\n${body}</atem:invoke>\n</atem:function_calls><|eom|>`
const OLMO = (body: string) => `<function_calls>\nget_weather(${body})\n</function_calls>`
const LFM = (body: string) => `<|tool_call_start|>[get_weather(${body})]<|tool_call_end|>`
const GEMMA = (body: string) => `<|tool_call>call:get_weather{${body}}<tool_call|>`
const FUNCTIONGEMMA = (body: string) => `<start_function_call>call:get_weather{${body}}<end_function_call>`
const parameter = (key: string, value: string) => `<parameter=${key}>\n${value}\n</parameter>\n`
const pair = (key: string, value: string) => `<arg_key>${key}</arg_key>\n<arg_value>${value}</arg_value>\n`
const atem = (key: string, value: string) => `<atem:parameter name="${key}">${value}</atem:parameter>\n`

/** The same arguments in every notation. */
const args = { city: 'a "b"\n<c>\\ é', days: -3, exact: true, tags: ['x', 1], note: "it's" }
const json = JSON.stringify(args)
const typed = (one: (key: string, value: string) => string) =>
  one('city', args.city) + one('days', '-3') + one('exact', 'True') + one('tags', '["x", 1]') + one('note', "it's")
const python = `city='a "b"\\n<c>\\\\ \\u00e9', days = -3, exact=True, tags=["x", 1], note="""it's"""`
const gemma = (mark: string) => `city:${mark}${args.city}${mark},days:-3,exact:true,tags:[${mark}x${mark},1],note:"it's"`
const FAMILIES: [parser: string, reply: string][] = [
  ['qwen3-coder', QWEN(typed(parameter))],
  ['qwen3.5', QWEN(typed(parameter)).replace('<tool_call>\n', '').replace('\n</tool_call>', '')],
  ['glm-4.7', GLM(typed(pair))],
  ['laguna', GLM(typed(pair))],
  ['laguna', `<tool_call>get_weather ${json}</tool_call>`],
  ['laguna', `<tool_call>{"name": "get_weather", "arguments": ${json}}</tool_call>`],
  ['glimmer', GLIMMER(typed(atem))],
  ['olmo3', OLMO(python)],
  ['lfm2', LFM(python)],
  ['lfm2', `<|tool_call_start|>[{"name": "get_weather", "arguments": ${json}}]<|tool_call_end|>`],
  ['gemma4', GEMMA(gemma('<|"|>'))],
  ['functiongemma', FUNCTIONGEMMA(gemma('<escape>'))],
]

describe('arguments in a notation of their own', () => {
  it.each(FAMILIES)('come in pieces that are their JSON: %s %s', (parser, reply) => {
    expect(read(parser, reply)).toEqual([{ call: 'get_weather', arguments: args, index: 0, id: 'call_00000000', pieces: json }])
  })

  it.each(FAMILIES)('come whole where they are short: %s %s', (parser, reply) => {
    expect(read(parser, reply, json.length + 1)[0]).not.toHaveProperty('pieces')
  })

  it.each<[string, string[], string[]]>([
    [
      'qwen3-coder',
      ['<tool_call>\n<function=now>\n', '<parameter=a>\nab', 'cd</par', 'x\n', '</parameter>\n</function>\n</tool_call>'],
      [],
    ],
    ['glm-4.7', ['<tool_call>now\n<arg_key>', 'a</arg_key>\n<arg_value>ab', 'cd</par', 'x', '</arg_value>\n</tool_call>'], []],
    [
      'glimmer',
      [
        ' to=now<|message|><atem:function_calls><atem:invoke name="now">\n',
        '<atem:parameter name="a">ab',
        'cd</par',
        'x',
        '</atem:parameter></atem:invoke></atem:function_calls>',
      ],
      [],
    ],
    ['olmo3', ['<function_calls>now(', "a='ab", 'cd</par', 'x', "')</function_calls>"], []],
    ['lfm2', ['<|tool_call_start|>[now(', "a='ab", 'cd</par', 'x', "')]<|tool_call_end|>"], []],
    ['gemma4', ['<|tool_call>call:now{', 'a:<|"|>ab', 'cd</par', 'x', '<|"|>}<tool_call|>'], []],
  ])('come as they are written: %s', (parser, parts) => {
    const [begun = '', first = '', ...others] = pieces(parser, ...parts)
    expect([`${begun}${first}`, others.join('')]).toEqual(['{"a":"ab', 'cd</parx"}'])
    expect(others[0]).toMatch(/^cd/)
  })

  it('hold back the word null until it is another', () => {
    expect(pieces('glm-4.7', GLM('').slice(0, -12), '<arg_key>city</arg_key><arg_value>nul', 'ls')).toEqual(['', '{"city":', '"nulls', ''])
    expect(read('glm-4.7', GLM(pair('city', 'Null')))).toMatchObject([{ arguments: { city: null }, pieces: '{"city":null}' }])
    expect(read('glimmer', GLIMMER(atem('city', 'null ')))).toMatchObject([{ arguments: { city: 'null ' } }])
  })

  it('have the line breaks of a value, and not those of its tags', () => {
    expect(read('qwen3-coder', QWEN(parameter('city', '\n a\n\n')))).toMatchObject([{ pieces: '{"city":"\\n a\\n\\n"}' }])
    expect(read('qwen3-coder', QWEN('<parameter=city></parameter>'))).toMatchObject([{ pieces: '{"city":""}' }])
    expect(read('glimmer', GLIMMER(atem('city', '\na\n')))).toMatchObject([{ pieces: '{"city":"\\na\\n"}' }])
  })

  it('may hold the tags of their own notation', () => {
    expect(read('qwen3-coder', QWEN(parameter('city', '<p></parameter> x <parameter')))).toMatchObject([
      { pieces: '{"city":"<p></parameter> x <parameter"}' },
    ])
    expect(read('gemma4', GEMMA('a:<|"|>}] x }]<|"|>,b:{c:[1,{d:<|"|>]<|"|>}]},e:ls {x}|wc'))).toMatchObject([
      { pieces: '{"a":"}] x }]","b":{"c":[1,{"d":"]"}]},"e":"ls {x}|wc"}' },
    ])
  })

  it.each<[string, string, object]>([
    ['qwen3-coder', QWEN('<parameter=city>\nParis\n<parameter=days>\n2\n'), { city: 'Paris', days: 2 }],
    ['qwen3-coder', QWEN('<parameter=city>\nParis\n'), { city: 'Paris' }],
    ['qwen3-coder', QWEN(`so ${parameter('city', 'Paris')}`), { city: 'Paris' }],
    ['qwen3-coder', '<tool_call><function=get_weather><parameter=city>Paris</parameter>\n</tool_call>', { city: 'Paris' }],
    ['glm-4.7', GLM('<arg_key>city<arg_value>Paris</arg_value>'), { city: 'Paris' }],
    ['glm-4.7', GLM('<arg_key>city</arg_key>Paris</arg_value>'), { city: 'Paris' }],
    ['glm-4.7', GLM('<arg_key>city</arg_key><arg_value>Paris'), { city: 'Paris' }],
    ['glm-4.7', GLM(pair('city', 'Paris') + pair('city', 'Rome')), { city: 'Rome' }],
    ['glm-4.7', GLM(pair('city', 'Paris') + pair('1', 'one')), { 1: 'one', city: 'Paris' }],
    ['gemma4', GEMMA('city:<|"|>Paris'), { city: 'Paris' }],
    ['gemma4', GEMMA("city:<|\"|>Paris<|\"|>,a:'it\\'s',b:[1,2"), { city: 'Paris', a: "it's", b: [1, '2}'] }],
    ['gemma4', GEMMA('"city":<|"|>Paris<|"|>'), { city: 'Paris' }],
    ['olmo3', OLMO(`city='''a"'b''', x=(1, ["(", None]), `), { city: 'a"\'b', x: [1, ['(', null]] }],
    ['lfm2', LFM("city='', x=' '"), { city: '', x: ' ' }],
  ])('are forgiven in pieces what they are forgiven whole: %s %s', (parser, reply, expected) => {
    expect(read(parser, reply)).toMatchObject([{ call: 'get_weather', arguments: expected }])
    expect(readReply(createParser(parser), [reply])).toMatchObject([{ call: 'get_weather', arguments: expected }])
  })

  it.each<[string, string, string]>([
    ['qwen3-coder', '<tool_call><function=get_weather><parameter=city>\nPar\n</par', '{"city":"Par'],
    ['qwen3-coder', `<tool_call><function=get_weather>${parameter('city', 'Paris')}<parameter=days>\n1`, '{"city":"Paris","days":'],
    ['glm-4.7', '<tool_call>get_weather<arg_key>city</arg_key><arg_value>Par', '{"city":"Par'],
    ['glimmer', ' to=now<|message|><atem:function_calls><atem:invoke name="now"><atem:parameter name="a">b', '{"a":"b'],
    ['olmo3', "<function_calls>get_weather(city='Par\\u00", '{"city":"Par'],
    ['functiongemma', '<start_function_call>call:get_weather{city:<escape>Par', '{"city":"Par'],
  ])('are cut where the reply ends inside: %s %s', (parser, reply, given) => {
    expect(read(parser, reply)).toEqual([{ cut: reply.includes('now') ? 'now' : 'get_weather', index: 0, pieces: given }])
  })

  it('are cut where they become no call, and what follows is text', () => {
    expect(read('olmo3', OLMO("city='Paris', 5"))).toMatchObject([{ cut: 'get_weather' }, { text: ', 5)\n</function_calls>' }])
    expect(read('glimmer', GLIMMER(`${atem('city', 'Paris')}and so`))).toMatchObject([
      { cut: 'get_weather' },
      { text: expect.stringMatching(/^\nand so/) },
    ])
  })

  it('are never begun for a tool that the request does not have, where the family asks for that', () => {
    const other = '<function=other><parameter=a>1</parameter></function>'
    expect(read('qwen3-coder', other)).toEqual([{ text: other }])
    expect(read('glimmer', GLIMMER('').replaceAll('"get_weather"', '"now"'))).toMatchObject([{ text: expect.stringMatching(/^<atem/) }])
  })

  it('are followed by the other calls of a block', () => {
    expect(read('lfm2', "<|tool_call_start|>[get_weather(city='Paris'), now()]<|tool_call_end|>")).toMatchObject([
      { call: 'get_weather', pieces: '{"city":"Paris"}' },
      { call: 'now', index: 1, id: 'call_00000001' },
    ])
  })
})
