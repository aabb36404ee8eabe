import { describe, expect, test } from 'vitest'
import { AppError } from '../../base/errors.ts'
import type { Message, Tool } from '../message.ts'
import { CHATML_TEMPLATE, createJinjaTemplate, type JinjaOptions } from './jinja.ts'

const options: JinjaOptions = { bosText: '<s>', eosText: '</s>', nowMs: () => new Date(2024, 1, 5, 12).getTime() }
const create = (text: string, changes: Partial<JinjaOptions> = {}) => createJinjaTemplate(text, { ...options, ...changes })
const user = (content: string): Message => ({ role: 'user', content })
const assistant = (content: string): Message => ({ role: 'assistant', content })
const call = { id: 'c1', function: { index: 0, name: 'f', arguments: { z: 1, a: 'é<' } } }

const PLAIN = '{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}'
const TOOLS =
  '{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% for c in m.tool_calls %}{{ c.id }}:{{ c.function.name }}:ARGS{% endfor %}{{ m.name }}{{ m.tool_call_id }}{% endfor %}'
const THINK =
  '{% for m in messages %}[{{ m.role }}]{% if m.reasoning_content %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}'

describe('a chat template', () => {
  test('renders messages and asks for the reply', () => {
    expect(create(PLAIN).render({ messages: [{ role: 'system', content: 'S' }, user('a')] })).toBe('[system]S[user]a[assistant]')
    expect(create(CHATML_TEMPLATE).render({ messages: [user('a')] })).toBe('<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n')
  })

  test('continues an assistant message at the end', () => {
    expect(create(PLAIN).render({ messages: [user('a'), assistant('The cap')] })).toBe('[user]a[assistant]The cap')
    expect(create(PLAIN).render({ messages: [user('a'), assistant('')] })).toBe('[user]a[assistant][assistant]')
  })

  test('closes the thinking of a message that it continues', () => {
    const messages = [user('a'), assistant('The cap')]
    expect(create(THINK).render({ messages })).toBe('[user]a[assistant]<think>\n\n</think>\n\nThe cap')
    expect(create(THINK).render({ messages, think: false })).toBe('[user]a[assistant]<think>\n\n</think>\n\nThe cap')
    expect(create(`${PLAIN}{# <think></think> #}<think>\n`).render({ messages })).toBe('[user]a[assistant]<think></think>The cap')
  })

  test('drops the thinking of the history', () => {
    expect(create(THINK).render({ messages: [{ ...assistant('a'), thinking: 'hm' }, user('b')] })).toBe('[assistant]a[user]b[assistant]')
  })

  test.each([
    [undefined, 'True,'],
    [true, 'True,'],
    [false, 'False,'],
    ['low' as const, 'True,lowlow'],
  ])('is told think %s as %s', (think, expected) => {
    const text = `{{ enable_thinking }},{{ reasoning_effort }}{{ reasoning_strength }}{# <think></think> #}`
    expect(create(text).render({ messages: [], ...(think === undefined ? {} : { think }) })).toBe(expected)
    expect(create('{{ enable_thinking }}').render({ messages: [] })).toBe('False')
  })

  test('knows the date, and the tokens around a text', () => {
    const text = '{{ bos_token }}{{ date_string }}/{{ datetime }}/{{ strftime_now("%Y-%m-%d") }}{{ eos_token }}'
    expect(create(text).render({ messages: [] })).toBe('<s>05 Feb 2024/Feb 05 2024/2024-02-05</s>')
    expect(create(text, { addsBos: true, addsEos: true }).render({ messages: [] })).toBe('05 Feb 2024/Feb 05 2024/2024-02-05')
  })

  test("shows tools in the client's order, with a description and parameters always", () => {
    const tool: Tool = {
      type: 'function',
      function: { name: 'f', parameters: { properties: { z: { type: ['string'] }, a: {} }, type: 'object' } },
    }
    expect(create(TOOLS).render({ messages: [], tools: [tool] })).toBe(
      '[{"type": "function", "function": {"name": "f", "description": "", "parameters": {"type": "object", "properties": {"z": {"type": "string"}, "a": {}}}}}]',
    )
    expect(create(TOOLS).render({ messages: [user('a')], tools: [] })).toBe('[user]a')
  })

  test('gives arguments as an object or as text, whichever the template can show', () => {
    const messages = [user('a'), { ...assistant(''), toolCalls: [call] }, { role: 'tool', content: 'r', toolName: 'f', toolCallId: 'c1' }]
    const withArguments = (expression: string): string => create(TOOLS.replace('ARGS', expression)).render({ messages })
    expect(withArguments('{{ c.function.arguments | tojson }}')).toBe('[user]a[assistant]c1:f:{"z": 1, "a": "é<"}[tool]rfc1')
    expect(withArguments('{{ c.function.arguments }}')).toBe('[user]a[assistant]c1:f:{"z":1,"a":"é<"}[tool]rfc1')
    expect(withArguments('{% for k, v in c.function.arguments.items() %}{{ k }}={{ v }};{% endfor %}')).toBe(
      '[user]a[assistant]c1:f:z=1;a=é<;[tool]rfc1',
    )
  })

  test('gives parts to a template that takes no text', () => {
    const text =
      '{% for m in messages %}[{{ m.role }}]{% for p in m.content if p is mapping and p.type == "text" %}{{ p.text }}{% endfor %}{% endfor %}'
    expect(create(text).render({ messages: [user('a')] })).toBe('[user]a')
  })

  test('puts the system text before the next message where the template refuses the role', () => {
    const text = `{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}${PLAIN}`
    const system = { role: 'system', content: 'S' }
    expect(create(text).render({ messages: [system, user('a')] })).toBe('[user]S\na[assistant]')
    expect(create(text).render({ messages: [system] })).toBe('[assistant]')
  })

  test('takes developer for system, but for the one format that knows it', () => {
    const messages = [{ role: 'developer', content: 'D' }, user('a')]
    expect(create(PLAIN).render({ messages })).toBe('[system]D[user]a[assistant]')
    expect(create(`${PLAIN}{# <|channel|> #}`).render({ messages })).toBe('[developer]D[user]a[assistant]')
  })

  test('reports what the template raises, and a template that does not parse when it is used', () => {
    const broken = create('{% if %}')
    expect(broken.capabilities).toEqual({ tools: false, thinking: false, insert: false })
    expect(() => broken.render({ messages: [] })).toThrow(AppError)
    expect(() => create("{{ raise_exception('roles must alternate') }}").render({ messages: [] })).toThrow('roles must alternate')
  })

  test('tells what it can do and which tags to look for', () => {
    expect(create(`${TOOLS}<tool_call>`)).toMatchObject({ capabilities: { tools: true, thinking: false }, toolCallTag: '<tool_call>' })
    expect(create(TOOLS).toolCallTag).toBe('{')
    expect(create(THINK)).toMatchObject({
      capabilities: { tools: false, thinking: true },
      thinkingTags: { open: '<think>', close: '</think>' },
    })
    expect(create(PLAIN).toolCallTag).toBeUndefined()
  })
})
