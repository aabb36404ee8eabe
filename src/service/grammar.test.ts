import { describe, expect, it } from 'vitest'
import type { Message, Tool } from '../chat/message.ts'
import { FAKE_VOCABULARY_SIZE } from '../runner/testing/fake-tokens.ts'
import type { ChatRequest } from './service.ts'
import { collect, createStage, finishOf, THINKING_TEMPLATE, TOOLS_TEMPLATE, textOf } from './testing/stage.ts'

const QUESTION: Message[] = [{ role: 'user', content: 'why?' }]
const tool = (name: string): Tool => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] } },
})
const CALL = '<tool_call>{"name": "f", "arguments": {"a": "x"}}</tool_call>'

function setUp(reply = CALL) {
  const stage = createStage({ runner: () => ({ reply: () => reply }) })
  stage.add('m', { layers: { template: TOOLS_TEMPLATE } })
  stage.add('plain')
  stage.add('thinker', { layers: { template: THINKING_TEMPLATE } })
  const chat = (request: Partial<ChatRequest> = {}) =>
    collect(
      stage.services.chat({ model: 'm', messages: QUESTION, tools: [tool('f'), tool('g')], ...request }, new AbortController().signal),
    )
  return { ...stage, chat }
}

describe('the choice between tools', () => {
  it("is the model's own unless the request says otherwise", async () => {
    const { chat, requests } = setUp()
    await chat()
    await chat({ toolChoice: 'auto' })
    expect(requests().map(({ grammar, closing }) => [grammar, closing])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ])
  })

  it('none: the prompt has no tools, and what looks like a call is text', async () => {
    const { chat, requests } = setUp()
    const events = await chat({ toolChoice: 'none' })
    expect(textOf(events)).toBe(CALL)
    expect(requests()[0]?.prompt).not.toContain('"name":"f"')
  })

  it('required: a grammar of all tools, in several calls, that is closed in time', async () => {
    const { chat, requests } = setUp()
    const events = await chat({ toolChoice: 'required' })
    expect(events.map(({ type }) => type)).toEqual(['tool-call', 'finish'])
    const [request] = requests()
    expect(request?.grammar).toMatch(/call-f ::=.*\n?/)
    expect(request?.grammar).toContain('call-g ::=')
    expect(request?.closing).toEqual({ tokensLeft: 29, texts: ['"', '}', ']', ')'] })
    expect(request?.maxTokens).toBe(4096)
  })

  it('one function: a grammar of one call of it', async () => {
    const { chat, requests } = setUp()
    await chat({ toolChoice: { name: 'g' } })
    expect(requests()[0]?.grammar).toContain('call-g ::=')
    expect(requests()[0]?.grammar).not.toContain('call-f ::=')
  })

  it('is refused where it cannot be enforced', async () => {
    const { chat } = setUp()
    await expect(chat({ model: 'plain', toolChoice: 'required' })).rejects.toMatchObject({ code: 'unsupported_capability' })
  })

  it('stands beside a format: the reply may be either', async () => {
    const { chat, requests } = setUp()
    await chat({ format: { type: 'schema', schema: { type: 'object', properties: { answer: { type: 'string' } } } } })
    expect(requests()[0]?.grammar).toContain('call-f ::=')
    expect(requests()[0]?.grammar).toContain('answer')
  })
})

describe('calls beside one another', () => {
  it('are left out where one is wanted at most', async () => {
    const { chat } = setUp(CALL + CALL)
    expect((await chat()).filter(({ type }) => type === 'tool-call')).toHaveLength(2)
    expect((await chat({ parallelToolCalls: false })).filter(({ type }) => type === 'tool-call')).toHaveLength(1)
  })
})

describe('what a run is asked beside its messages', () => {
  it('are biases and a prompt that is only evaluated', async () => {
    const { chat, requests } = setUp('x')
    await chat({ logitBias: [[5, -100]], prefillOnly: true })
    expect(requests()[0]).toMatchObject({ sampling: { logitBias: [[5, -100]] }, maxTokens: 0 })
  })

  it('are refused for a token that the model does not have', async () => {
    const { chat } = setUp('x')
    const refused = { code: 'invalid_request', details: { param: 'logit_bias' } }
    await expect(chat({ logitBias: [[FAKE_VOCABULARY_SIZE, 1]] })).rejects.toMatchObject(refused)
    await chat({ logitBias: [[FAKE_VOCABULARY_SIZE - 1, 1]] })
  })

  it('may be tokens, which go to the model as they are', async () => {
    const { services, requests } = setUp('x')
    const events = await collect(services.generate({ model: 'm', prompt: '', promptTokens: [1, 2] }, new AbortController().signal))
    expect(requests()[0]?.prompt).toEqual([1, 2])
    expect(finishOf(events)).not.toHaveProperty('context')
  })

  it('may not be tokens and a template', async () => {
    const { services } = setUp('x')
    const run = services.generate({ model: 'm', prompt: '', promptTokens: [1], system: 's' }, new AbortController().signal)
    await expect(collect(run)).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('are no variables where the template has none', async () => {
    const { chat } = setUp('x')
    await expect(chat({ templateVariables: { style: 'short' } })).rejects.toMatchObject({ details: { param: 'chat_template_kwargs' } })
    expect(textOf(await chat({ templateVariables: { enable_thinking: false } }))).toBe('x')
  })
})

it('thinking is counted', async () => {
  const { chat } = setUp('<think>one two</think>three')
  const finish = finishOf(await chat({ model: 'thinker', tools: [] }))
  expect(finish.thinkingTokens).toBeGreaterThan(0)
  expect(finish.thinkingTokens).toBeLessThanOrEqual(finish.timings.evalTokens)
})
