import { describe, expect, it } from 'vitest'
import type { GenerateRequest } from './service.ts'
import { collect, createStage, finishOf, INSERT_TEMPLATE, PLAIN_FILE, POOLING_FILE, THINKING_TEMPLATE, textOf } from './testing/stage.ts'

const PROJECTOR = JSON.stringify({ 'general.architecture': 'clip' })

function setUp(options: Parameters<typeof createStage>[0] = {}) {
  const stage = createStage({ runner: () => ({ reply: () => 'because' }), ...options })
  const generate = (request: Partial<GenerateRequest> = {}) =>
    collect(stage.services.generate({ model: 'm', prompt: 'why?', ...request }, new AbortController().signal))
  const rendering = async (request: Partial<GenerateRequest>) => {
    const [event] = await generate({ ...request, debugRenderOnly: true })
    return event?.type === 'rendered' ? event.prompt : undefined
  }
  return { ...stage, generate, rendering }
}

describe('generate', () => {
  it('answers a prompt as a talk of one turn, and tells its tokens', async () => {
    const { add, generate, requests } = setUp()
    add('m')
    const events = await generate()
    expect(textOf(events)).toBe('because')
    expect(requests()[0]?.prompt).toBe('user: why?\n')
    expect(finishOf(events).context).toEqual([...Buffer.from('user: why?\nbecause')])
  })

  it('without a prompt loads the model, and unloads it without keep-alive', async () => {
    const { add, generate, scheduler } = setUp()
    add('m')
    expect(await generate({ prompt: '' })).toEqual([{ type: 'loaded' }])
    expect(scheduler.running()).toHaveLength(1)
    expect(await generate({ prompt: '', keepAliveNs: 0 })).toEqual([{ type: 'unloaded' }])
    expect(scheduler.running()).toEqual([])
  })

  it.each([
    ['"xml"', 'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object'],
    ['5', 'invalid format: "5"; expected "json" or a valid JSON Schema object'],
    ['["json"]', 'invalid format: "[\\"json\\"]"; expected "json" or a valid JSON Schema object'],
  ])('refuses the format %s', async (sent, message) => {
    const { add, generate } = setUp()
    add('m')
    await expect(generate({ format: { type: 'unknown', sent } })).rejects.toMatchObject({ code: 'invalid_format', message })
  })

  it('refuses a format only where it would be used', async () => {
    const { add, generate, rendering } = setUp()
    add('m')
    const format = { type: 'unknown', sent: '5' } as const
    expect(await generate({ prompt: '', format })).toEqual([{ type: 'loaded' }])
    expect(await rendering({ format })).toBe('user: why?\n')
    await expect(generate({ model: 'other', format })).rejects.toMatchObject({ code: 'model_not_found' })
    await expect(generate({ options: { top_k: 'x' }, format })).rejects.toMatchObject({ code: 'invalid_option' })
  })

  it('with a prompt and without keep-alive answers first', async () => {
    const { add, generate, scheduler } = setUp()
    add('m')
    expect(textOf(await generate({ keepAliveNs: 0 }))).toBe('because')
    expect(scheduler.running()).toEqual([])
  })

  it('splits thinking, also where a grammar holds after it', async () => {
    const { add, generate, requests } = setUp({ runner: () => ({ reply: () => ['<think>', 'hm', '</think>', '{}'] }) })
    add('m', { layers: { template: THINKING_TEMPLATE } })
    const events = await generate({ format: { type: 'json' } })
    expect([textOf(events, 'thinking-delta'), textOf(events)]).toEqual(['hm', '{}'])
    expect(requests()[0]?.grammar).toContain('<think>')
    expect(finishOf(events).context).toHaveLength('user: why?\nthink=truemediumhm{}'.length + 2)
  })
})

