import { describe, expect, it, vi } from 'vitest'
import { AppError } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import type { Message, Tool } from '../chat/message.ts'
import type { ChatRequest } from './service.ts'
import { collect, createStage, finishOf, PLAIN_FILE, POOLING_FILE, THINKING_TEMPLATE, TOOLS_TEMPLATE, textOf } from './testing/stage.ts'

const QUESTION: Message[] = [{ role: 'user', content: 'why?' }]
const TOOL: Tool = { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }

function setUp(options: Parameters<typeof createStage>[0] = {}) {
  const stage = createStage({ runner: () => ({ reply: () => 'because of that' }), ...options })
  const chat = (request: Partial<ChatRequest> = {}, signal = new AbortController().signal) =>
    collect(stage.services.chat({ model: 'm', messages: QUESTION, ...request }, signal))
  const rendering = async (request: Partial<ChatRequest> = {}) => {
    const [event] = await chat({ ...request, debugRenderOnly: true })
    return event?.type === 'rendered' ? event.prompt : undefined
  }
  return { ...stage, chat, rendering }
}

describe('a chat', () => {
  it('streams the text and ends with one finish that tells how it went', async () => {
    const { add, chat } = setUp()
    add('m')
    const events = await chat()
    expect(textOf(events)).toBe('because of that')
    expect(finishOf(events)).toMatchObject({ reason: 'stop', timings: { promptTokens: 11, evalTokens: 3 } })
    expect(finishOf(events).timings.loadNs).toBeGreaterThan(0)
    expect(finishOf(events)).not.toHaveProperty('context')
    expect(finishOf(events)).not.toHaveProperty('truncation')
  })

  it('counts the total from the start of the request', async () => {
    const { add, chat, clock } = setUp({ beforeLoad: () => clock.advance(100) })
    add('m')
    const { timings } = finishOf(await chat())
    expect(timings).toMatchObject({ totalNs: 100e6, loadNs: 100e6 })
  })

  it('tells a template whether the request has no tools or an empty list of them', async () => {
    const { add, rendering } = setUp()
    add('m', { layers: { template: '{{ range .Messages }}{{ .Content }}{{ end }}{{ .Tools }}' } })
    expect(await rendering()).toBe('why?null')
    expect(await rendering({ tools: [] })).toBe('why?[]')
  })

  it('without messages loads the model', async () => {
    const { add, chat, scheduler } = setUp()
    add('m')
    expect(await chat({ messages: [] })).toEqual([{ type: 'loaded' }])
    expect(scheduler.running()).toHaveLength(1)
  })

  it('without messages and without keep-alive unloads it, loaded or not', async () => {
    const { add, chat, scheduler, loader } = setUp()
    add('m')
    expect(await chat({ messages: [], keepAliveNs: 0 })).toEqual([{ type: 'unloaded' }])
    expect(loader.loads).toHaveLength(0)
    await chat()
    expect(await chat({ messages: [], keepAliveNs: 0 })).toEqual([{ type: 'unloaded' }])
    expect(scheduler.running()).toEqual([])
  })

  it('refuses wrong options also where it only unloads', async () => {
    const { add, chat } = setUp()
    add('m')
    await expect(chat({ messages: [], keepAliveNs: 0, options: { stop: [5] } })).rejects.toMatchObject({ code: 'invalid_option' })
  })

  it('only renders where that is asked', async () => {
    const { add, chat, requests } = setUp()
    add('m')
    const images = [new Uint8Array([1])]
    expect(await chat({ messages: [{ role: 'user', content: 'look', images }], debugRenderOnly: true })).toEqual([
      { type: 'rendered', prompt: 'user: [img-0]look\n', imageCount: 1 },
    ])
    expect(requests()).toEqual([])
  })

  it('gives the runner back whatever happens', async () => {
    const { add, chat, scheduler } = setUp({
      runner: () => ({ reply: () => ({ pieces: ['x'], end: new AppError('engine_error', 'no') }) }),
    })
    add('m')
    await expect(chat({ keepAliveNs: 0 })).rejects.toMatchObject({ code: 'engine_error' })
    expect(scheduler.running()).toEqual([])
  })

  it('gives the runner back when the reader leaves in the middle', async () => {
    const { add, services, scheduler } = setUp()
    add('m')
    for await (const _event of services.chat({ model: 'm', messages: QUESTION, keepAliveNs: 0 }, new AbortController().signal)) break
    expect(scheduler.running()).toEqual([])
  })

  it('passes on that the model is stuck', async () => {
    const { add, chat } = setUp({ runner: () => ({ reply: () => ({ pieces: ['x'], end: 'repetition' }) }) })
    add('m')
    expect(finishOf(await chat()).reason).toBe('repetition')
  })
})

