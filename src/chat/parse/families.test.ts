import { describe, expect, it } from 'vitest'
import type { Tool } from '../message.ts'
import { toHarmonyTools } from './harmony-names.ts'
import type { ReplyParserOptions } from './reply-parser.ts'
import {
  createReplyParser,
  isKnownParser,
  parserCapabilities,
  parserNames,
  parserThinkingTags,
  preservedTokens,
  thinkingEnd,
} from './select.ts'
import { countingIds, readEveryCut } from './testing/cuts.ts'

const tools: Tool[] = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: {
        type: 'object',
        required: ['city'],
        properties: {
          city: { type: 'string' },
          days: { type: 'integer' },
          exact: { type: 'boolean' },
          factor: { type: ['number', 'null'] },
          tags: { anyOf: [{ type: 'array' }, { type: 'string' }] },
          where: { type: 'object' },
        },
      },
    },
  },
  { type: 'function', function: { name: 'now' } },
  { type: 'function', function: { name: 'my tool.x' } },
]

function read(parser: string, reply: string, promptTail = '', warnings: string[] = []) {
  return readFrom(parser, reply, { promptTail, warn: (message) => warnings.push(message) })
}

function readFrom(parser: string, reply: string, options: Partial<ReplyParserOptions>) {
  const createParser = () => createReplyParser({ parser }, { tools, promptTail: '', createCallId: countingIds(), ...options })
  return readEveryCut(createParser, reply).map((event) => ('call' in event ? [event.call, event.arguments] : event))
}

const paris = ['get_weather', { city: 'Paris' }]
const now = ['now', {}]

describe('qwen3', () => {
  const call = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'

  it('reads thinking, text and JSON calls', () => {
    expect(read('qwen3-thinking', `I see.\n</think>\n\nLet me look.\n${call}\n${call}`, '<think>\n')).toEqual([
      { thinking: 'I see.' },
      { text: 'Let me look.' },
      paris,
      paris,
    ])
    expect(read('qwen3-vl-instruct', `${call} done \n`)).toEqual([paris, { text: 'done \n' }])
  })

  it('ends the thinking at a call, and drops an opening tag that the model repeats', () => {
    expect(read('qwen3-thinking', `\n<think>\nHm ${call}`, '<think>')).toEqual([{ thinking: 'Hm' }, paris])
    expect(read('qwen3-vl-thinking', '<think>a</think>b')).toEqual([{ thinking: 'a' }, { text: 'b' }])
  })

  it('takes calls without arguments, with JSON text as arguments, and several in one block', () => {
    const reply = '<tool_call>{"name":"now"}\n{"name":"get_weather","arguments":"{\\"city\\":\\"Paris\\"}"}</tool_call>'
    expect(read('qwen3', reply)).toEqual([now, paris])
  })

  it.each([
    '<tool_call>{"name": 3}</tool_call>',
    '<tool_call>{"name"',
    '<tool_call></tool_call>',
    'a < b <tool',
    '<tool_call>{"name":"now"} so</tool_call>',
  ])('leaves as text what is no call: %s', (reply) => {
    const warnings: string[] = []
    expect(read('qwen3', reply, '', warnings)).toEqual([{ text: reply }])
    expect(warnings.length > 0).toBe(reply.startsWith('<'))
  })

  it('takes a call whose closing tag did not come', () => {
    expect(read('qwen3', '<tool_call>{"name": "now"}\n</tool')).toEqual([now])
  })
})

