import { describe, expect, it } from 'vitest'
import type { Message } from '../chat/message.ts'
import type { ChatRequest } from './service.ts'
import { collect, createStage, finishOf, textOf } from './testing/stage.ts'

const QUESTION: Message[] = [{ role: 'user', content: 'why?' }]

function setUp(options: Parameters<typeof createStage>[0] = {}) {
  const stage = createStage({ runner: () => ({ reply: () => 'because of that' }), ...options })
  const { signal } = new AbortController()
  return {
    ...stage,
    start: (request: Partial<ChatRequest> = {}) => stage.services.startChat({ model: 'm', messages: QUESTION, ...request }, signal),
    count: (request: Partial<ChatRequest> = {}) => stage.services.countPromptTokens({ model: 'm', messages: QUESTION, ...request }, signal),
  }
}

describe('a chat that is started first', () => {
  it('tells the tokens of the prompt before the runner is asked, the same number as at the end', async () => {
    const { add, start, requests } = setUp()
    add('m')
    const { promptTokens, events } = await start()
    expect(requests()).toEqual([])
    const all = await collect(events)
    expect(textOf(all)).toBe('because of that')
    expect(promptTokens).toBe(finishOf(all).timings.promptTokens)
  })

  it('counts the images among the tokens', async () => {
    const asked: unknown[] = []
    const { add, start, count, loader } = setUp()
    add('eyes', { layers: { projector: JSON.stringify({ 'general.architecture': 'clip' }) } })
    const images = [new Uint8Array([1])]
    const request = { model: 'eyes', messages: [{ role: 'user', content: 'look', images }] }
    const before = await count(request)
    const { runner } = loader.loads[0] ?? {}
    if (!runner) throw new Error('nothing was loaded')
    const { tokenize } = runner
    runner.tokenize = async (text, options) => {
      asked.push(options.images)
      return [...(await tokenize.call(runner, text, options)), -2, -2, -3]
    }
    expect(await count(request)).toBe(before + 3)
    const { promptTokens, events } = await start(request)
    await collect(events)
    expect(promptTokens).toBe(before + 3)
    expect(asked).toEqual([images, images])
  })

  it('refuses before it starts what the model cannot take', async () => {
    const { add, start, scheduler } = setUp()
    add('m')
    const images = [new Uint8Array([1])]
    await expect(start({ messages: [{ role: 'user', content: 'look', images }], keepAliveNs: 0 })).rejects.toMatchObject({
      code: 'unsupported_capability',
    })
    const format = { type: 'schema', schema: { type: 'nonsense' } } as const
    await expect(start({ format, keepAliveNs: 0 })).rejects.toMatchObject({ code: 'invalid_format' })
    expect(scheduler.running()).toEqual([])
  })

  it('refuses before it starts a prompt that does not fit and may not be cut', async () => {
    const { add, start, count } = setUp()
    add('m')
    const messages: Message[] = [{ role: 'user', content: 'why? '.repeat(200) }]
    const request = { messages, options: { num_ctx: 64 } }
    await expect(start({ ...request, truncate: false })).rejects.toMatchObject({ code: 'context_exceeded' })
    expect(await count(request)).toBeGreaterThan(64)
    await (await start(request)).events[Symbol.asyncIterator]().return?.()
  })

  it('gives the runner back when its events are closed unread', async () => {
    const { add, start, scheduler } = setUp()
    add('m')
    const { events } = await start({ keepAliveNs: 0 })
    expect(scheduler.running()).toHaveLength(1)
    await events[Symbol.asyncIterator]().return?.()
    expect(scheduler.running()).toEqual([])
  })

  it('passes on what is no chat', async () => {
    const { add, start, scheduler } = setUp()
    add('m')
    const loaded = await start({ messages: [] })
    expect(loaded.promptTokens).toBe(0)
    expect(await collect(loaded.events)).toEqual([{ type: 'loaded' }])
    expect(await collect((await start({ messages: [], keepAliveNs: 0 })).events)).toEqual([{ type: 'unloaded' }])
    expect(scheduler.running()).toEqual([])
  })
})

describe('counting the tokens of a prompt', () => {
  it('asks no runner to complete, and counts what a chat would evaluate', async () => {
    const { add, count, services, requests } = setUp()
    add('m')
    const tokens = await count()
    expect(requests()).toEqual([])
    const events = await collect(services.chat({ model: 'm', messages: QUESTION }, new AbortController().signal))
    expect(tokens).toBe(finishOf(events).timings.promptTokens)
  })

  it('counts a prompt that is longer than the context whole', async () => {
    const { add, count } = setUp()
    add('m')
    const long: Message[] = Array.from({ length: 50 }, () => ({ role: 'user', content: 'why? '.repeat(20) }))
    const options = { num_ctx: 64 }
    expect(await count({ messages: long, options })).toBeGreaterThan(10 * (await count({ messages: long.slice(0, 1), options })) - 64)
  })

  it('refuses a model that is not there', async () => {
    await expect(setUp().count()).rejects.toMatchObject({ code: 'model_not_found' })
  })
})

describe('a reply that the client has begun', () => {
  const begun: Message[] = [...QUESTION, { role: 'assistant', content: 'Because' }]

  it('is continued by a template that would end it', async () => {
    const { add, services } = setUp()
    add('m')
    const render = async (request: Partial<ChatRequest>) => {
      const events = services.chat({ model: 'm', messages: begun, debugRenderOnly: true, ...request }, new AbortController().signal)
      const [event] = await collect(events)
      return event?.type === 'rendered' ? event.prompt : undefined
    }
    expect(await render({})).toBe('user: why?\nassistant: Because\n')
    expect(await render({ continuesLastMessage: true })).toBe('user: why?\nBecause')
    const called: Message = { role: 'assistant', content: 'x', toolCalls: [{ function: { index: 0, name: 'f', arguments: {} } }] }
    expect(await render({ continuesLastMessage: true, messages: [...QUESTION, called] })).not.toMatch(/x$/)
  })
})
