import { describe, expect, it } from 'vitest'
import { callSyntaxOf } from './call-syntax.ts'
import { Gbnf } from './grammar/testing/gbnf.ts'
import type { Tool } from './message.ts'
import { createReplyParser, parserCapabilities, parserNames, parserThinkingTags } from './parse/select.ts'
import { toReplyGrammar } from './reply-grammar.ts'

const tools: Tool[] = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: {
        type: 'object',
        properties: { city: { type: 'string' }, unit: { enum: ['celsius', 'kelvin'] }, days: { type: 'integer' } },
        required: ['city'],
      },
    },
  },
  { type: 'function', function: { name: 'now' } },
]
const SAMPLES = 30

const parsers = parserNames.filter((name) => parserCapabilities(name).tools)
const tags = [
  '<tool_call>',
  '[TOOL_CALLS]',
  '<|python_tag|>',
  '<|tool_call|>',
  '<function=',
  '<tool_calls>',
  'functools[',
  '{',
  '[',
  '[TOOL_CALLS][',
]

interface Way {
  parser?: string
  toolCallTag?: string
}

const ways: [name: string, way: Way][] = [
  ...parsers.map((parser): [string, Way] => [parser, { parser }]),
  ...tags.map((toolCallTag): [string, Way] => [`the tag ${toolCallTag}`, { toolCallTag }]),
]

describe.each(ways)('a reply that must be a call, by %s', (name, way) => {
  const syntax = callSyntaxOf(way.parser, way.toolCallTag)
  if (!syntax) throw new Error(`${name} reads calls, but how they are written is not known`)

  it('is read as calls of the tools, and as nothing else', () => {
    const grammar = new Gbnf(toReplyGrammar({ tools, syntax, maxCalls: 3 }))
    const random = createRandom(name.length)
    for (let count = 0; count < SAMPLES; count++) {
      const sample = grammar.sample(random, 120)
      const events = read(sample, way)
      const calls = events.flatMap((event) => (event.type === 'tool-call' ? [event.call.function] : []))
      expect(calls.length, sample).toBeGreaterThan(0)
      expect(
        events.filter((event) => 'text' in event && event.text.trim() !== ''),
        sample,
      ).toEqual([])
      for (const call of calls) expect(['get_weather', 'now']).toContain(call.name)
      for (const call of calls) if (call.name === 'get_weather') expect(Object.keys(call.arguments), sample).toContain('city')
    }
  })

  it('is one call of one tool where no more is wanted', () => {
    const grammar = new Gbnf(toReplyGrammar({ tools: tools.slice(1), syntax, maxCalls: 1 }))
    const random = createRandom(5)
    for (let count = 0; count < SAMPLES; count++) {
      const calls = read(grammar.sample(random, 60), way).filter((event) => event.type === 'tool-call')
      expect(calls.map((event) => [event.call.function.name, event.call.function.arguments])).toEqual([['now', {}]])
    }
  })
})

it('may think before it calls', () => {
  const syntax = callSyntaxOf('qwen3', undefined)
  const thinking = parserThinkingTags('qwen3-thinking')
  if (!syntax || !thinking) throw new Error('qwen3 thinks and calls')
  const grammar = new Gbnf(toReplyGrammar({ tools, syntax, maxCalls: 1, thinking }))
  const call = '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>'
  expect(grammar.accepts(call)).toBe(true)
  expect(grammar.accepts(`<think>What </time> is <</think>\n\n${call}`)).toBe(true)
  expect(grammar.accepts(`<think>half${call}`)).toBe(false)
  expect(grammar.accepts('<think>x</think>It is noon.')).toBe(false)
})

it('is a format or a call where both are wanted', () => {
  const syntax = callSyntaxOf(undefined, '<tool_call>')
  if (!syntax) throw new Error('a tag is enough')
  const format = { type: 'schema' as const, schema: { type: 'object', properties: { answer: { type: 'boolean' } }, required: ['answer'] } }
  const grammar = new Gbnf(toReplyGrammar({ tools, syntax, maxCalls: 1, format }))
  expect(grammar.accepts('{"answer": true}')).toBe(true)
  expect(grammar.accepts('<tool_call>{"name": "now", "arguments": {}}</tool_call>')).toBe(true)
  expect(grammar.accepts('It is noon.')).toBe(false)
})

it('takes any object for arguments whose schema no grammar expresses', () => {
  const syntax = callSyntaxOf(undefined, '{')
  if (!syntax) throw new Error('a tag is enough')
  const odd: Tool = { type: 'function', function: { name: 'odd', parameters: { type: 'object', not: { required: ['x'] } } } }
  const grammar = new Gbnf(toReplyGrammar({ tools: [odd], syntax, maxCalls: 1 }))
  expect(grammar.accepts('{"name": "odd", "parameters": {"a": [1]}}')).toBe(true)
  expect(grammar.accepts('{"name": "even", "parameters": {}}')).toBe(false)
})

function read(text: string, way: Way) {
  const parser = createReplyParser(way, { tools, think: false, promptTail: '', createCallId: () => 'call_1' })
  return [...parser.push(text), ...parser.end()]
}

function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}