describe('qwen3-coder, qwen3.5 and nemotron', () => {
  const xml = (parameters: string, name = 'get_weather') => `<tool_call>\n<function=${name}>\n${parameters}</function>\n</tool_call>`
  const parameter = (key: string, value: string) => `<parameter=${key}>\n${value}\n</parameter>\n`

  it('reads parameters by the types of the schema', () => {
    const all = [
      ['city', 'a\n<b> & "c"'],
      ['days', '-3'],
      ['exact', 'True'],
      ['factor', '2.50'],
      ['tags', '["x", 1]'],
      ['where', '{"lat": 1}'],
      ['more', '007'],
    ]
    const reply = xml(all.map(([key = '', value = '']) => parameter(key, value)).join(''))
    const args = { city: 'a\n<b> & "c"', days: -3, exact: true, factor: 2.5, tags: ['x', 1], where: { lat: 1 }, more: '007' }
    expect(read('qwen3-coder', `Sure.\n${reply}`)).toEqual([{ text: 'Sure.' }, ['get_weather', args]])
  })

  it('keeps as text what does not fit its type; null is null', () => {
    const reply = xml(parameter('days', 'three') + parameter('exact', 'maybe') + parameter('where', '[1]') + parameter('factor', 'null'))
    expect(read('qwen3-coder', reply)).toEqual([['get_weather', { days: 'three', exact: 'maybe', where: '[1]', factor: null }]])
  })

  it('reads values that hold tags, forgotten closing tags, and calls without <tool_call>', () => {
    expect(read('qwen3-coder', xml(parameter('city', '<p></parameter> x')))).toEqual([['get_weather', { city: '<p></parameter> x' }]])
    expect(read('qwen3-coder', xml('<parameter=city>\nParis\n<parameter=days>\n2\n'))).toEqual([
      ['get_weather', { city: 'Paris', days: 2 }],
    ])
    expect(read('qwen3-coder', '<function=now>\n</function>\n</tool_call>')).toEqual([now, { text: '</tool_call>' }])
    expect(read('qwen3-coder', 'Write <function=foo>x</function>')).toEqual([{ text: 'Write <function=foo>x</function>' }])
  })

  it('does not call with half the parameters', () => {
    const reply = `<tool_call>\n<function=get_weather>\n${parameter('city', 'Paris')}<parameter=days>\n1`
    expect(read('qwen3-coder', reply)).toEqual([{ text: reply }])
    expect(read('qwen3.5', '<tool_call><function=now></function>')).toEqual([now])
  })

  it('reads thinking in front of it', () => {
    expect(read('nemotron-3-nano', `a </think>\n${xml('', 'now')}`, '<think>\n')).toEqual([{ thinking: 'a' }, now])
    expect(read('qwen3.5', `a\n${xml('', 'now')}`, '<think>')).toEqual([{ thinking: 'a' }, now])
  })
})

describe('deepseek3 and cogito', () => {
  const frame = (calls: string) => `<｜tool▁calls▁begin｜>${calls}<｜tool▁calls▁end｜>`
  const call = (body: string) => `<｜tool▁call▁begin｜>${body}<｜tool▁call▁end｜>`

  it('reads calls of both forms in their frame', () => {
    const plain = call('get_weather<｜tool▁sep｜>{"city": "Paris"}')
    const fenced = call('function<｜tool▁sep｜>get_weather\n```json\n{"city": "Paris"}\n```')
    expect(read('deepseek3', `Looking.\n${frame(plain + fenced)}`)).toEqual([{ text: 'Looking.' }, paris, paris])
    expect(read('cogito', `hm</think>${frame(fenced)} ok`, '<think>')).toEqual([{ thinking: 'hm' }, paris, { text: 'ok' }])
    expect(read('deepseek3', call('now<｜tool▁sep｜>'))).toEqual([now])
  })

  it('keeps outputs as text and broken calls whole', () => {
    expect(read('cogito', 'a <｜tool▁output▁begin｜>b<｜tool▁output▁end｜>')).toEqual([{ text: 'a b' }])
    expect(read('deepseek3', call('now {}'))).toEqual([{ text: call('now {}') }])
  })
})

