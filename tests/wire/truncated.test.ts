// A prompt that did not fit is told in every dialect: by a header where the reply is whole, and by the usage, which streams have too.

import { describe, expect, it } from 'vitest'
import type { ChatEvent } from '../../src/chat/event.ts'
import { eventsOf, timings } from '../../src/http/testing/fake-service.ts'
import { sendJson, startWire } from './harness.ts'
import { sseData } from './sse.ts'

const messages = [{ role: 'user', content: 'x' }]
const dropped = { prompt_dropped_messages: 2, prompt_dropped_tokens: 300 }

const said = (truncation?: { droppedMessages: number; droppedTokens: number }) => (): AsyncIterable<ChatEvent> =>
  eventsOf<ChatEvent>({ type: 'text-delta', text: 'a' }, { type: 'finish', reason: 'stop', timings, ...(truncation ? { truncation } : {}) })

function start(events: () => AsyncIterable<ChatEvent>) {
  return startWire({ chat: events, generate: events, startChat: async () => ({ promptTokens: 12, events: events() }) })
}

interface Told {
  usage?: object
  response?: { usage?: object }
}

describe.each<[path: string, body: object]>([
  ['/v1/chat/completions', { messages, stream_options: { include_usage: true } }],
  ['/v1/chat/completions', { messages, n: 2, stream_options: { include_usage: true } }],
  ['/v1/completions', { prompt: 'x', stream_options: { include_usage: true } }],
  ['/v1/responses', { input: 'x' }],
  ['/v1/messages', { messages, max_tokens: 5 }],
])('a prompt that was cut, at %s with %j', (path, body) => {
  it('is told in the header and in the usage', async () => {
    await using server = await start(said({ droppedMessages: 2, droppedTokens: 300 }))
    const { headers, text } = await sendJson(server, path, { model: 'm', ...body })
    expect(headers).toMatchObject({ 'x-llamero-truncated': 'true' })
    expect(JSON.parse(text).usage).toMatchObject(dropped)
  })

  it('is told in the usage of a stream', async () => {
    await using server = await start(said({ droppedMessages: 2, droppedTokens: 300 }))
    const events = sseData(await sendJson(server, path, { model: 'm', ...body, stream: true })) as (Told | '[DONE]')[]
    const usages = events.flatMap((event) => (event === '[DONE]' ? [] : [event.usage ?? event.response?.usage ?? []]).flat())
    expect(usages.at(-1)).toMatchObject(dropped)
  })

  it('is not told where all fitted', async () => {
    await using server = await start(said())
    const { headers, text } = await sendJson(server, path, { model: 'm', ...body })
    expect(headers).not.toHaveProperty('x-llamero-truncated')
    expect(text).not.toContain('prompt_dropped')
  })
})

it('lists of prompts tell what all of them lost', async () => {
  await using server = await start(said({ droppedMessages: 0, droppedTokens: 30 }))
  const { text } = await sendJson(server, '/v1/completions', { model: 'm', prompt: ['x', 'y'] })
  expect(JSON.parse(text).usage).toMatchObject({ prompt_dropped_tokens: 60 })
  expect(JSON.parse(text).usage).not.toHaveProperty('prompt_dropped_messages')
})
