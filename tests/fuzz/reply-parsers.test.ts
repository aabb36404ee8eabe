import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createReplyParser, parserNames, preservedTokens } from '../../src/chat/parse/select.ts'
import { countingIds, readEveryCut } from '../../src/chat/parse/testing/cuts.ts'
import { fuzzRuns } from '../support/fuzz-seed.ts'

const tools = ['now', 'get_weather', 'get'].map((name) => ({ type: 'function', function: { name } }))

const PIECES = [
  ' ',
  '\n',
  'text',
  'é😀',
  '<',
  '|>',
  '[',
  '{',
  '}',
  ']',
  '"',
  ',',
  'now',
  'get_weather',
  'thought\n',
  'call:now{a:1}',
  'now(a=1)',
  '<function=now>',
  '</function>',
  '{"name": "now"}',
  '{"name": "get_weather", "arguments": {"city": "Paris"}}',
  '{"name": "other"}',
  '{"name": "get", "arguments": ',
  '{"a": "<x>", "b": [1, {}]}',
  ' to=functions.now',
  ' to=now',
  '<atem:function_calls>',
  '<atem:invoke name="now">',
  '</atem:invoke></atem:function_calls>',
  '<atem:parameter name="a">',
  '</atem:parameter>',
  '<function=get>\n<parameter=a>\n',
  '</parameter>',
  'get<arg_key>a</arg_key><arg_value>',
  "get(a='",
  "', b=[1])",
  'call:get{a:',
  ',b:2}',
  '\\u00e9',
  'null',
]

/** Their replies are rows of messages with headers. */
const ROWS = ['harmony', 'glimmer']

const GENERIC_TOKENS = ['<think>', '</think>', '<tool_call>', '</tool_call>']

function createParser(parser: string | undefined, promptTail: string, calls: { count: number }, streamsCalls = false) {
  const createId = countingIds()
  const createCallId = () => {
    calls.count++
    return createId()
  }
  const tags = { thinkingTags: { open: '<think>', close: '</think>' }, toolCallTag: '<tool_call>' }
  return createReplyParser(
    { ...tags, ...(parser === undefined ? {} : { parser }) },
    {
      tools,
      think: true,
      promptTail,
      createCallId,
      ...(streamsCalls ? { streamsCallsFrom: 0 } : {}),
    },
  )
}

describe.each([undefined, ...parserNames])('the parser %s', (parser) => {
  const tokens = parser === undefined ? GENERIC_TOKENS : preservedTokens(parser)
  const replies = fc.array(fc.constantFrom(...PIECES, ...tokens), { maxLength: 12 }).map((pieces) => pieces.join(''))
  const promptTails = fc.constantFrom('', ...tokens)

  it('reads a reply the same however it is cut', () => {
    fc.assert(
      fc.property(
        replies,
        promptTails,
        (reply, promptTail) => void readEveryCut(() => createParser(parser, promptTail, { count: 0 }), reply),
      ),
      fuzzRuns(60),
    )
  })

  it('gives the pieces of a call the same however it is cut, and they are its arguments', () => {
    fc.assert(
      fc.property(replies, promptTails, (reply, promptTail) => {
        for (const event of readEveryCut(() => createParser(parser, promptTail, { count: 0 }, true), reply)) {
          if ('call' in event && event.pieces !== undefined) expect(JSON.parse(event.pieces)).toEqual(event.arguments)
        }
      }),
      fuzzRuns(60),
    )
  })

  it('loses no text where there is no call', () => {
    const frames = [...tokens, '<|return|>', '<|call|>', '<|END_OF_TURN_TOKEN|>', 'thought']
    const strip = (text: string) => frames.reduce((rest, frame) => rest.replaceAll(frame, ''), text).replace(/\s/g, '')
    fc.assert(
      fc.property(replies, promptTails, (reply, promptTail) => {
        const calls = { count: 0 }
        const events = readEveryCut(() => createParser(parser, promptTail, calls), reply)
        // A header of a message is dropped with its words.
        fc.pre(calls.count === 0 && !(ROWS.includes(parser ?? '') && reply.includes('<|message|>')))
        const text = events.map((event) => ('text' in event ? event.text : 'thinking' in event ? event.thinking : '')).join('')
        expect(strip(text)).toBe(strip(reply))
      }),
      fuzzRuns(60),
    )
  })
})