describe('harmony', () => {
  const final = '<|channel|>final<|message|>'

  it('tells channels apart', () => {
    const reply = `<|channel|>analysis<|message|>I add.<|end|><|start|>assistant${final}4 < 5<|return|>`
    expect(read('harmony', reply, '<|start|>assistant')).toEqual([{ thinking: 'I add.' }, { text: '4 < 5' }])
    expect(read('harmony', '<|channel|>commentary<|message|>I look.')).toEqual([{ text: 'I look.' }])
  })

  it.each([
    '<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Paris"}',
    '<|channel|>analysis to=functions.get_weather<|message|>{"city": "Paris"}<|call|>',
    'to=functions.get_weather<|channel|>commentary<|constrain|>json<|message|>{"city": "Paris"}<|end|>',
    ' to=functions.get_weather<|channel|>commentary json<|message|>{"city": "Paris"}<|start|>',
  ])('reads a call: %s', (reply) => {
    expect(read('harmony', reply)).toEqual([paris])
  })

  it('gives names back as the request has them', () => {
    expect(toHarmonyTools(tools).map((tool) => tool.function.name)).toEqual(['get_weather', 'now', 'my_tool_x'])
    expect(read('harmony', '<|channel|>commentary to=functions.my_tool_x<|message|>')).toEqual([['my tool.x', {}]])
    const names = (...list: string[]) =>
      toHarmonyTools(list.map((name) => ({ type: 'function', function: { name } }))).map((tool) => tool.function.name)
    expect(names('a.b', 'a-b', '1x', 'é$', '!', 'browser.open')).toEqual(['a_b', 'a_b_2', '_1x', 'é$', 'unnamed', 'browser.open'])
  })

  it('goes on with a message that the prompt began', () => {
    expect(read('harmony', 'more', `<|start|>assistant${final}So`)).toEqual([{ text: 'more' }])
    expect(read('harmony', 'more', '<|start|>assistant<|channel|>analysis<|message|>')).toEqual([{ thinking: 'more' }])
    expect(read('harmony', 'more', `<|start|>user<|message|>hi<|end|><|start|>assistant`)).toEqual([{ text: 'more' }])
  })

  it('keeps as text what has no header and calls that are no JSON', () => {
    expect(read('harmony', ' told you')).toEqual([{ text: ' told you' }])
    expect(read('harmony', '<|channel|>final')).toEqual([{ text: '<|channel|>final' }])
    const long = `<|channel|>${'x'.repeat(600)}`
    expect(read('harmony', long)).toEqual([{ text: long }])
    expect(read('harmony', '<|channel|>commentary to=python<|message|>print(1)<|end|>')).toEqual([{ text: 'print(1)' }])
  })
})

describe('gemma4', () => {
  const call = (body: string) => `<|tool_call>call:${body}<tool_call|>`

  it('reads channels and calls', () => {
    const reply = `<|channel>thought\nI see.\n<channel|>Fine.\n${call('get_weather{city:<|"|>Paris<|"|>}')}<tool_call|><|tool_response>`
    expect(read('gemma4', reply)).toEqual([{ thinking: 'I see.' }, { text: 'Fine.' }, paris])
    expect(read('gemma4', 'I see.<channel|>Fine.', '<|channel>thought\n')).toEqual([{ thinking: 'I see.' }, { text: 'Fine.' }])
    expect(read('gemma4', '<|channel>thought\n<channel|>Fine.')).toEqual([{ text: 'Fine.' }])
    expect(read('gemma4', '<|channel>thoughtful<channel|>Fine.')).toEqual([{ thinking: 'thoughtful' }, { text: 'Fine.' }])
  })

  it.each([
    ['{}', {}],
    ['{a:1,b:-2.5e3,c:true,d:null}', { a: 1, b: -2500, c: true, d: null }],
    ['{a:[<|"|>x, }<|"|>,1,[]],b:{c:{}},"d e":"f\\n"}', { a: ['x, }', 1, []], b: { c: {} }, 'd e': 'f\n' }],
    ['{a:<|"|>no end}', { a: 'no end' }],
    ["{a:'it\\'s',b:'x'<|\"|>}", { a: "it's", b: 'x' }],
    ['{a:some words, and more,b:2}', { a: 'some words, and more', b: 2 }],
    ['{a:ls {x} | wc}', { a: 'ls {x} | wc' }],
  ])('reads the arguments %s', (text, args) => {
    expect(read('gemma4', call(`now${text}`))).toEqual([['now', args]])
  })

  it('takes a call that ends with the reply, and keeps as text what is none', () => {
    expect(read('gemma4', '<|tool_call>call:now{a:1}')).toEqual([['now', { a: 1 }]])
    expect(read('gemma4', call('now'))).toEqual([{ text: call('now') }])
    expect(read('gemma4', call('now{a}'))).toEqual([{ text: call('now{a}') }])
  })
})

