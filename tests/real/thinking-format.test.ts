// Structured output of models that think: the thinking is free, what comes after it obeys the format, and all of it is one pass.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSmol, post, postStream } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Answer {
  message: { content: string; thinking?: string }
  done: boolean
  done_reason: string
  eval_count: number
  prompt_eval_count: number
}

const TURNS = `{{- range .Messages }}<|im_start|>{{ .Role }}
{{ if .Thinking }}<think>
{{ .Thinking }}
</think>
{{ end }}{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
`
const FORMAT = {
  type: 'object',
  properties: { legs: { type: 'integer', minimum: 0, maximum: 99 }, flies: { type: 'boolean' } },
  required: ['legs', 'flies'],
}
/** They show a small model what a reply looks like. */
const ANIMALS: [string, string, string][] = [
  ['cat', 'A cat has four legs and no wings.', '{"legs": 4, "flies": false}'],
  ['crow', 'A crow has two legs and two wings.', '{"legs": 2, "flies": true}'],
  ['bee', 'A bee has six legs and four wings.', '{"legs": 6, "flies": true}'],
]
const QUESTION = { role: 'user', content: 'What of a dog?' }

function examples(toAnswer: (thinking: string, content: string) => Record<string, string>) {
  return ANIMALS.flatMap(([animal, thinking, content]) => [
    { role: 'user', content: `What of a ${animal}?` },
    { role: 'assistant', ...toAnswer(thinking, content) },
  ])
}

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await createSmol(server.url, 'thinker', { template: TURNS })
  await createSmol(server.url, 'thinking', { template: `${TURNS}<think>\n` })
  // A model's own messages have no thinking of their own.
  const messages = examples((thinking, content) => ({ content: `<think>\n${thinking}\n</think>\n${content}` }))
  await createSmol(server.url, 'taught', { template: TURNS, messages })
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

function requestOf(model: string, fields: Record<string, unknown> = {}) {
  const options = { temperature: 0, repeat_penalty: 1, num_predict: 200, num_ctx: 1024 }
  const messages = [...examples((thinking, content) => ({ thinking, content })), QUESTION]
  return { model, messages, think: true, format: FORMAT, options, ...fields }
}

const chat = (model: string, fields: Record<string, unknown> = {}) =>
  post<Answer>(`${server.url}/api/chat`, { ...requestOf(model, fields), stream: false })

function expectFormat(content: string): void {
  const value = JSON.parse(content) as Record<string, unknown>
  expect(Object.keys(value)).toEqual(['legs', 'flies'])
  expect([Number.isInteger(value.legs), typeof value.flies]).toEqual([true, 'boolean'])
}

describe('a model that thinks before it answers in a format', () => {
  it.each(['thinker', 'thinking'])('thinks as it likes and then obeys (%s)', async (model) => {
    const { message, done_reason, eval_count } = await chat(model)
    expect(message.thinking).toMatch(/dog/i)
    expectFormat(message.content)
    expect(done_reason).toBe('stop')
    // One pass: the tokens are those of this thinking and this answer, and none was written twice.
    expect(eval_count).toBeLessThan((message.thinking?.length ?? 0) + message.content.length)
  })

  it.each(['thinker', 'thinking'])('does so at any temperature (%s)', async (model) => {
    for (const seed of [1, 2, 3]) {
      const options = { temperature: 1.3, seed, num_predict: 400, num_ctx: 1024 }
      const { message, done_reason } = await chat(model, { options })
      if (done_reason === 'stop') expectFormat(message.content)
      // Too long a thought leaves no answer, never a wrong one.
      else expect(message.content === '' || message.content.trimStart().startsWith('{')).toBe(true)
    }
  })

  it('streams the thinking first, then the answer', async () => {
    const kinds: string[] = []
    let content = ''
    for await (const { message } of postStream<Answer>(`${server.url}/api/chat`, requestOf('thinker'))) {
      const kind = message.thinking ? 'thinking' : 'content'
      if (kinds.at(-1) !== kind) kinds.push(kind)
      content += message.content
    }
    expect(kinds).toEqual(['thinking', 'content'])
    expectFormat(content)
  })

  it('obeys from the first word when it does not think', async () => {
    expectFormat((await chat('thinker', { think: false })).message.content)
    // It may think, and what it has seen does not.
    const messages = [...examples((_, content) => ({ content })), QUESTION]
    const { message } = await chat('thinker', { messages })
    expect(message.thinking).toBeUndefined()
    expectFormat(message.content)
  })

  it('obeys in generate too', async () => {
    const { model, options } = requestOf('taught')
    const { response, thinking } = await post<{ response: string; thinking: string }>(`${server.url}/api/generate`, {
      model,
      prompt: QUESTION.content,
      think: true,
      format: FORMAT,
      stream: false,
      options,
    })
    expect(thinking).toMatch(/dog/i)
    expectFormat(response)
  })
})
