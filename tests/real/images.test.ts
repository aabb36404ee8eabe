// Images through every door: a projector that names colours, over the small real model, which then says the name. All dialects get the same images.

import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { post, postStream, uploadFile } from '../support/models.ts'
import { BLUE, COLOUR_ROWS, type Colour, colourPng, GREEN, RED, silentWav, writeColourProjector } from '../support/projector.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { findTestModel, TEST_MODEL_SHA256 } from '../support/test-model.ts'

const QUESTION = 'Which color?'
/** A small model does what was done before it. */
const EXAMPLES = ['yellow', 'pink'].flatMap((name) => [
  { role: 'user', content: `The color is ${name}. Which color?` },
  { role: 'assistant', content: name },
])
const COLOURS: [string, Colour][] = [
  ['red', RED],
  ['green', GREEN],
  ['blue', BLUE],
]
const OPTIONS = { temperature: 0, num_predict: 8 }

let server: TestServer
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'llamero-images-'))
  server = await startServer()
  const model = await findTestModel()
  const projector = path.join(folder, 'mmproj.gguf')
  await writeColourProjector(model, projector)
  const files = {
    'model.gguf': await uploadFile(server.url, model, TEST_MODEL_SHA256),
    'mmproj.gguf': await uploadFile(server.url, projector),
  }
  await post(`${server.url}/api/create`, { model: 'eyes', files, messages: EXAMPLES, parameters: { temperature: 0 }, stream: false })
  await post(`${server.url}/api/create`, { model: 'blind', files: { 'model.gguf': files['model.gguf'] }, stream: false })
  await post(`${server.url}/api/create`, { model: 'rendered', from: 'eyes', renderer: 'qwen3-vl-instruct', stream: false })
})
afterAll(async () => {
  await server.stop()
  server.clean()
  rmSync(folder, { recursive: true })
})

function base64(colour: Colour): string {
  return Buffer.from(colourPng(colour)).toString('base64')
}

interface Answered {
  response: string
  message: { content: string }
  prompt_eval_count: number
  prompt_eval_cached_count?: number
  context: number[]
}

const chat = (messages: unknown, more: Record<string, unknown> = {}) =>
  post<Answered>(`${server.url}/api/chat`, { model: 'eyes', messages, stream: false, options: OPTIONS, ...more })
const generate = (more: Record<string, unknown>) =>
  post<Answered>(`${server.url}/api/generate`, { model: 'eyes', prompt: QUESTION, stream: false, options: OPTIONS, ...more })
const look = (colour: Colour) => [{ role: 'user', content: QUESTION, images: [base64(colour)] }]

describe.each(COLOURS)('an image in %s is seen', (name, colour) => {
  it('by /api/generate and /api/chat, whole and in a stream', async () => {
    expect((await generate({ images: [base64(colour)] })).response).toContain(name)
    expect((await chat(look(colour))).message.content).toContain(name)
    let streamed = ''
    const request = { model: 'eyes', messages: look(colour), options: OPTIONS }
    for await (const { message } of postStream<Answered>(`${server.url}/api/chat`, request)) streamed += message.content
    expect(streamed).toContain(name)
  })

  it('by the clients of OpenAI', async () => {
    const openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none' })
    const url = `data:image/png;base64,${base64(colour)}`
    const completion = await openai.chat.completions.create({
      model: 'eyes',
      temperature: 0,
      max_tokens: 8,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: QUESTION },
            { type: 'image_url', image_url: { url } },
          ],
        },
      ],
    })
    expect(completion.choices[0]?.message.content).toContain(name)
    const response = await openai.responses.create({
      model: 'eyes',
      temperature: 0,
      max_output_tokens: 8,
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: QUESTION },
            { type: 'input_image', image_url: url, detail: 'auto' },
          ],
        },
      ],
    })
    expect(response.output_text).toContain(name)
    expect(response.usage?.input_tokens).toBe(completion.usage?.prompt_tokens)
  })

  it("by Anthropic's client, which is told the same number of tokens before and after", async () => {
    const anthropic = new Anthropic({ baseURL: server.url, apiKey: 'none' })
    const messages: Anthropic.MessageParam[] = [
      {
        role: 'user',
        content: [
          { type: 'text', text: QUESTION },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64(colour) } },
        ],
      },
    ]
    const { input_tokens: counted } = await anthropic.messages.countTokens({ model: 'eyes', messages })
    const said = await anthropic.messages.create({ model: 'eyes', max_tokens: 8, messages })
    expect(said.content[0]).toMatchObject({ type: 'text', text: expect.stringContaining(name) })
    expect(said.usage.input_tokens).toBe(counted)
    const blank = await anthropic.messages.countTokens({ model: 'eyes', messages: [{ role: 'user', content: QUESTION }] })
    expect(counted - blank.input_tokens).toBeGreaterThanOrEqual(COLOUR_ROWS)
  })

  it("by Ollama's client, as bytes", async () => {
    const ollama = new Ollama({ host: server.url })
    const messages = [{ role: 'user', content: QUESTION, images: [colourPng(colour)] }]
    expect((await ollama.chat({ model: 'eyes', messages, options: OPTIONS })).message.content).toContain(name)
  })
})