describe('the messages of a chat', () => {
  const history = JSON.stringify([{ role: 'user', content: 'I am Ada.' }])

  it('begin with the system text and the history of the model', async () => {
    const { add, rendering } = setUp()
    add('m', { layers: { system: 'Be brief.', messages: history } })
    expect(await rendering()).toBe('system: Be brief.\nuser: I am Ada.\n\nwhy?\n')
  })

  it('keep the system text of the request where it is the first message, and only then', async () => {
    const { add, rendering } = setUp()
    add('m', { layers: { system: 'Be brief.' } })
    const system = { role: 'system', content: 'Be long.' }
    expect(await rendering({ messages: [system, ...QUESTION] })).toBe('system: Be long.\nuser: why?\n')
    expect(await rendering({ messages: [...QUESTION, system] })).toBe('system: Be brief.\nuser: why?\nsystem: Be long.\n')
  })

  it('that do not fit are left out from the oldest on, without the system text', async () => {
    const warn = vi.fn()
    const { add, chat, requests } = setUp({ log: { ...silentLog, warn } })
    add('m')
    const messages = [
      { role: 'user', content: 'old '.repeat(60) },
      { role: 'system', content: 'be kind' },
      { role: 'assistant', content: 'older '.repeat(20) },
      { role: 'user', content: 'new' },
    ]
    const finish = finishOf(await chat({ messages, options: { num_ctx: 64 } }))
    expect(requests()[0]?.prompt).toBe('system: be kind\nuser: new\n')
    expect(finish.truncation).toEqual({ droppedMessages: 2, droppedTokens: expect.any(Number) })
    expect(finish.truncation?.droppedTokens).toBeGreaterThan(360)
    expect(warn.mock.calls).toEqual([
      ['a prompt was cut to fit the context', { model: 'm:latest', contextTokens: 64, ...finish.truncation }],
    ])
  })

  it('that are left out are told before the reply where the request wants that, and once', async () => {
    const { add, chat } = setUp()
    add('m')
    const cut = async (request: Partial<ChatRequest>) => {
      const events = await chat({ options: { num_ctx: 64 }, ...request })
      const told = events.flatMap((event, at) => (event.type === 'cut' ? [{ at, ...event.truncation }] : []))
      return { told, whole: finishOf(events).truncation }
    }
    const long = { role: 'user', content: 'old '.repeat(60) }
    const messages = await cut({ messages: [long, ...QUESTION], tellsCut: true })
    expect(messages.told).toEqual([{ at: 0, ...messages.whole }])
    const tokens = await cut({ messages: [long], tellsCut: true })
    expect(tokens.told).toEqual([{ at: 0, ...tokens.whole }])
    expect(tokens.whole).toMatchObject({ droppedMessages: 0 })
    expect((await cut({ messages: [long] })).told).toEqual([])
    expect(await cut({ messages: QUESTION, tellsCut: true })).toEqual({ told: [], whole: undefined })
  })

  it('of exactly the size of the context are kept', async () => {
    const { add, chat, requests } = setUp()
    add('m')
    const last = { role: 'user', content: 'b'.repeat(64 - 'assistant: a\nuser: \n'.length) }
    const options = { num_ctx: 64, num_predict: 1 }
    await chat({ messages: [{ role: 'assistant', content: 'a' }, last], options })
    expect(requests()[0]?.prompt).toHaveLength(64)
    await chat({ messages: [{ role: 'assistant', content: 'aa' }, last], options })
    expect(requests()[1]?.prompt).toMatch(/^user: b/)
  })

  it('are left out only beyond what the context can become', async () => {
    const { add, chat, requests, scheduler } = setUp()
    add('m')
    const messages = (length: number) => [{ role: 'user', content: 'o'.repeat(length) }, ...QUESTION]
    expect(finishOf(await chat({ messages: messages(5000) }))).not.toHaveProperty('truncation')
    expect(scheduler.running()[0]?.contextTokens).toBe(8192)
    const { truncation } = finishOf(await chat({ messages: messages(9000) }))
    expect(truncation?.droppedMessages).toBe(1)
    expect(requests()[1]?.contextLimitTokens).toBe(8192)
  })

  it('stay whole where nothing may be left out, and the runner refuses', async () => {
    const { add, chat } = setUp()
    add('m')
    const messages = [{ role: 'user', content: 'old '.repeat(60) }, ...QUESTION]
    await expect(chat({ messages, options: { num_ctx: 64 }, truncate: false })).rejects.toMatchObject({ code: 'context_exceeded' })
  })

  it('have their images numbered, in the place of [img] where there is one', async () => {
    const { add, chat } = setUp()
    add('m')
    const images = [new Uint8Array([1]), new Uint8Array([2])]
    const messages = [
      { role: 'user', content: 'this [img] here', images },
      { role: 'x', content: 'and', images: [new Uint8Array([3])] },
    ]
    expect(await chat({ messages, debugRenderOnly: true })).toMatchObject([
      { prompt: 'user: [img-1]this [img-0] here\nx: [img-2]and\n', imageCount: 3 },
    ])
  })

  it('with images are refused by a model that sees none', async () => {
    const { add, chat } = setUp()
    add('m')
    const messages = [{ role: 'user', content: 'look', images: [new Uint8Array([1])] }]
    await expect(chat({ messages })).rejects.toMatchObject({ code: 'unsupported_capability', details: { capability: 'vision' } })
  })

  it('go to a model with a projector together with their images', async () => {
    const { add, chat, requests, loader } = setUp()
    add('eyes', { layers: { projector: JSON.stringify({ 'general.architecture': 'clip' }) } })
    const images = [new Uint8Array([1])]
    expect(textOf(await chat({ model: 'eyes', messages: [{ role: 'user', content: 'look', images }] }))).not.toBe('')
    expect(loader.loads[0]?.spec.projectorPath).toEqual(expect.any(String))
    expect(requests()).toMatchObject([{ prompt: 'user: [img-0]look\n', images }])
  })

  it('with images are refused by a model whose vision stands in a file that the engine cannot read, and never answered without them', async () => {
    const { add, chat, requests } = setUp()
    add('inline', { layers: { model: JSON.stringify({ ...PLAIN_FILE, 'llama.vision.block_count': 27 }) } })
    const messages = [{ role: 'user', content: 'look', images: [new Uint8Array([1])] }]
    await expect(chat({ model: 'inline', messages })).rejects.toMatchObject({
      code: 'unsupported_capability',
      message: expect.stringContaining('create it from a GGUF file and a projector (mmproj) file') as string,
    })
    expect(requests()).toEqual([])
    expect(await chat({ model: 'inline', messages: QUESTION })).not.toEqual([])
  })
})