it('functiongemma reads calls with <escape>d strings', () => {
  const call = '<start_function_call>call:get_weather{city:<escape>Paris, {F}<escape>,days:2}<end_function_call>'
  expect(read('functiongemma', `ok ${call}${call}`)).toMatchObject([
    { text: 'ok' },
    ['get_weather', { city: 'Paris, {F}', days: 2 }],
    ['get_weather', {}],
  ])
  expect(read('functiongemma', '<start_function_call>call:now{}')).toEqual([{ text: '<start_function_call>call:now{}' }])
})

describe('glm-4.7', () => {
  const pair = (key: string, value: string) => `<arg_key>${key}</arg_key>\n<arg_value>${value}</arg_value>\n`
  const call = (body: string) => `<tool_call>${body}</tool_call>`

  it('reads thinking and calls with typed values', () => {
    const reply = `I see.</think>\nOk.\n${call(`get_weather\n${pair('city', 'a < b & c')}${pair('days', '2')}`)}\n${call('now')}`
    expect(read('glm-4.7', reply, '<think>')).toEqual([
      { thinking: 'I see.' },
      { text: 'Ok.' },
      ['get_weather', { city: 'a < b & c', days: 2 }],
      now,
    ])
  })

  it.each([
    'get_weather\n<arg_key>city<arg_value>Paris</arg_value>',
    'get_weather\n<arg_key>city</arg_key>Paris</arg_value>',
    'get_weather city</arg_key><arg_value>Paris</arg_value>',
    'get_weather<arg_key>city</arg_key><arg_value>Paris',
  ])('reads a call that lacks a tag: %s', (body) => {
    expect(read('glm-4.7', call(body))).toEqual([paris])
  })

  it('reads a call that ends with the reply only when it is whole', () => {
    expect(read('glm-ocr', `<tool_call>get_weather${pair('city', 'Paris')}`)).toEqual([paris])
    for (const reply of [
      `<tool_call>get_weather${pair('days', '1')}`,
      '<tool_call>other',
      '<tool_call>get_weather<arg_key>city</arg_key><arg_value>Par',
    ]) {
      expect(read('glm-ocr', reply)).toEqual([{ text: reply }])
    }
    expect(read('glm-4.7', call('<arg_value>x</arg_value>'))).toEqual([{ text: call('<arg_value>x</arg_value>') }])
  })
})

describe('ministral', () => {
  it('reads thinking anywhere and calls by name', () => {
    const reply = '[THINK]a[/THINK] b [TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}[TOOL_CALLS]now[CALL_ID]12[ARGS]{}'
    expect(read('ministral', reply)).toEqual([{ thinking: 'a' }, { text: 'b' }, paris, now])
  })

  it('reads the list of older models', () => {
    expect(read('ministral', '[TOOL_CALLS] [{"name": "now"}, {"name": "get_weather", "arguments": {"city": "Paris"}}]')).toEqual([
      now,
      paris,
    ])
  })

  it.each([
    '[TOOL_CALLS]other[ARGS]{}',
    '[TOOL_CALLS]now',
    '[TOOL_CALLS]now[ARGS]{"a',
    '[TOOL_CALLS]now[ARGS]{a}',
    `[TOOL_CALLS]${'x'.repeat(300)}[ARGS]{}`,
    '[TOOL_CALLS][ARGS]',
  ])('leaves as text: %s', (reply) => {
    expect(read('ministral', reply)).toEqual([{ text: reply }])
  })
})

