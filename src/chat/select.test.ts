import { describe, expect, test } from 'vitest'
import { AppError } from '../base/errors.ts'
import { hasToolRoundTrip, jinjaCapabilities } from './jinja-capabilities.ts'
import type { TemplateSource } from './prompt-template.ts'
import { DEFAULT_TEMPLATE, isHarmony, selectCompletionTemplate, selectedTemplateText, selectPromptTemplate } from './select.ts'

const base: TemplateSource = { family: 'llama', modelName: 'm', parameterCount: 1, bosText: '', eosText: '', nowMs: () => 0 }
const kindOf = (source: Partial<TemplateSource>): string => selectPromptTemplate({ ...base, ...source }).kind

const PLAIN_GO = '{{ range .Messages }}{{ .Content }}{{ end }}'
const TOOLS_GO = '{{ .Tools }}{{ range .Messages }}{{ .Content }}{{ end }}'
const ROUND_GO = '{{ .Tools }}{{ range .Messages }}{{ if .ToolCalls }}{{ end }}{{ if eq .Role "tool" }}{{ end }}{{ end }}'
const PLAIN_CHAT = '{{ messages }}'
const TOOLS_CHAT = '{{ tools }}'
const ROUND_CHAT = '{{ tools }}{{ tool_calls }}<tool_response>'
const THINK_CHAT = '<think></think>'

describe('selectPromptTemplate', () => {
  test.each([
    ['go', { goTemplate: PLAIN_GO }],
    ['jinja', { chatTemplate: PLAIN_CHAT }],
    ['jinja', {}],
    ['go', { goTemplate: PLAIN_GO, chatTemplate: PLAIN_CHAT }],
    ['jinja', { goTemplate: PLAIN_GO, chatTemplate: TOOLS_CHAT }],
    ['jinja', { goTemplate: PLAIN_GO, chatTemplate: THINK_CHAT }],
    ['go', { goTemplate: TOOLS_GO, chatTemplate: TOOLS_CHAT }],
    ['jinja', { goTemplate: TOOLS_GO, chatTemplate: ROUND_CHAT }],
    ['go', { goTemplate: ROUND_GO, chatTemplate: ROUND_CHAT }],
    ['go', { goTemplate: ROUND_GO, chatTemplate: TOOLS_CHAT + THINK_CHAT }],
    ['jinja', { goTemplate: ROUND_GO, chatTemplate: ROUND_CHAT + THINK_CHAT }],
    ['go', { goTemplate: TOOLS_GO, chatTemplate: THINK_CHAT }],
    ['go', { goTemplate: PLAIN_GO, chatTemplate: ROUND_CHAT, preferGoTemplate: true }],
    ['jinja', { goTemplate: ROUND_GO, chatTemplate: PLAIN_CHAT, preferGoTemplate: false }],
    ['jinja', { chatTemplate: PLAIN_CHAT, preferGoTemplate: true }],
    ['go', { goTemplate: PLAIN_GO, chatTemplate: ROUND_CHAT, parser: 'qwen3' }],
    ['go', { chatTemplate: ROUND_CHAT, parser: 'qwen3' }],
    ['renderer', { goTemplate: PLAIN_GO, chatTemplate: ROUND_CHAT, renderer: 'some' }],
    ['go', { goTemplate: '<|start|>{{ .Prompt }}<|end|>', chatTemplate: ROUND_CHAT, family: 'gptoss' }],
    ['jinja', { goTemplate: PLAIN_GO, chatTemplate: ROUND_CHAT, family: 'gptoss' }],
  ])('takes %s for %j', (kind, source) => {
    expect(kindOf(source)).toBe(kind)
  })

  test('fails on a Go template that does not parse', () => {
    expect(() => kindOf({ goTemplate: '{{ .Prompt' })).toThrow(new AppError('template_error', 'template: :1: unclosed action'))
  })

  test('names an unknown renderer when a prompt is wanted, not before', () => {
    const template = selectPromptTemplate({ ...base, renderer: 'toString', goTemplate: TOOLS_GO })
    expect(template.capabilities.tools).toBe(true)
    expect(() => template.render({ messages: [] })).toThrow('unknown renderer "toString"')
  })

  test('gives a model without templates ChatML in a chat and the bare prompt in a completion', () => {
    const messages = [{ role: 'user', content: 'a' }]
    expect(selectPromptTemplate(base).render({ messages })).toBe('<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n')
    expect(selectCompletionTemplate(base).render({ messages })).toBe('a')
    expect(selectCompletionTemplate({ ...base, chatTemplate: PLAIN_CHAT }).kind).toBe('jinja')
  })

  test('tells harmony by family and tags', () => {
    expect(isHarmony({ ...base, family: 'gpt-oss', goTemplate: '<|start|><|end|>' })).toBe(true)
    expect(isHarmony({ ...base, family: 'gpt-oss', goTemplate: '<|start|>' })).toBe(false)
    expect(isHarmony({ ...base, goTemplate: '<|start|><|end|>' })).toBe(false)
  })

  test('lets harmony think high at most', () => {
    const goTemplate = '<|start|>{{ .ThinkLevel }}{{ .Messages | len }}<|end|>'
    expect(selectPromptTemplate({ ...base, family: 'gptoss', goTemplate }).render({ messages: [], think: 'max' })).toBe(
      '<|start|>high0<|end|>',
    )
    expect(selectPromptTemplate({ ...base, goTemplate }).render({ messages: [], think: 'max' })).toBe('<|start|>max0<|end|>')
  })
})

describe('selectedTemplateText', () => {
  test('is the text of the template in use', () => {
    expect(selectedTemplateText({ ...base, chatTemplate: PLAIN_CHAT })).toBe(PLAIN_CHAT)
    expect(selectedTemplateText({ ...base, chatTemplate: PLAIN_CHAT, goTemplate: PLAIN_GO })).toBe(PLAIN_GO)
    expect(selectedTemplateText({ ...base, chatTemplate: PLAIN_CHAT, renderer: 'some' })).toBe(DEFAULT_TEMPLATE)
    expect(selectedTemplateText(base)).toBe(DEFAULT_TEMPLATE)
  })
})

describe('jinjaCapabilities', () => {
  test.each([
    ['{{ messages }}', { tools: false, thinking: false }],
    ['{{ tools }}', { tools: true, thinking: false }],
    ['{{ m.tool_calls }}', { tools: true, thinking: false }],
    ['<think></think>', { tools: false, thinking: true }],
    ['<think>', { tools: false, thinking: false }],
    [`{{ content.split('</think>') }}`, { tools: false, thinking: true }],
    [`{{ content.split('</think>') }}{{ reasoning_content }}`, { tools: false, thinking: false }],
    [`{{ content.split("</think>") }}<SPECIAL_12>`, { tools: false, thinking: false }],
  ])('of %s', (text, expected) => {
    expect(jinjaCapabilities(text)).toEqual(expected)
  })

  test.each([
    ['tool_calls tool_response', true],
    [`tool_calls message.role == "tool"`, true],
    [`assistant_tool_call role'] == 'tool'`, true],
    ['tools ipython', false],
    ['tool_calls', false],
  ])('finds a round trip in %s: %s', (text, expected) => {
    expect(hasToolRoundTrip(text)).toBe(expected)
  })
})
