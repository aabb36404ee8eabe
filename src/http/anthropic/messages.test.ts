import { describe, expect, it } from 'vitest'
import { isAppError } from '../../base/errors.ts'
import type { Message } from '../../chat/message.ts'
import { marksCache, toMessages, toSystemMessages, type WireMessage } from './messages.ts'
import { Notes } from './notes.ts'
import { readMessagesCall } from './request.ts'
import { toCarrier, toSignature } from './signature.ts'

const PIXEL = { type: 'base64', media_type: 'image/png', data: 'AQID' }
const image = new Uint8Array([1, 2, 3])

function read(...messages: WireMessage[]): { messages: Message[]; notes: string[] } {
  const notes = new Notes()
  return { messages: toMessages(messages, notes), notes: notes.names }
}

function user(...content: unknown[]): Message[] {
  return read({ role: 'user', content }).messages
}

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isAppError(error, 'invalid_request')) return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

describe('messages', () => {
  it('of text are what they say, in one piece', () => {
    expect(read({ role: 'user', content: 'a' }).messages).toEqual([{ role: 'user', content: 'a' }])
    expect(user({ type: 'text', text: 'a' }, { type: 'text', text: 'b' })).toEqual([{ role: 'user', content: 'ab' }])
    expect(user()).toEqual([{ role: 'user', content: '' }])
  })

  it('bring their images', () => {
    const [message] = user({ type: 'image', source: PIXEL }, { type: 'text', text: 'what?' })
    expect(message).toMatchObject({ role: 'user', content: 'what?' })
    expect(message?.images?.map((bytes) => [...bytes])).toEqual([[...image]])
  })

  it('of the assistant keep thinking, text and calls, each call with its place', () => {
    const content = [
      { type: 'thinking', thinking: 'hm', signature: toSignature('hm') },
      { type: 'redacted_thinking', data: 'xxx' },
      { type: 'text', text: 'a' },
      { type: 'tool_use', id: '1', name: 'f', input: { z: 1, a: 2 } },
      { type: 'tool_use', id: '2', name: 'g' },
    ]
    const { messages, notes } = read({ role: 'assistant', content })
    expect(messages).toEqual([
      {
        role: 'assistant',
        content: 'a',
        thinking: 'hm',
        toolCalls: [
          { id: '1', function: { index: 0, name: 'f', arguments: { z: 1, a: 2 } } },
          { id: '2', function: { index: 1, name: 'g', arguments: {} } },
        ],
      },
    ])
    expect(notes).toEqual(['messages.redacted_thinking'])
  })

  it('give back the thinking that a signature carries', () => {
    const content = [{ type: 'thinking', thinking: '', signature: toCarrier('hidden ñ') }]
    expect(read({ role: 'assistant', content }).messages).toEqual([{ role: 'assistant', content: '', thinking: 'hidden ñ' }])
  })

  it('put results before what the user says, with the name of the tool that was called', () => {
    const { messages } = read(
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'weather', input: {} }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'and now?' },
          {
            type: 'tool_result',
            tool_use_id: 'a',
            content: [
              { type: 'text', text: 'sun' },
              { type: 'image', source: PIXEL },
            ],
          },
          { type: 'tool_result', tool_use_id: 'b', content: 'rain' },
          { type: 'tool_result', tool_use_id: 'c' },
        ],
      },
    )
    expect(messages.slice(1)).toMatchObject([
      { role: 'tool', content: 'sun', toolCallId: 'a', toolName: 'weather', images: [expect.anything()] },
      { role: 'tool', content: 'rain', toolCallId: 'b' },
      { role: 'tool', content: '', toolCallId: 'c' },
      { role: 'user', content: 'and now?' },
    ])
    expect(messages[2]).not.toHaveProperty('toolName')
  })

  it('of results alone say nothing else', () => {
    expect(user({ type: 'tool_result', tool_use_id: 'a', content: 'x' })).toEqual([{ role: 'tool', content: 'x', toolCallId: 'a' }])
  })

  it('tell the model that a call has failed', () => {
    const failed = (content: string) => user({ type: 'tool_result', tool_use_id: 'a', content, is_error: true })[0]?.content
    expect(failed('no such file')).toBe('Error: no such file')
    expect(failed('error: no such file')).toBe('error: no such file')
  })

  it("keep calls and results of Anthropic's own tools as history", () => {
    const { messages } = read({
      role: 'assistant',
      content: [
        { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } },
        { type: 'web_search_tool_result', tool_use_id: 's', content: [{ type: 'web_search_result', url: 'u' }] },
        { type: 'text', text: 'found' },
      ],
    })
    expect(messages).toMatchObject([
      { role: 'assistant', content: 'found', toolCalls: [{ id: 's' }] },
      { role: 'tool', toolCallId: 's', toolName: 'web_search', content: '[{"type":"web_search_result","url":"u"}]' },
    ])
  })

  it('show documents and search results to the model', () => {
    const source = { type: 'text', media_type: 'text/plain', data: 'the text' }
    expect(user({ type: 'document', source, title: 'T "1"', context: 'from here' })[0]?.content).toBe(
      '<document title="T \\"1\\"">\n<context>from here</context>\nthe text\n</document>\n',
    )
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ]
    expect(user({ type: 'document', source: { type: 'content', content: parts } })[0]?.content).toBe('<document>\na\nb\n</document>\n')
    expect(user({ type: 'document', source: { type: 'content', content: 'x' } })[0]?.content).toBe('<document>\nx\n</document>\n')
    expect(user({ type: 'search_result', source: 'https://x.test', title: 'T', content: parts })[0]?.content).toBe(
      '<search_result title="T" source="https://x.test">\na\nb\n</search_result>\n',
    )
  })

  it.each<[string, unknown, string]>([
    ['a block that is none', 'x', 'messages.0.content.0: a content block must be an object'],
    ['an unknown kind', { type: 'mystery' }, 'messages.0.content.0: content blocks of type "mystery" are not supported'],
    [
      'a kind that is a word of JavaScript',
      { type: 'constructor' },
      'messages.0.content.0: content blocks of type "constructor" are not supported',
    ],
    [
      'an upload',
      { type: 'container_upload', file_id: 'f' },
      'messages.0.content.0: content blocks of type "container_upload" are not supported',
    ],
    ['a text that is none', { type: 'text', text: 5 }, 'messages.0.content.0.text: must be a string'],
    [
      'an image from elsewhere',
      { type: 'image', source: { type: 'url', url: 'u' } },
      'invalid image source type: url. Only base64 images are supported.',
    ],
    ['an image without a source', { type: 'image' }, 'invalid image source'],
    ['an image without data', { type: 'image', source: { type: 'base64' } }, 'messages.0.content.0.source.data: must be a string'],
    [
      'bad base64',
      { type: 'image', source: { type: 'base64', data: '%' } },
      'invalid base64 image data: illegal base64 data at input byte 0',
    ],
    ['a call without an id', { type: 'tool_use', name: 'f' }, "tool_use block missing required 'id' field"],
    ['a call without a name', { type: 'tool_use', id: 'f' }, "tool_use block missing required 'name' field"],
    ['a call with a list', { type: 'tool_use', id: 'f', name: 'f', input: [] }, 'messages.0.content.0.input: must be an object'],
    [
      'a result that is a number',
      { type: 'tool_result', tool_use_id: 'a', content: 5 },
      'messages.0.content.0.content: must be a string or a list of blocks',
    ],
    [
      'a result in a result',
      { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'tool_result', tool_use_id: 'b' }] },
      'messages.0.content.0.content.0: only blocks of type text, image, document, search_result are allowed here',
    ],
    [
      'a PDF',
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AQID' } },
      'messages.0.content.0.source.type: documents from "base64" are not supported: send their text',
    ],
    ['a document without a source', { type: 'document' }, 'messages.0.content.0.source: a document needs a source'],
    [
      'a document in a document',
      { type: 'document', source: { type: 'content', content: [{ type: 'document' }] } },
      'messages.0.content.0.source.content.0: only blocks of type text are allowed here',
    ],
    [
      'citations',
      { type: 'document', source: { type: 'text', data: 'x' }, citations: { enabled: true } },
      'messages.0.content.0.citations: citations are not supported',
    ],
    ['a search result without content', { type: 'search_result' }, 'messages.0.content.0.content: must be a list of text blocks'],
  ])('refuse %s', (_, block, words) => {
    expect(refusal(() => user(block))).toBe(words)
  })

  it.each([
    ['{}', 'unexpected end of JSON input'],
    [
      '5',
      'json: cannot unmarshal number into Go struct field MessagesRequest.messages of type struct { Role string "json:\\"role\\""; Content json.RawMessage "json:\\"content\\"" }',
    ],
    ['{"role":1,"content":""}', 'json: cannot unmarshal number into Go struct field MessagesRequest.messages.role of type string'],
    ['{"content":true}', 'json: cannot unmarshal bool into Go struct field MessagesRequest.messages of type []anthropic.ContentBlock'],
    ['{"content":["x"]}', 'json: cannot unmarshal string into Go struct field MessagesRequest.messages of type anthropic.ContentBlock'],
    ['{"content":[{"text":5}]}', 'json: cannot unmarshal number into Go struct field MessagesRequest.messages.text of type string'],
    ['{"content":[{"is_error":"x"}]}', 'json: cannot unmarshal string into Go struct field MessagesRequest.messages.is_error of type bool'],
    [
      '{"content":[{"type":"image","source":"x"}]}',
      'json: cannot unmarshal string into Go struct field MessagesRequest.messages.source of type anthropic.ImageSource',
    ],
    [
      '{"content":[{"type":"image","source":{"data":5}}]}',
      'json: cannot unmarshal number into Go struct field MessagesRequest.messages.source.data of type string',
    ],
  ])("say in Ollama's words what is wrong with %s", (message, words) => {
    const body = Buffer.from(`{"model":"m","max_tokens":1,"messages":[${message}]}`)
    expect(refusal(() => readMessagesCall(body))).toBe(words)
  })

  it('that say nothing are left out where others say something', () => {
    const turns = (...list: unknown[]) =>
      readMessagesCall(Buffer.from(JSON.stringify({ model: 'm', max_tokens: 1, messages: list }))).request.messages
    const empty = [
      { role: 'assistant', content: '' },
      { role: 'user', content: null },
      { role: 'assistant', content: [{ type: 'text', text: '' }] },
    ]
    expect(turns({ role: 'user', content: 'a' }, ...empty)).toEqual([{ role: 'user', content: 'a' }])
    expect(turns({ role: 'user', content: null })).toEqual([{ role: 'user', content: '' }])
    expect(turns({ role: 'user', content: [{ type: 'tool_result', content: '' }] })).toEqual([
      { role: 'tool', content: '', toolCallId: '' },
    ])
  })

  it('refuse other roles', () => {
    expect(refusal(() => read({ role: 'tool', content: 'x' }))).toBe('messages.0.role: must be user, assistant or system')
  })

  it('name the fields of blocks that change nothing', () => {
    const { notes } = read(
      { role: 'user', content: [{ type: 'text', text: 'x', citations: [], cache_control: { type: 'ephemeral' } }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: {}, caller: { type: 'direct' }, toolset_name: 't' }] },
    )
    expect(notes).toEqual(['messages.text.citations', 'messages.tool_use.toolset_name'])
  })
})