describe('olmo3 and lfm2', () => {
  const body = `get_weather(city='Pa"r\\'is', days = 2, tags=["a", {"b": (1, None)}], exact=True, where={'x': .5}, more=word)`
  const args = { city: 'Pa"r\'is', days: 2, tags: ['a', { b: [1, null] }], exact: true, where: { x: 0.5 }, more: 'word' }

  it('read Python calls', () => {
    expect(read('olmo3', `Ok\n<function_calls>\n${body}\nnow()\n</function_calls>\ndone`)).toEqual([
      { text: 'Ok' },
      ['get_weather', args],
      now,
      { text: '\ndone' },
    ])
    const call = `<|tool_call_start|>[${body}, now()]<|tool_call_end|>`
    expect(read('lfm2-thinking', `<think>a</think>${call}`)).toEqual([{ thinking: 'a' }, ['get_weather', args], now])
    expect(read('lfm2', '<|tool_call_start|>[{"name": "now"}]<|tool_call_end|>')).toEqual([now])
  })

  it.each([
    'now(',
    'now(1)',
    'now(a=)',
    'now(a=[1)',
    "now(a='x)",
    'now() and so',
    'x',
    'now(a={1})',
    `now(a=${'['.repeat(80)}${']'.repeat(80)})`,
  ])('leave as text: %s', (text) => {
    const reply = `<function_calls>${text}</function_calls>`
    expect(read('olmo3', reply)).toEqual([{ text: reply }])
  })

  it('reads bare calls of known tools where they are the whole reply', () => {
    expect(read('lfm2', `[now(), get_weather(city="Paris")]`)).toEqual([now, paris])
    expect(read('lfm2', 'now()')).toEqual([now])
    expect(read('lfm2', 'now() is how')).toEqual([{ text: 'now() is how' }])
    expect(read('lfm2', '[now(), other()]')).toEqual([{ text: '[now(), other()]' }])
  })

  it('olmo3-think only thinks', () => {
    expect(read('olmo3-think', 'a\n</think>\n<function_calls>', '<think>')).toEqual([{ thinking: 'a' }, { text: '<function_calls>' }])
  })
})

describe('cohere', () => {
  const action = (body: string) => `<|START_ACTION|>${body}<|END_ACTION|>`

  it('reads thinking, text and actions', () => {
    const reply = `a<|END_THINKING|><|START_TEXT|>b<|END_TEXT|>${action('[{"tool_call_id": "0", "tool_name": "get_weather", "parameters": {"city": "Paris"}}]')}`
    expect(read('cohere', reply, '<|START_THINKING|>')).toEqual([{ thinking: 'a' }, { text: 'b' }, paris])
  })

  it('saves the good calls of a malformed list', () => {
    expect(read('cohere', action('[{"tool_name": "now", "parameters": {}} {"tool_name": x}, {"tool_name": "now"}]'))).toEqual([now, now])
    expect(read('cohere', action('[{"tool_name": x}]'))).toEqual([{ text: action('[{"tool_name": x}]') }])
  })
})

describe('laguna and poolside-v1', () => {
  const call = (body: string) => `<tool_call>${body}</tool_call>`
  const pair = (key: string, value: string) => `<arg_key>${key}</arg_key>\n<arg_value>${value}</arg_value>\n`

  it('read thinking that the prompt has opened, and calls with typed values', () => {
    const reply = `\nI see.\n</think>\nOk.\n${call(`get_weather\n${pair('city', 'a < b')}${pair('days', '2')}`)}\n${call('now')}`
    expect(read('laguna', reply, '<assistant>\n<think>')).toEqual([
      { thinking: 'I see.' },
      { text: 'Ok.' },
      ['get_weather', { city: 'a < b', days: 2 }],
      now,
    ])
    expect(read('poolside-v1', `hm ${call('now')}`, '<think>')).toEqual([{ thinking: 'hm' }, now])
  })

  it('drop the line break and the tag that may follow a closed thinking', () => {
    expect(read('laguna', '\nHello', '</think>')).toEqual([{ text: 'Hello' }])
    expect(read('laguna', '\n</think>\n\nHello</think>', '</think>')).toEqual([{ text: 'Hello</think>' }])
    expect(read('laguna', 'a</think></think> b', '<think>')).toEqual([{ thinking: 'a' }, { text: 'b' }])
  })

  it('take calls and arguments as JSON', () => {
    expect(read('laguna', call('{"name": "get_weather", "arguments": {"city": "Paris"}}'))).toEqual([paris])
    expect(read('laguna', call('get_weather {"city": "Paris"}'))).toEqual([paris])
    expect(read('laguna', call('get_weather {"city"'))).toEqual([{ text: call('get_weather {"city"') }])
  })
})