describe('what is refused before anything is loaded', () => {
  async function refusal(request: Partial<ChatRequest>, layers = {}) {
    const { add, chat, loader } = setUp()
    add('m', { layers })
    const error = await chat(request).then(
      () => undefined,
      (thrown: AppError) => thrown,
    )
    expect(loader.loads).toHaveLength(0)
    return { code: error?.code, message: error?.message, model: error?.details.model }
  }

  it('names no model', async () => {
    expect(await refusal({ model: '  ' })).toEqual({ code: 'model_required', message: 'model is required', model: '  ' })
  })

  it('names a model badly', async () => {
    expect(await refusal({ model: 'a b' })).toEqual({ code: 'invalid_model_name', message: 'invalid model name', model: 'a b' })
    const both = 'use either :local or :cloud, not both: "x:cloud:local"'
    expect(await refusal({ model: 'x:cloud:local' })).toMatchObject({ code: 'invalid_request', message: both })
  })

  it('names a model that is not here', async () => {
    expect(await refusal({ model: 'Nobody' })).toEqual({ code: 'model_not_found', message: "model 'Nobody' not found", model: 'Nobody' })
  })

  it('names a model of the cloud', async () => {
    expect(await refusal({ model: 'm:cloud' })).toMatchObject({ code: 'cloud_disabled', model: 'm:cloud' })
    expect(await refusal({ model: 'm:20b-cloud' })).toMatchObject({ code: 'cloud_disabled' })
  })

  it('asks a model to think that does not', async () => {
    expect(await refusal({ think: true })).toMatchObject({ code: 'thinking_unsupported', message: '"m" does not support thinking' })
    expect(await refusal({ think: 'low' })).toMatchObject({ code: 'thinking_unsupported' })
  })

  it('brings tools to a model without', async () => {
    const message = 'registry.ollama.ai/library/m:latest does not support tools'
    expect(await refusal({ tools: [TOOL] })).toMatchObject({ code: 'unsupported_capability', message })
  })

  it('chats with a model that only embeds, whatever else is wrong', async () => {
    const layers = { model: JSON.stringify(POOLING_FILE) }
    expect(await refusal({ tools: [TOOL] }, layers)).toMatchObject({ code: 'unsupported_capability', message: '"m" does not support chat' })
  })

  it('has an option of the wrong type, from the request or from the model', async () => {
    const message = 'option "num_ctx" must be of type integer'
    expect(await refusal({ options: { num_ctx: '64' } })).toMatchObject({ code: 'invalid_option', message })
    expect(await refusal({}, { params: '{"num_ctx":"64"}' })).toMatchObject({ code: 'invalid_option', message })
  })
})

