import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../base/errors.ts'
import type { Message, Think, Tool, ToolCall } from '../message.ts'
import type { RendererContext } from './renderer.ts'
import { findRenderer, isKnownRenderer, rendererNames, renderers } from './renderers.ts'

type WireMessage = Omit<Message, 'toolCalls' | 'toolName' | 'toolCallId'> & {
  tool_calls?: ToolCall[]
  tool_name?: string
  /** As OpenAI names it. */
  name?: string
  tool_call_id?: string
}

interface Recorded {
  conversations: Record<string, { messages: WireMessage[]; tools?: Tool[]; think?: Think }>
  prompts: Record<string, Record<string, string>>
}

interface Published extends Recorded {
  /** Null: the renderer is asked without a word about it. */
  thinks: Record<string, boolean | null>
}

const published: Published = JSON.parse(readFileSync(new URL('../../../tests/fixtures/published-prompts.json', import.meta.url), 'utf8'))
const recorded: Recorded = JSON.parse(readFileSync(new URL('../../../tests/fixtures/renderers.json', import.meta.url), 'utf8'))
const context: RendererContext = { modelName: 'x', parameterCount: 0, nowMs: () => 0 }

describe.each(rendererNames.filter((name) => name !== 'gemma4'))('the renderer %s', (name) => {
  const known = Object.entries(recorded.conversations).filter(([conversation]) => recorded.prompts[name]?.[conversation] !== undefined)
  it.each(known)('writes what Ollama writes: %s', (conversation, { messages, ...others }) => {
    const prompt = findRenderer(name).render({ ...others, messages: messages.map(toMessage) }, context)
    expect(prompt).toBe(recorded.prompts[name]?.[conversation])
  })

  it('begins with the BOS that it declares', () => {
    const { leadingBos, render } = findRenderer(name)
    const prompt = render({ messages: [user('x')] }, context)
    expect(prompt.startsWith(leadingBos ?? '')).toBe(true)
    expect(leadingBos !== undefined || !/^<(bos|s|BOS_TOKEN|\|begin_of_text\||\|startoftext\|)>/.test(prompt)).toBe(true)
  })
})

describe.each(Object.entries(published.prompts))('the renderer %s', (name, prompts) => {
  it.each(Object.entries(prompts))('writes what the published chat template writes: %s', (conversation, prompt) => {
    const { messages, ...others }: Recorded['conversations'][string] = published.conversations[conversation] ?? { messages: [] }
    const think = others.think ?? published.thinks[name]
    const input = { ...others, messages: messages.map(toMessage), ...(think === null || think === undefined ? {} : { think }) }
    expect(findRenderer(name).render(input, { ...context, nowMs: () => new Date(2026, 0, 5, 12).getTime() })).toBe(prompt)
  })
})

describe('gemma4', () => {
  const isLarge = (modelName: string, parameterCount: number) => {
    return renderers.gemma4
      ?.render({ messages: [user('x')], think: false }, { ...context, modelName, parameterCount })
      .includes('<|channel>')
  }

  it('is the small or the large variant by the name, else by the size', () => {
    expect([isLarge('gemma4:e4b', 30e9), isLarge('Gemma4:31B', 0), isLarge('mine', 12e9), isLarge('mine', 11.9e9)]).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  it('opens the thinking where the answers of tools are the last word', () => {
    const turns = [user('x'), assistant('', { toolCalls: [call('now', {})] }), tool('12:00')]
    expect(render('gemma4-large', turns, { think: true })).toMatch(/<tool_response\|><\|channel>thought\n$/)
    expect(render('gemma4-large', turns.slice(0, 2))).toMatch(/<tool_call\|><\|tool_response>$/)
  })

  it('takes thoughts out of earlier answers', () => {
    expect(render('gemma4-small', [user('x'), assistant('<|channel>thought\nold<channel|> yes '), user('y')])).toContain(
      '<|turn>model\nyes<turn|>',
    )
    expect(render('gemma4-small', [user('x'), assistant('yes <|channel>thought'), user('y')])).toContain('<|turn>model\nyes<turn|>')
  })

  it('declares nested parameters', () => {
    const properties = {
      list: { type: 'array', items: { type: 'object', properties: { a: { type: ['integer', 'null'] } }, required: ['a'] } },
      any: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
      where: { type: 'object', properties: { x: { type: 'number', nullable: true } }, required: ['x'] },
    }
    const prompt = render('gemma4-small', [user('x')], {
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties } } }],
    })
    const marked = prompt.replaceAll('<|"|>', '"')
    expect(marked).toContain("any:{type:\"['STRING', 'INTEGER']\"}")
    expect(marked).toContain('list:{items:{properties:{a:{type:["INTEGER","NULL"]}},required:["a"],type:"OBJECT"},type:"ARRAY"}')
    expect(marked).toContain('where:{properties:{x:{nullable:true,type:"NUMBER"}},required:["x"],type:"OBJECT"}')
  })
})