describe('glimmer', () => {
  const invoke = (name: string, body = '') => `<atem:invoke name="${name}">\n${body}</atem:invoke>\n`
  const calls = (...invokes: string[]) => `<atem:function_calls>\n${invokes.join('')}</atem:function_calls>`
  const parameter = (name: string, value: string) => `<atem:parameter name="${name}">${value}</atem:parameter>\n`
  const city = parameter('city', 'Paris')

  it('tells recipients apart', () => {
    const reply = ' to=self<|message|>I add.<|eom|><|start|>assistant to=user<|message|>4 < 5<|eot|>'
    expect(read('glimmer', reply, '<|start|>assistant')).toEqual([{ thinking: 'I add.' }, { text: '4 < 5' }])
    expect(read('glimmer', '<|message|>Hi', '<|start|>assistant')).toEqual([{ text: 'Hi' }])
    expect(read('glimmer', ' to=nobody<|message|>Hi')).toEqual([{ text: 'Hi' }])
  })

  it('goes on with a thought that the prompt has left open, and without a mark between messages', () => {
    const reply = 'more<|start|>assistant to=user<|message|>So.'
    expect(read('glimmer', reply, '<|start|>assistant to=self<|message|>')).toEqual([{ thinking: 'more' }, { text: 'So.' }])
  })

  it('reads calls, one message each or several in one', () => {
    const one = ` to=get_weather<|message|>${calls(invoke('get_weather', city))}<|eom|>`
    expect(read('glimmer', `${one}<|start|>assistant to=now<|message|>${calls(invoke('now'))}<|eot|>`)).toEqual([paris, now])
    expect(read('glimmer', ` to=now<|message|>${calls(invoke('now'), invoke('now'))}`)).toEqual([now, now])
  })

  it('types values by the schema and keeps the spaces of text', () => {
    const body = [parameter('city', '\n a "b"\n'), parameter('days', '3'), parameter('where', '{"x": 1}'), parameter('exact', 'true')].join(
      '',
    )
    const args = { city: '\n a "b"\n', days: 3, where: { x: 1 }, exact: true }
    expect(read('glimmer', ` to=get_weather<|message|>${calls(invoke('get_weather', body))}`)).toEqual([['get_weather', args]])
  })

  it('knows a tool by its own name space, and a call without its header', () => {
    expect(read('glimmer', ` to=now.now<|message|>${calls(invoke('now.now'))}`)).toEqual([now])
    expect(read('glimmer', ` to=user<|message|>\n${calls(invoke('get_weather', city))}`)).toEqual([paris])
    expect(read('glimmer', `<|message|>${calls(invoke('now'))}<|eot|>`)).toEqual([now])
  })

  it.each([
    calls(),
    calls(invoke('other')),
    calls(invoke('now')).slice(0, -3),
    `${calls(invoke('now'))} and so on`,
    calls(invoke('now', 'a=1\n')),
    calls('<atem:invoke name="now>\n</atem:invoke>'),
    '<atem:function_calling>',
  ])('leaves as text what is no call: %s', (body) => {
    expect(read('glimmer', ` to=user<|message|>${body}`)).toEqual([{ text: body }])
  })

  it('leaves as text a call of another tool than its header says', () => {
    const warnings: string[] = []
    const body = calls(invoke('get_weather', city))
    expect(read('glimmer', ` to=now<|message|>${body}<|eot|>`, '', warnings)).toEqual([{ text: body }])
    expect(warnings).not.toEqual([])
  })
})

describe('the table of parsers', () => {
  it('knows its names, tokens and abilities', () => {
    expect(parserNames).toContain('qwen3')
    expect([isKnownParser('harmony'), isKnownParser('nope'), isKnownParser('toString')]).toEqual([true, false, false])
    expect(preservedTokens('qwen3')).toEqual(['<think>', '</think>', '<tool_call>', '</tool_call>'])
    expect([preservedTokens('nope'), preservedTokens(undefined), preservedTokens('passthrough')]).toEqual([[], [], []])
    expect(parserCapabilities('olmo3-think')).toEqual({ tools: false, thinking: true })
    expect(parserCapabilities(undefined)).toEqual({ tools: false, thinking: false })
  })

  it('passes everything through for passthrough, and reads by the template for an unknown name', () => {
    const reply = '<think>a</think><tool_call>{"name":"now"}</tool_call>'
    expect(read('passthrough', reply)).toEqual([{ text: reply }])
    const options = { tools, think: true, promptTail: '', createCallId: countingIds() }
    const spec = { parser: 'nope', thinkingTags: { open: '<think>', close: '</think>' }, toolCallTag: '<tool_call>' }
    expect(readEveryCut(() => createReplyParser(spec, { ...options, createCallId: countingIds() }), reply)).toMatchObject([
      { thinking: 'a' },
      { call: 'now' },
    ])
  })
})