describe('a model that runs elsewhere', () => {
  it('is refused, yet can be unloaded', async () => {
    const { store, chat } = setUp()
    store.add('stub', { config: { remote_host: 'https://ollama.com', remote_model: 'big' } })
    await expect(chat({ model: 'stub' })).rejects.toMatchObject({ code: 'cloud_disabled' })
    await expect(chat({ model: 'stub:local' })).rejects.toMatchObject({ code: 'model_not_found' })
    expect(await chat({ model: 'stub', messages: [], keepAliveNs: 0 })).toEqual([{ type: 'unloaded' }])
  })
})

describe('options', () => {
  it('of the request come before those of the model, and those before the defaults', async () => {
    const { add, chat, requests } = setUp()
    add('m', { layers: { params: '{"temperature":0,"top_k":7,"stop":["X"]}' } })
    await chat({ options: { top_k: 3 } })
    expect(requests()[0]).toMatchObject({ sampling: { temperature: 0, topK: 3, topP: 0.9 }, stop: ['X'], keepTokens: 4 })
  })

  it('that do not exist are logged and ignored', async () => {
    const warnings: unknown[] = []
    const log = { trace() {}, debug() {}, info() {}, error() {}, warn: (...args: unknown[]) => void warnings.push(args) }
    const { add, chat } = setUp({ log })
    add('m')
    await chat({ options: { mirostat: 1 } })
    expect(warnings).toEqual([['invalid option provided', { option: 'mirostat' }]])
  })

  it.each([
    [-1, 640],
    [-2, 640],
    [5, 5],
    [0, 640],
    [641, 640],
  ])('num_predict %d makes at most %d tokens in a context of 64', async (num_predict, maxTokens) => {
    const { add, chat, requests } = setUp()
    add('m')
    await chat({ options: { num_ctx: 64, num_predict } })
    expect(requests()[0]?.maxTokens).toBe(maxTokens)
  })

  it('shift by default, and not in the family that cannot', async () => {
    const { add, chat, requests } = setUp()
    add('m')
    add('deep', { config: { model_family: 'deepseek2' }, layers: { system: 'other' } })
    await chat()
    await chat({ shift: false })
    await chat({ model: 'deep' })
    expect(requests().map(({ contextShift, truncatePrompt }) => [contextShift, truncatePrompt])).toEqual([
      [true, true],
      [false, false],
      [false, false],
    ])
  })

  it('say in plain words that a prompt is too long which may not be cut', async () => {
    const { add, chat } = setUp()
    add('m')
    const request = { messages: [{ role: 'user', content: 'x'.repeat(100) }], options: { num_ctx: 64 }, shift: false }
    await expect(chat(request)).rejects.toMatchObject({
      code: 'context_exceeded',
      message: expect.stringMatching(/^the prompt is longer than the context length currently available/),
    })
  })
})