describe('a talk about images', () => {
  it('takes tokens for each of them, and goes on from the cache', async () => {
    const [first] = look(RED)
    const before = await chat([first])
    const blank = await chat([{ role: 'user', content: QUESTION }])
    expect(before.prompt_eval_count - blank.prompt_eval_count).toBeGreaterThanOrEqual(COLOUR_ROWS)
    const messages = [first, { role: 'assistant', content: before.message.content }, ...look(BLUE)]
    const after = await chat(messages)
    expect(after.message.content).toContain('blue')
    expect(after.prompt_eval_cached_count).toBeGreaterThanOrEqual(COLOUR_ROWS)
  })

  it('shows each where it belongs, and not another that came before', async () => {
    const said = await Promise.all(COLOURS.map(([, colour]) => chat(look(colour))))
    expect(said.map(({ message }, index) => message.content.includes(COLOURS[index]?.[0] ?? '?'))).toEqual([true, true, true])
  })

  it('goes on from the context of /api/generate with another image', async () => {
    const { context } = await generate({ images: [base64(RED)] })
    expect((await generate({ images: [base64(BLUE)], context })).response).toContain('blue')
  })

  it('works under a renderer', async () => {
    expect((await chat(look(GREEN), { model: 'rendered' })).message.content).toMatch(/green/i)
  })

  it('has an image that a tool gave', async () => {
    const messages = [
      { role: 'user', content: 'Look.' },
      { role: 'assistant', content: '', tool_calls: [{ function: { name: 'look', arguments: {} } }] },
      { role: 'tool', content: QUESTION, tool_name: 'look', images: [base64(RED)] },
    ]
    expect((await chat(messages)).prompt_eval_count).toBeGreaterThan(COLOUR_ROWS)
  })
})

describe('an image is refused', () => {
  const refusal = async (more: Record<string, unknown>) => {
    const body = JSON.stringify({ model: 'eyes', prompt: QUESTION, stream: false, options: OPTIONS, ...more })
    const answer = await fetch(`${server.url}/api/generate`, { method: 'POST', body })
    return { status: answer.status, ...((await answer.json()) as { error?: string }) }
  }

  it.each([
    ['that is none', Buffer.from('not an image at all, but some text')],
    ['that is damaged', Buffer.from(colourPng(RED)).subarray(0, 60)],
    ['that is empty', Buffer.alloc(0)],
    ['that is a sound, by a model that cannot hear', silentWav(0.1)],
  ])('%s', async (_, bytes) => {
    const { status, error } = await refusal({ images: [bytes.toString('base64')] })
    expect(status).toBe(400)
    expect(error?.length).toBeGreaterThan(10)
    expect((await generate({ images: [base64(RED)] })).response).toContain('red')
  })

  it('by a model without a projector', async () => {
    const { status, error } = await refusal({ model: 'blind', images: [base64(RED)] })
    expect(status).toBe(400)
    expect(error).toContain('does not support multimodal')
  })

  it('in a raw prompt that has no place for it', async () => {
    expect(await refusal({ raw: true, images: [base64(RED)] })).toMatchObject({ status: 400, error: expect.stringContaining('[img-0]') })
  })

  it('where the model that shall write down a sound cannot hear', async () => {
    const form = new FormData()
    form.append('model', 'eyes')
    form.append('file', new Blob([silentWav(0.1)]), 'speech.wav')
    const answer = await fetch(`${server.url}/v1/audio/transcriptions`, { method: 'POST', body: form })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: { message: expect.stringContaining('does not support audio') } })
  })
})
