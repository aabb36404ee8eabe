import { describe, expect, it } from 'vitest'
import { isAppError } from '../../base/errors.ts'
import type { Message } from '../../chat/message.ts'
import { toInputMessages } from './responses-input.ts'

const read = (input: unknown, earlier: Message[] = [], warnings: string[] = []) => toInputMessages(input, earlier, warnings)
const call = (id: string, name = 'f', args = '{"z":1,"a":2}') => ({ type: 'function_call', call_id: id, name, arguments: args })
const IMAGE = 'data:image/png;base64,AQID'

function refusal(input: unknown): { words: string; param: unknown; code: unknown } {
  try {
    read(input)
  } catch (error) {
    if (isAppError(error, 'invalid_request')) return { words: error.message, param: error.details.param, code: error.details.code }
    throw error
  }
  throw new Error('nothing was refused')
}

describe('the input of a response', () => {
  it('may be a text, or nothing', () => {
    expect(read('hi')).toEqual([{ role: 'user', content: 'hi' }])
    for (const nothing of [undefined, '', []]) expect(read(nothing)).toEqual([])
  })

  it('may be messages, their type said or not, in every role', () => {
    const parts = [
      { type: 'input_text', text: 'a' },
      { type: 'input_image', image_url: IMAGE },
      { type: 'input_text', text: 'b' },
    ]
    const messages = read([
      { type: 'message', role: 'system', content: 's' },
      { role: 'developer', content: 'd' },
      { role: 'User', content: parts },
      {
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'x' },
          { type: 'refusal', refusal: 'no' },
        ],
      },
    ])
    expect(messages).toMatchObject([
      { role: 'system', content: 's' },
      { role: 'developer', content: 'd' },
      { role: 'user', content: 'ab', images: [expect.anything()] },
      { role: 'assistant', content: 'xno' },
    ])
  })

  it('takes reasoning, text and calls that follow each other for one turn', () => {
    const messages = read([
      { role: 'user', content: 'q' },
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'short' }], encrypted_content: 'long' },
      { role: 'assistant', content: 'I look' },
      call('1'),
      call('2', 'g'),
      { type: 'function_call_output', call_id: '2', output: 'two' },
      {
        type: 'function_call_output',
        call_id: '1',
        output: [
          { type: 'input_text', text: 'one' },
          { type: 'input_image', image_url: IMAGE },
        ],
      },
      { type: 'function_call_output', call_id: '3', output: 'three' },
    ])
    expect(messages).toMatchObject([
      { role: 'user' },
      {
        role: 'assistant',
        content: 'I look',
        thinking: 'long',
        toolCalls: [
          { id: '1', function: { index: 0, name: 'f', arguments: { z: 1, a: 2 } } },
          { id: '2', function: { index: 1, name: 'g' } },
        ],
      },
      { role: 'tool', content: 'two', toolCallId: '2', toolName: 'g' },
      { role: 'tool', content: 'one', toolCallId: '1', toolName: 'f', images: [expect.anything()] },
      { role: 'tool', content: 'three', toolCallId: '3' },
    ])
    expect(messages[4]).not.toHaveProperty('toolName')
  })

  it('keeps reasoning that stands alone, whatever part of it was sent', () => {
    expect(read([{ type: 'reasoning', summary: [{ text: 'a' }, { text: 'b' }] }])).toEqual([
      { role: 'assistant', content: '', thinking: 'ab' },
    ])
    expect(read([{ type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'c' }] }])).toMatchObject([{ thinking: 'c' }])
  })

  it('goes on from an earlier conversation without changing it', () => {
    const earlier: Message[] = [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: '', toolCalls: [{ id: '1', function: { index: 0, name: 'f', arguments: {} } }] },
    ]
    const before = structuredClone(earlier)
    expect(read([{ type: 'function_call_output', call_id: '1', output: 'x' }], earlier)).toEqual([
      ...earlier,
      { role: 'tool', content: 'x', toolCallId: '1', toolName: 'f' },
    ])
    expect(read([call('2')], earlier).at(-1)?.toolCalls).toHaveLength(2)
    expect(read('more', earlier)).toHaveLength(3)
    expect(earlier).toEqual(before)
  })

  it('reads what is left out as nothing', () => {
    expect(read([{ type: '', role: 'user', content: [{ type: 'input_text' }, { type: 'input_text', text: null }] }])).toEqual([
      { role: 'user', content: '' },
    ])
    for (const source of ['', 'null', null]) {
      const [turn] = read([{ type: 'function_call', call_id: 'c', name: 'f', arguments: source }])
      expect(turn?.toolCalls).toEqual([{ id: 'c', function: { index: 0, name: 'f', arguments: {} } }])
    }
  })

  it('names what it accepts and does not use', () => {
    const warnings: string[] = []
    expect(read([{ type: 'web_search_call', id: 'ws', status: 'completed' }], [], warnings)).toEqual([])
    expect(warnings).toEqual(['input.web_search_call'])
  })

  it.each<[string, unknown, string, string]>([
    ['a number', 5, 'input must be a string or array: json: cannot unmarshal number into Go value of type []json.RawMessage', 'input'],
    ['an object', {}, 'input must be a string or array: json: cannot unmarshal object into Go value of type []json.RawMessage', 'input'],
    [
      'an item that is a text',
      ['x'],
      'input[0]: json: cannot unmarshal string into Go value of type struct { Type string "json:\\"type\\""; Role string "json:\\"role\\"" }',
      'input[0]',
    ],
    ['an item that is null', [null], "input[0]: input item missing required 'type' field", 'input[0]'],
    ['an item without a type', [{}], "input[0]: input item missing required 'type' field", 'input[0]'],
    ['an unknown item', ['x', { type: 'item_reference' }].slice(1), 'input[0]: unknown input item type: "item_reference"', 'input[0].type'],
    [
      'a role that is none',
      [{ role: 'tool', content: 'x' }],
      'input[0]: role must be user, assistant, system or developer',
      'input[0].role',
    ],
    [
      'content that is a number',
      [{ role: 'user', content: 5 }],
      'input[0]: content must be a string or array: json: cannot unmarshal number into Go value of type []json.RawMessage',
      'input[0].content',
    ],
    [
      'an unknown part',
      [{ role: 'user', content: [{ type: 'mystery' }] }],
      'input[0]: content[0]: unknown content type: mystery',
      'input[0].content[0].type',
    ],
    [
      'a part that is a text',
      [{ role: 'user', content: ['x'] }],
      'input[0]: content[0]: json: cannot unmarshal string into Go value of type struct { Type string "json:\\"type\\"" }',
      'input[0].content[0]',
    ],
    [
      'a file',
      [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }],
      'file inputs are not currently supported',
      'input[0].content[0]',
    ],
    [
      'an image that is a file',
      [{ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }],
      'images need an image_url: there are no files here',
      'input[0].content[0].file_id',
    ],
    [
      'an image from elsewhere',
      [{ role: 'user', content: [{ type: 'input_image', image_url: 'https://x.test/a.png' }] }],
      'image URLs are not currently supported, please use base64 encoded data instead',
      'input[0].content[0].image_url',
    ],
    [
      'a text that is none',
      [{ role: 'user', content: [{ type: 'input_text', text: 5 }] }],
      'input[0]: content[0]: json: cannot unmarshal number into Go struct field ResponsesTextContent.text of type string',
      'input[0].content[0].text',
    ],
    ['a call without a name', [{ type: 'function_call', call_id: 'c' }], 'input[0]: a function_call needs a name', 'input[0].name'],
    [
      'half of the arguments',
      [call('c', 'f', '{')],
      'failed to parse function call arguments: unexpected end of JSON input',
      'input[0].arguments',
    ],
    [
      'arguments that are a list',
      [call('c', 'f', '[]')],
      "failed to parse function call arguments: Value looks like object, but can't find closing '}' symbol",
      'input[0].arguments',
    ],
    [
      'words behind the arguments',
      [call('c', 'f', '{} x')],
      "failed to parse function call arguments: invalid character 'x' after top-level value",
      'input[0].arguments',
    ],
    [
      'arguments that are words',
      [call('c', 'f', 'now')],
      "failed to parse function call arguments: invalid character 'o' in literal null (expecting 'u')",
      'input[0].arguments',
    ],
    [
      'arguments with a number beyond all',
      [call('c', 'f', '{"a":1e400}')],
      'failed to parse function call arguments: a number is beyond all that can be held',
      'input[0].arguments',
    ],
    ['a type that is a number', [{ type: 5 }], cannot('number', '.type'), 'input[0].type'],
    ['a role that is a number', [{ role: 5 }], cannot('number', '.role'), 'input[0].role'],
    [
      'an id that is a number',
      [{ type: 'function_call', call_id: 5 }],
      cannot('number', 'ResponsesFunctionCall.call_id'),
      'input[0].call_id',
    ],
    ['a result of a number', [{ type: 'function_call_output', call_id: 5 }], cannot('number', '.call_id'), 'input[0].call_id'],
    [
      'reasoning that is a list',
      [{ type: 'reasoning', encrypted_content: [] }],
      cannot('array', 'ResponsesReasoningInput.encrypted_content'),
      'input[0].encrypted_content',
    ],
    [
      'a result of nothing',
      [{ type: 'function_call_output', output: 'x' }],
      'input[0]: a function_call_output needs a call_id',
      'input[0].call_id',
    ],
  ])('refuses %s', (_, input, words, param) => {
    expect(refusal(input)).toEqual({ words, param, code: expect.any(String) })
  })
})

function cannot(sent: string, field: string): string {
  return `input[0]: json: cannot unmarshal ${sent} into Go struct field ${field} of type string`
}
