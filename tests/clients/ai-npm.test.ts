// npm's `ai` with its provider for servers like OpenAI's, unmodified, against a real server.

import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { APICallError, embed, embedMany, generateText, Output, stepCountIs, streamText, tool } from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createSmol } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { createScripted, TOOLS_TEMPLATE } from './scripted.ts'

let server: TestServer
let provider: ReturnType<typeof createOpenAICompatible>
beforeAll(async () => {
  server = await startServer()
  provider = createOpenAICompatible({
    name: 'llamero',
    baseURL: `${server.url}/v1`,
    includeUsage: true,
    supportsStructuredOutputs: true,
  })
  await createSmol(server.url)
  await createSmol(server.url, 'smol-tools', { template: TOOLS_TEMPLATE })
  await createScripted(server.url)
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

const capital = { prompt: 'What is the capital of France?', temperature: 0, maxOutputTokens: 20, maxRetries: 0 }
const tools = {
  get_weather: tool({
    description: 'Weather of a city',
    inputSchema: z.object({ city: z.string(), days: z.number().int() }),
    execute: ({ city, days }) => `sun over ${city} for ${days} days`,
  }),
}
const city = z.object({ name: z.enum(['Paris', 'Rome']), big: z.boolean() })

describe('text', () => {
  it('is generated', async () => {
    const { text, finishReason, usage } = await generateText({ ...capital, model: provider('smol') })
    expect({ text, finishReason }).toEqual({ text: 'The capital of France is Paris.', finishReason: 'stop' })
    expect(usage).toMatchObject({ inputTokens: 16, outputTokens: 8 })
  })

  it('is streamed, with its usage', async () => {
    const stream = streamText({ ...capital, model: provider('smol') })
    const pieces: string[] = []
    for await (const piece of stream.textStream) pieces.push(piece)
    expect(pieces.length).toBeGreaterThan(1)
    expect(pieces.join('')).toBe('The capital of France is Paris.')
    expect(await stream.usage).toMatchObject({ inputTokens: 16, outputTokens: 8, totalTokens: 24 })
    expect(await stream.finishReason).toBe('stop')
  })

  it('ends at its limit and where it is told', async () => {
    const short = await generateText({ ...capital, model: provider('smol'), maxOutputTokens: 2 })
    expect(short).toMatchObject({ text: 'The capital', finishReason: 'length' })
    const stopped = await generateText({ ...capital, model: provider('smol'), stopSequences: [' Paris'] })
    expect(stopped).toMatchObject({ text: 'The capital of France is', finishReason: 'stop' })
  })

  it('comes apart from the reasoning', async () => {
    const whole = await generateText({ ...capital, maxOutputTokens: 50, model: provider('thinker') })
    expect(whole).toMatchObject({ text: 'It is forty-two.', reasoningText: 'Six times seven.' })
    const stream = streamText({ ...capital, maxOutputTokens: 50, model: provider('thinker') })
    expect([await stream.reasoningText, await stream.text]).toEqual(['Six times seven.', 'It is forty-two.'])
  })

  it('may be left', async () => {
    const leave = new AbortController()
    const stream = streamText({ ...capital, maxOutputTokens: 2000, model: provider('smol'), abortSignal: leave.signal })
    for await (const part of stream.fullStream) if (part.type === 'text-delta') leave.abort()
    expect(await generateText({ ...capital, model: provider('smol') })).toMatchObject({ finishReason: 'stop' })
  })

  it('is completed without a chat', async () => {
    expect(await generateText({ ...capital, model: provider.completionModel('smol') })).toMatchObject({ finishReason: expect.any(String) })
  })
})

describe('tools', () => {
  it('are called, run and answered, whole and streamed', async () => {
    const asked = { model: provider('caller'), prompt: 'Weather in Paris?', tools, stopWhen: stepCountIs(2), maxRetries: 0 }
    const { text, steps } = await generateText(asked)
    expect(text).toBe('It is sunny.')
    expect(steps[0]?.toolCalls).toMatchObject([{ toolName: 'get_weather', input: { city: 'Paris', days: 2 } }])
    expect(steps[0]?.toolResults).toMatchObject([{ output: 'sun over Paris for 2 days' }])
    const stream = streamText(asked)
    const types = new Set<string>()
    for await (const { type } of stream.fullStream) types.add(type)
    expect([...types]).toEqual(
      expect.arrayContaining(['tool-input-start', 'tool-input-delta', 'tool-input-end', 'tool-call', 'tool-result']),
    )
    expect(await stream.text).toBe('It is sunny.')
  })

  it('are called where they must be', async () => {
    const { toolCalls } = await generateText({
      ...capital,
      model: provider('smol-tools'),
      tools,
      toolChoice: { type: 'tool', toolName: 'get_weather' },
      maxOutputTokens: 80,
      providerOptions: { llamero: { parallel_tool_calls: false } },
    })
    expect(toolCalls).toMatchObject([{ toolName: 'get_weather', input: { city: expect.any(String), days: expect.any(Number) } }])
  })
})

describe('objects', () => {
  it('keep to their schema, whole and streamed', async () => {
    const asked = { ...capital, model: provider('smol'), output: Output.object({ schema: city }), maxOutputTokens: 60 }
    expect(city.safeParse((await generateText(asked)).output).success).toBe(true)
    const stream = streamText(asked)
    const growing: unknown[] = []
    for await (const part of stream.partialOutputStream) growing.push(part)
    expect(city.safeParse(await stream.output).success).toBe(true)
    expect(growing.at(-1)).toEqual(await stream.output)
  })
})

describe('embeddings', () => {
  it('come one by one and together', async () => {
    const model = provider.embeddingModel('embedder')
    expect((await embed({ model, value: 'llama', maxRetries: 0 })).embedding).toHaveLength(64)
    const { embeddings, usage } = await embedMany({ model, values: ['llama', 'alpaca'], maxRetries: 0 })
    expect(embeddings.map(({ length }) => length)).toEqual([64, 64])
    expect(usage.tokens).toBeGreaterThan(0)
  })
})

describe('errors', () => {
  it('say what the server says', async () => {
    const failing = generateText({ ...capital, model: provider('absent') })
    await expect(failing).rejects.toBeInstanceOf(APICallError)
    await expect(failing).rejects.toMatchObject({ statusCode: 404, isRetryable: false, message: "model 'absent' not found" })
    const { fullStream } = streamText({ ...capital, model: provider('smol'), tools, onError: () => undefined })
    const parts: unknown[] = []
    for await (const part of fullStream) parts.push(part)
    expect(parts).toContainEqual(expect.objectContaining({ type: 'error', error: expect.objectContaining({ statusCode: 400 }) }))
  })
})