describe('thinking', () => {
  const reply = ['<think>', 'hm', '</think>', 'yes']

  it('is on by default in a model that thinks, and comes apart from the text', async () => {
    const { add, chat, requests } = setUp({ runner: () => ({ reply: () => reply }) })
    add('m', { layers: { template: THINKING_TEMPLATE } })
    const events = await chat()
    expect([textOf(events, 'thinking-delta'), textOf(events)]).toEqual(['hm', 'yes'])
    expect(requests()[0]).toMatchObject({ prompt: 'user: why?\nthink=truemedium', preservedTokens: ['<think>', '</think>'] })
  })

  it('is as deep as the request says, or off', async () => {
    const { add, rendering } = setUp()
    add('m', { layers: { template: THINKING_TEMPLATE } })
    expect(await rendering({ think: 'low' })).toMatch(/think=truelow$/)
    expect(await rendering({ think: false })).toMatch(/think=false$/)
  })

  it('of false is no question to a model that does not think', async () => {
    const { add, chat } = setUp()
    add('m')
    expect(textOf(await chat({ think: false }))).toBe('because of that')
  })

  it('is left out by a model that does not think where the dialect says it may', async () => {
    const { add, chat } = setUp()
    add('m')
    expect(textOf(await chat({ think: true, thinkIsOptional: true }))).toBe('because of that')
  })

  it('at the highest level is the highest that harmony knows', async () => {
    const { add, rendering } = setUp()
    add('m', { config: { model_family: 'gptoss' }, layers: { template: `<|start|><|end|>${THINKING_TEMPLATE}` } })
    expect(await rendering({ think: 'max' })).toMatch(/think=truehigh$/)
  })

  it('is read as harmony where the template shows that', async () => {
    const { add, chat, requests } = setUp({
      runner: () => ({
        reply: () => [
          '<|channel|>',
          'analysis',
          '<|message|>',
          'hm',
          '<|end|>',
          '<|start|>assistant',
          '<|channel|>',
          'final',
          '<|message|>',
          'yes',
        ],
      }),
    })
    add('m', { config: { model_family: 'gptoss' }, layers: { template: `<|start|><|end|>${THINKING_TEMPLATE}` } })
    const events = await chat({ format: { type: 'json' } })
    expect([textOf(events, 'thinking-delta'), textOf(events)]).toEqual(['hm', 'yes'])
    expect(requests()[0]).toMatchObject({ grammarAfter: '<|channel|>final<|message|>' })
  })

  it('is read from the prompt where that has opened it', async () => {
    const { add, chat } = setUp({ runner: () => ({ reply: () => ['hm', '</think>', 'yes'] }) })
    add('m', { layers: { template: `${THINKING_TEMPLATE}<think>\n` } })
    const events = await chat()
    expect([textOf(events, 'thinking-delta'), textOf(events)]).toEqual(['hm', 'yes'])
  })
})

describe('thinking that the prompt does not tell', () => {
  const template = '{{ range .Messages }}{{ .Role }}: {{ .Thinking }}{{ .Content }}\n{{ end }}'
  const begun: Message[] = [...QUESTION, { role: 'assistant', content: '', thinking: 'I see' }]
  const reading = async (config: { parser?: string; renderer?: string }, request: Partial<ChatRequest> = {}, reply = 'hm</think>so') => {
    const { add, chat } = setUp({ runner: () => ({ reply: () => reply }) })
    add('m', { config, layers: { template } })
    const events = await chat(request)
    const texts = (type: 'thinking-delta' | 'text-delta') => events.map((event) => (event.type === type ? event.text : '')).join('')
    return [texts('thinking-delta'), texts('text-delta')]
  }
  const parser = 'qwen3-thinking'
  const all = ['', 'hm</think>so']

  it('is where the replies of the family begin', async () => {
    expect(await reading({ parser })).toEqual(['hm', 'so'])
    expect(await reading({ parser }, { think: 'high' })).toEqual(['hm', 'so'])
    expect(await reading({ parser }, { think: false })).toEqual(all)
  })

  it('is not there behind a renderer, which would have told', async () => {
    expect(await reading({ parser, renderer: 'qwen3-coder' })).toEqual(all)
  })

  it('is not there where an answer has begun, and goes on where it has', async () => {
    expect(await reading({ parser }, { messages: [...QUESTION, { role: 'assistant', content: 'So' }] })).toEqual(all)
    expect(await reading({ parser, renderer: 'qwen3-vl-thinking' }, { messages: begun })).toEqual(['hm', 'so'])
  })

  it('needs its tag where a grammar holds, which lets none begin without', async () => {
    expect(await reading({ parser }, { format: { type: 'json' } }, '{"a": 1}')).toEqual(['', '{"a": 1}'])
  })
})