describe('the prompt', () => {
  const layers = { system: 'Be brief.', messages: JSON.stringify([{ role: 'user', content: 'I am Ada.' }]) }

  it('has the system text and the history of the model, or the system text of the request', async () => {
    const { add, rendering } = setUp()
    add('m', { layers })
    expect(await rendering({})).toBe('system: Be brief.\nuser: I am Ada.\n\nwhy?\n')
    expect(await rendering({ system: 'Be long.' })).toBe('system: Be long.\nuser: I am Ada.\n\nwhy?\n')
  })

  it('begins with the text of a context, which replaces the history', async () => {
    const { add, rendering } = setUp()
    add('m', { layers })
    expect(await rendering({ context: [...Buffer.from('before ')] })).toBe('before system: Be brief.\nuser: why?\n')
    expect(await rendering({ context: [] })).toBe('system: Be brief.\nuser: why?\n')
  })

  it('is sent as it is in raw mode, and the reply has no context', async () => {
    const { add, generate, requests } = setUp({ runner: () => ({ reply: () => ['<think>', 'hm'] }) })
    add('m', { layers: { ...layers, template: THINKING_TEMPLATE } })
    const events = await generate({ raw: true, prompt: '<|im_start|>x' })
    expect(requests()[0]).toMatchObject({ prompt: '<|im_start|>x' })
    expect(requests()[0]).not.toHaveProperty('preservedTokens')
    expect(textOf(events)).toBe('<think>hm')
    expect(finishOf(events)).not.toHaveProperty('context')
  })

  it('follows the template of the request instead of all that the model has', async () => {
    const { add, rendering } = setUp()
    const file = { ...PLAIN_FILE, 'tokenizer.chat_template': 'never' }
    add('m', { config: { renderer: 'unknown' }, layers: { model: JSON.stringify(file), system: 'Be brief.' } })
    expect(await rendering({ template: '[{{ .System }}] {{ .Prompt }}!' })).toBe('[Be brief.] why?!')
    await expect(rendering({ template: '{{ if' })).rejects.toMatchObject({ code: 'template_error' })
  })

  it('leaves a gap to be filled where there is a suffix', async () => {
    const { add, rendering } = setUp()
    add('m', { layers: { ...layers, template: INSERT_TEMPLATE } })
    expect(await rendering({ prompt: 'def f(', suffix: 'return 1' })).toBe('<pre>def f(<suf>return 1<mid>')
    await expect(rendering({ suffix: 'x', template: '{{ .Prompt }}' })).rejects.toMatchObject({ code: 'template_error' })
  })

  it('is the bare prompt where the model has no template at all', async () => {
    const { store, rendering } = setUp()
    store.add('m', { layers: { model: JSON.stringify(PLAIN_FILE) } })
    expect(await rendering({})).toBe('why?')
  })

  it('has a place for images in front of a gap, and under a template of the request', async () => {
    const { add, rendering } = setUp()
    add('m', { layers: { template: INSERT_TEMPLATE } })
    const images = [new Uint8Array([1]), new Uint8Array([2])]
    expect(await rendering({ prompt: 'def [img] f(', suffix: 'return 1', images })).toBe('<pre>[img-1]def [img-0] f(<suf>return 1<mid>')
    expect(await rendering({ template: 'ask: {{ .Prompt }}', images })).toBe('ask: [img-0][img-1]why?')
  })

  it('shows an image where it stands now, not where one stood in the context', async () => {
    const { add, generate, rendering } = setUp()
    add('eyes', { layers: { projector: PROJECTOR } })
    const images = [new Uint8Array([1])]
    const { context } = finishOf(await generate({ model: 'eyes', images }))
    expect(context).toEqual([...Buffer.from('user: why?\nbecause')])
    const marked = [...Buffer.from('user: [img-0]old [img-7]\n')]
    expect(await rendering({ model: 'eyes', context: marked, images })).toBe('user: old [img-7]\nuser: [img-0]why?\n')
  })

  it('of tokens or raw has no place for images but the marks in it', async () => {
    const { add, generate, requests } = setUp()
    add('eyes', { layers: { projector: PROJECTOR } })
    const images = [new Uint8Array([1]), new Uint8Array([2])]
    const refused = { code: 'invalid_request', message: 'the prompt has no place for image 1: write [img-1] where it belongs' }
    await expect(generate({ model: 'eyes', raw: true, prompt: 'a [img-0]', images })).rejects.toMatchObject(refused)
    await expect(generate({ model: 'eyes', prompt: '', promptTokens: [1], images })).rejects.toMatchObject({ code: 'invalid_request' })
    await generate({ model: 'eyes', raw: true, prompt: '[img-1] a [img-0]', images })
    expect(requests()[0]).toMatchObject({ prompt: '[img-1] a [img-0]', images })
  })

  it('takes images', async () => {
    const { add, generate } = setUp()
    add('m')
    const [event] = await generate({ images: [new Uint8Array([1])], debugRenderOnly: true })
    expect(event).toEqual({ type: 'rendered', prompt: 'user: [img-0]why?\n', imageCount: 1 })
  })
})

describe('what is refused before anything is loaded', () => {
  async function refusal(request: Partial<GenerateRequest>, layers = {}, config = {}) {
    const { add, generate, loader } = setUp()
    add('m', { layers, config })
    const error = await generate(request).then(
      () => undefined,
      (thrown: Error & { code: string }) => thrown,
    )
    expect(loader.loads).toHaveLength(0)
    return { code: error?.code, message: error?.message }
  }

  it.each([{ template: 'x' }, { system: 'x' }, { context: [1] }])('is raw mode with %j', async (more) => {
    expect(await refusal({ raw: true, ...more })).toEqual({
      code: 'invalid_request',
      message: 'raw mode does not support template, system, or context',
    })
  })

  it('is not raw mode with an empty context', async () => {
    const { add, generate } = setUp()
    add('m')
    expect(textOf(await generate({ raw: true, context: [], template: '' }))).toBe('because')
  })

  it('is a suffix for a model that cannot insert', async () => {
    const message = 'registry.ollama.ai/library/m:latest does not support insert'
    expect(await refusal({ suffix: 'end' })).toEqual({ code: 'unsupported_capability', message })
  })

  it('is a model that only embeds', async () => {
    const layers = { model: JSON.stringify(POOLING_FILE) }
    expect(await refusal({}, layers)).toEqual({ code: 'unsupported_capability', message: '"m" does not support generate' })
  })

  it('is a model that makes images', async () => {
    const message = 'image generation models are not currently supported'
    expect(await refusal({}, {}, { capabilities: ['image'] })).toEqual({ code: 'unsupported_capability', message })
  })

  it('is a model in another format', async () => {
    expect(await refusal({}, {}, { model_format: 'safetensors', capabilities: ['completion'] })).toMatchObject({ code: 'not_supported' })
  })

  it('is raw mode first, then thinking, then the capability', async () => {
    expect(await refusal({ raw: true, system: 'x', think: true, suffix: 'x' })).toMatchObject({ code: 'invalid_request' })
    expect(await refusal({ think: true, suffix: 'x' })).toMatchObject({ code: 'thinking_unsupported' })
  })
})