describe('the system text', () => {
  const read = (system: unknown) => toSystemMessages(system, new Notes())

  it('is a text or blocks of text without anything between', () => {
    expect(read('s')).toEqual([{ role: 'system', content: 's' }])
    expect(
      read([
        { type: 'text', text: 'Be' },
        { type: 'text', text: ' brief.' },
      ]),
    ).toEqual([{ role: 'system', content: 'Be brief.' }])
  })

  it('may be nothing', () => {
    for (const nothing of [undefined, '', [], [{ type: 'text', text: '' }]]) expect(read(nothing)).toEqual([])
  })

  it('is nothing else', () => {
    expect(refusal(() => read(5))).toBe('system: must be a string or a list of text blocks')
    expect(refusal(() => read([{ type: 'image', source: PIXEL }]))).toBe('system.0: only blocks of type text are allowed here')
  })
})

describe('marks for the cache', () => {
  const mark = { cache_control: { type: 'ephemeral' } }

  it('are found in blocks and in the parts of results, and no deeper', () => {
    expect(marksCache([mark])).toBe(true)
    expect(marksCache([{ content: [mark] }])).toBe(true)
    expect(marksCache([{ content: [{ content: [mark] }] }])).toBe(true)
    expect(marksCache([{ content: [{ content: [{ content: [mark] }] }] }])).toBe(false)
    expect(marksCache([{ content: [{ cache_control: null }] }, 5, null])).toBe(false)
    expect(marksCache('x')).toBe(false)
  })
})