describe('qwen3.8', () => {
  it('says how hard to think', () => {
    const effort = (think?: Think) => /xhigh|set to low/.exec(render('qwen3.8', [user('x')], think === undefined ? {} : { think }))?.[0]
    expect([undefined, 'high', 'max', 'low', 'medium', true, false].map((think) => effort(think as Think))).toEqual([
      'xhigh',
      'xhigh',
      'xhigh',
      'set to low',
      undefined,
      undefined,
      undefined,
    ])
  })

  it('joins all instructions in one system turn', () => {
    const prompt = render('qwen3.8', [system('A'), user('x'), { role: 'developer', content: ' B ' }], { think: 'medium' })
    expect(prompt).toBe('<|im_start|>system\nA\n\nB<|im_end|>\n<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n<think>\n')
  })
})

describe('nemotron-3-nano', () => {
  it('obeys the switches in the text; 3.5 shows them', () => {
    const turns = [user('a /no_think b'), assistant('x'), user('c')]
    expect(render('nemotron-3-nano', turns)).toMatch(/user\na {2}b<\|im_end\|>.*<think><\/think>$/s)
    expect(render('nemotron-3-nano', [...turns, user('/think')])).toMatch(/<think>\n$/)
    expect(render('nemotron-3.5-nano', turns, { think: 'medium' })).toMatch(
      /a \/no_think b.*c\n\n\{reasoning effort: efficient\}<\|im_end\|>.*<think>\n$/s,
    )
  })
})

describe('where Ollama does worse', () => {
  it('arguments keep the order in which the model wrote them, so that the cached prefix holds', () => {
    const turns = [user('x'), assistant('', { toolCalls: [call('f', { z: 1, a: 'é' })] })]
    expect(render('olmo3', turns)).toContain('f(z=1, a="é")')
    expect(render('lfm2', turns)).toContain('[f(z=1,a="é")]')
  })

  it('large numbers and null are written as JSON', () => {
    const turns = [user('x'), assistant('', { toolCalls: [call('f', { n: 1000000, none: null })] })]
    expect(render('qwen3-coder', turns)).toContain('<parameter=n>\n1000000\n</parameter>\n<parameter=none>\nnull\n</parameter>')
    expect(render('functiongemma', turns)).toContain('call:f{n:1000000,none:null}')
  })
})

it('an unknown name is told apart', () => {
  expect([isKnownRenderer('cohere'), isKnownRenderer('toString')]).toEqual([true, false])
  const error = catchError(() => findRenderer('constructor'))
  expect(isAppError(error, 'template_error') && error.details).toEqual({ renderer: 'constructor' })
})

function render(name: string, messages: Message[], others: { tools?: Tool[]; think?: Think } = {}): string {
  return findRenderer(name).render({ messages, ...others }, context)
}

function toMessage({ tool_calls, tool_name, name, tool_call_id, ...message }: WireMessage): Message {
  return {
    ...message,
    ...(tool_calls ? { toolCalls: tool_calls } : {}),
    ...(tool_name || name ? { toolName: tool_name ?? name } : {}),
    ...(tool_call_id ? { toolCallId: tool_call_id } : {}),
  }
}

function user(content: string): Message {
  return { role: 'user', content }
}

function system(content: string): Message {
  return { role: 'system', content }
}

function tool(content: string): Message {
  return { role: 'tool', content }
}

function assistant(content: string, others: Partial<Message> = {}): Message {
  return { role: 'assistant', content, ...others }
}

function call(name: string, args: Record<string, unknown>): ToolCall {
  return { function: { index: 0, name, arguments: args } }
}

function catchError(run: () => unknown): unknown {
  try {
    run()
    return undefined
  } catch (error) {
    return error
  }
}
