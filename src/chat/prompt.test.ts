import { describe, expect, test } from 'vitest'
import { createGoTemplate } from './go-template.ts'
import type { Message } from './message.ts'
import { chatMessages, completionMessages, renderPrompt, stripLeadingBos, tagImages, withoutImageMarks } from './prompt.ts'
import type { PromptTemplate } from './prompt-template.ts'

const plain = { family: 'llama', modelName: 'm' }
const user = (content: string): Message => ({ role: 'user', content })
const assistant = (content: string): Message => ({ role: 'assistant', content })
const image = Uint8Array.of(1)

describe('chatMessages', () => {
  const model = { ...plain, system: 'S', messages: [user('m1'), assistant('m2')] }

  test('puts SYSTEM and MESSAGES before the request', () => {
    expect(chatMessages(model, [user('a')]).map((message) => message.content)).toEqual(['S', 'm1', 'm2', 'a'])
  })

  test('leaves SYSTEM out only where the request begins with a system message', () => {
    const system = { role: 'system', content: 'mine' }
    expect(chatMessages(model, [system, user('a')]).map((message) => message.content)).toEqual(['m1', 'm2', 'mine', 'a'])
    expect(chatMessages(model, [user('a'), system]).map((message) => message.content)).toEqual(['S', 'm1', 'm2', 'a', 'mine'])
  })

  test.each([
    ['<think>x</think>\n b', 'b'],
    [' \n<think>x', ''],
    ['b <think>x</think>', 'b <think>x</think>'],
  ])('drops thinking of %j in the history of the families that want it', (content, expected) => {
    const history = [user('a'), assistant(content), user('c'), assistant(content)]
    const contents = (family: string, modelName: string): string[] =>
      chatMessages({ family, modelName }, history).map((message) => message.content)
    expect(contents('qwen3', 'm')).toEqual(['a', expected, 'c', content])
    expect(contents('llama', 'deepseek-r1')).toEqual(['a', expected, 'c', content])
    expect(contents('llama', 'm')).toEqual(['a', content, 'c', content])
  })
})

describe('completionMessages', () => {
  const model = { ...plain, system: 'S', messages: [user('m1')] }

  test('prefers the system text of the request', () => {
    expect(completionMessages(model, { prompt: 'p', system: 'mine' })[0]).toEqual({ role: 'system', content: 'mine' })
    expect(completionMessages(model, { prompt: 'p' })[0]).toEqual({ role: 'system', content: 'S' })
    expect(completionMessages(plain, { prompt: 'p' })).toEqual([user('p')])
  })

  test('skips MESSAGES where a context is given', () => {
    expect(completionMessages(model, { prompt: 'p', hasContext: true })).toEqual([{ role: 'system', content: 'S' }, user('p')])
  })

  test('gives the images to the prompt', () => {
    expect(completionMessages(plain, { prompt: 'p', images: [image] })).toEqual([{ ...user('p'), images: [image] }])
  })
})

describe('images', () => {
  test('are tagged before the text, or where the text says so', () => {
    const messages = [
      { ...user('see'), images: [image, image] },
      { ...user('[img] and [img]'), images: [image] },
      { ...user('a [img] b'), images: [image, image] },
    ]
    expect(tagImages(messages, 'before').map((message) => message.content)).toEqual([
      '[img-0][img-1]see',
      '[img-2] and [img]',
      '[img-4]a [img-3] b',
    ])
  })

  test('are tagged apart from the text for a renderer, unless the text has their marks', () => {
    const messages = [
      { ...user('see'), images: [image, image] },
      { ...user(' a [img] b'), images: [image, image] },
      { ...user('as in [img-4] here'), images: [image] },
      { ...user('as in [img-0] here'), images: [image] },
      { ...user(''), images: [image] },
    ]
    expect(tagImages(messages, 'apart').map((message) => message.content)).toEqual([
      '[img-0][img-1] see',
      '[img-3] a [img-2] b',
      'as in [img-4] here',
      '[img-5] as in [img-0] here',
      '[img-6]',
    ])
  })

  test('of an earlier prompt leave no marks that would show those of this one', () => {
    expect(withoutImageMarks('a[img-0]b[img-1]c[img-12]', 2)).toBe('abc[img-12]')
    expect(withoutImageMarks('a[img-0]b', 0)).toBe('a[img-0]b')
  })

  test('are tagged behind the text for a chat template in a chat, and in front of it otherwise', () => {
    const messages = [{ ...user('see'), images: [image] }]
    const echo = (kind: PromptTemplate['kind']): PromptTemplate => ({
      ...createGoTemplate('{{ .Prompt }}', { nowMs: () => 0 }),
      kind,
      render: (input) => input.messages.map((message) => message.content).join(''),
    })
    expect(renderPrompt(echo('jinja'), { messages, purpose: 'chat' })).toEqual({ prompt: 'see[img-0]', images: [image] })
    expect(renderPrompt(echo('jinja'), { messages, purpose: 'completion' }).prompt).toBe('[img-0]see')
    expect(renderPrompt(echo('go'), { messages, purpose: 'chat' }).prompt).toBe('[img-0]see')
    expect(renderPrompt(echo('renderer'), { messages, purpose: 'chat' })).toEqual({ prompt: '[img-0] see', images: [image] })
  })
})

describe('stripLeadingBos', () => {
  test.each([
    ['<s>a', { addsBos: true, bosText: '<s>' }, 'a'],
    ['<s><s>a', { addsBos: true, bosText: '<s>' }, '<s>a'],
    ['<bos>a', { addsBos: true, bosText: '<s>' }, 'a'],
    ['[B]a', { addsBos: true, bosText: '<s>', rendererBos: '[B]' }, 'a'],
    ['<s>a', { addsBos: false, bosText: '<s>' }, '<s>a'],
    ['a', { addsBos: true, bosText: '' }, 'a'],
  ])('of %j under %j leaves %j', (prompt, rule, expected) => {
    expect(stripLeadingBos(prompt, rule)).toBe(expected)
  })
})