describe('thinking of which the prompt tells nothing', () => {
  const tags = (parser: string) => parserThinkingTags(parser) ?? { open: '<think>', close: '</think>' }
  const inFamily = { think: true, start: 'family', tools: [] } as const
  const HABITS = [
    'qwen3-thinking',
    'qwen3-vl-thinking',
    'qwen3.5',
    'ornith',
    'nemotron-3-nano',
    'nemotron-3.5-nano',
    'deepseek3',
    'cogito',
    'glm-4.7',
    'olmo3-think',
    'laguna',
    'poolside-v1',
    'cohere',
  ]

  it.each(HABITS)('has begun for %s, also where the model writes the tag', (parser) => {
    const { open, close } = tags(parser)
    for (const reply of [`a${close}b`, `${open}a${close}b`]) {
      expect(readFrom(parser, reply, inFamily)).toEqual([{ thinking: 'a' }, { text: 'b' }])
    }
    expect(readFrom(parser, 'a', inFamily)).toEqual([{ thinking: 'a' }])
  })

  it.each(HABITS)('has not begun for %s where the prompt has closed it', (parser) => {
    const { open, close } = tags(parser)
    expect(readFrom(parser, 'a', { ...inFamily, promptTail: `${open}\n\n${close}\n\n` })).toEqual([{ text: 'a' }])
  })

  it('has not begun for Cogito where it may call tools', () => {
    expect(readFrom('cogito', 'a', { ...inFamily, tools })).toEqual([{ text: 'a' }])
  })

  it.each(parserNames.filter((name) => !HABITS.includes(name)))('has not begun for %s', (parser) => {
    expect(readFrom(parser, 'a', inFamily)).toEqual([{ text: 'a' }])
  })

  it.each([...HABITS, 'lfm2-thinking', 'gemma4', 'ministral'])('goes on where a message has begun it: %s', (parser) => {
    const { close } = parser === 'ministral' ? { close: '[/THINK]' } : tags(parser)
    expect(readFrom(parser, `a${close}b`, { think: true, start: 'thinking', tools })).toEqual([{ thinking: 'a' }, { text: 'b' }])
  })
})

describe('a parser of a family that does not think', () => {
  it.each(['qwen3', 'qwen3-vl-instruct', 'qwen3-coder', 'lfm2'])('leaves the tags to the text: %s', (parser) => {
    const reply = '<think>a</think>b'
    expect(readFrom(parser, reply, {})).toEqual([{ text: reply }])
    expect(readFrom(parser, reply, { think: false })).toEqual([{ text: reply }])
  })

  it('reads them all the same for GLM-OCR', () => {
    expect(read('glm-ocr', '<think>a</think>b')).toEqual([{ thinking: 'a' }, { text: 'b' }])
  })

  it.each(['qwen3', 'lfm2'])('reads them where the template makes the model think: %s', (parser) => {
    expect(readFrom(parser, '<think>a</think>b', { think: true, start: 'family' })).toEqual([{ thinking: 'a' }, { text: 'b' }])
  })
})

describe('the text around calls', () => {
  const call = '<tool_call>{"name": "now"}</tool_call>'

  it('keeps the space that parts it', () => {
    expect(read('qwen3', `One.\n${call}\n${call}\n\nTwo.\n`)).toEqual([{ text: 'One.' }, now, now, { text: '\n\nTwo.\n' }])
  })

  it('has no space of the calls where it begins or ends', () => {
    expect(read('qwen3', `${call}\nTwo.`)).toEqual([now, { text: 'Two.' }])
    expect(read('qwen3', `One.\n${call}\n`)).toEqual([{ text: 'One.' }, now])
  })
})

describe('the end of the thinking', () => {
  it('is told for every family that thinks, and for no other', () => {
    for (const name of parserNames) expect([name, thinkingEnd(name) !== undefined]).toEqual([name, parserCapabilities(name).thinking])
  })

  it('is what the family writes', () => {
    expect(thinkingEnd('qwen3-thinking')).toBe('</think>')
    expect(thinkingEnd('harmony')).toBe('<|channel|>final<|message|>')
    expect(thinkingEnd('nonsense')).toBeUndefined()
  })
})