describe('tools', () => {
  it('are rendered, and calls come as calls', async () => {
    const { add, chat, requests } = setUp({
      runner: () => ({ reply: () => ['<tool_call>', '{"name": "f", "arguments": {"a": 1}}', '</tool_call>'] }),
    })
    add('m', { layers: { template: TOOLS_TEMPLATE } })
    const events = await chat({ tools: [TOOL] })
    expect(events.filter(({ type }) => type === 'tool-call')).toEqual([
      { type: 'tool-call', call: { id: 'call_1', function: { index: 0, name: 'f', arguments: { a: 1 } } } },
    ])
    expect(requests()[0]?.prompt).toContain('"name":"f"')
    expect(requests()[0]?.preservedTokens).toEqual(['<tool_call>'])
  })

  it('come in pieces for who asks for that, and none of a call beyond the one that is allowed', async () => {
    const many = Array.from({ length: 40 }, (_, index) => index % 10)
    const call = `{"name": "f", "arguments": {"a": [${many}]}}`
    const { add, chat } = setUp({
      runner: () => ({ reply: () => ['<tool_call>', call.slice(0, -3), call.slice(-3), '</tool_call>', `<tool_call>${call}`] }),
    })
    add('m', { layers: { template: TOOLS_TEMPLATE } })
    const all = await chat({ tools: [TOOL], streamsCalls: true })
    const written = (await chat({ tools: [TOOL], streamsCalls: true, parallelToolCalls: false })).filter(({ type }) =>
      type.startsWith('tool'),
    )
    expect(all.filter(({ type }) => type === 'tool-call')).toHaveLength(2)
    expect(written).toEqual([
      { type: 'tool-call-begun', id: expect.any(String), index: 0, name: 'f' },
      { type: 'tool-call-piece', index: 0, text: `{"a":[${many}` },
      { type: 'tool-call-piece', index: 0, text: ']}' },
      { type: 'tool-call', call: { id: expect.any(String), function: { index: 0, name: 'f', arguments: { a: many } } } },
    ])
  })
})

describe('format', () => {
  const schema = { type: 'schema', schema: { type: 'integer' } } as const

  it('holds from the first word where nothing is thought', async () => {
    const { add, chat, requests } = setUp()
    add('m')
    await chat({ format: schema })
    expect(requests()[0]?.grammar).toMatch(/root\s*::=/)
    expect(requests()[0]).not.toHaveProperty('grammarAfter')
  })

  it('holds after the thinking where there is some', async () => {
    const { add, chat, requests } = setUp()
    add('m', { layers: { template: `${THINKING_TEMPLATE}<think>\n` } })
    await chat({ format: { type: 'json' } })
    await chat({ format: { type: 'json' }, think: false })
    expect(requests().map(({ grammarAfter }) => grammarAfter)).toEqual(['</think>', undefined])
  })

  it('holds from the first word of a model that may think and may not', async () => {
    const { add, chat, requests } = setUp()
    add('m', { layers: { template: THINKING_TEMPLATE } })
    await chat({ format: schema })
    const [request] = requests()
    expect(request).not.toHaveProperty('grammarAfter')
    expect(request?.grammar).toMatch(/::= "<think>" until .*\nroot ::= \w+\? integer\n/)
  })

  it('holds after the thinking of the family that the model names', async () => {
    const { add, chat, requests } = setUp()
    add('m', { config: { parser: 'gemma4' } })
    await chat({ format: schema })
    expect(requests()[0]?.grammar).toContain('::= "<|channel>" until')
    expect(requests()[0]?.preservedTokens).toContain('<channel|>')
  })
})

describe('log-probabilities', () => {
  it('come with the text they belong to', async () => {
    const { add, chat } = setUp({ runner: () => ({ reply: () => ['a', 'b'] }) })
    add('m')
    const events = await chat({ topLogprobs: 1 })
    const logprobs = events.flatMap((event) => (event.type === 'text-delta' ? (event.logprobs ?? []) : []))
    expect(logprobs.map(({ token, top }) => [token, top?.length])).toEqual([
      ['a', 1],
      ['b', 1],
    ])
  })
})

describe('the first token of a prompt', () => {
  it.each([
    [true, '<s>hi', 'hi'],
    [true, '<bos>hi', 'hi'],
    [true, 'hi', 'hi'],
    [false, '<s>hi', '<s>hi'],
  ])('is not doubled (adds it: %s, %s)', async (addsBos, prompt, sent) => {
    const { add, chat, requests } = setUp({ runner: () => ({ facts: { addsBos } }) })
    add('m', { layers: { template: `${prompt}{{ if .Messages }}{{ end }}` } })
    await chat({ options: { num_predict: 1 } })
    expect(requests()[0]?.prompt).toBe(sent)
  })
})

describe('a chat template', () => {
  it('knows the special tokens of the loaded vocabulary', async () => {
    const { add, rendering, store } = setUp()
    add('unused')
    const file = { 'general.architecture': 'llama', 'tokenizer.chat_template': '{{ bos_token }}{{ messages[0].content }}{{ eos_token }}' }
    store.add('m', { layers: { model: JSON.stringify(file) } })
    expect(await rendering()).toBe('<s>why?</s>')
  })
})
