import { describe, expect, test } from 'vitest'
import { executeTemplate } from './exec.ts'
import { cutAfterResponse, inferThinkingTags, inferToolCallTag } from './inspect.ts'
import { parseTemplate } from './parse.ts'

describe('inferThinkingTags', () => {
  const infer = (text: string) => inferThinkingTags(parseTemplate(text).root)

  test('takes the texts around .Thinking inside a range over .Messages', () => {
    expect(infer('{{ range .Messages }}{{ if .Thinking }} <think>\n{{ .Thinking }}</think> {{ end }}{{ end }}')).toEqual({
      open: '<think>',
      close: '</think>',
    })
  })

  test('looks through nested blocks and lists with an index', () => {
    const text =
      '{{ range $i, $_ := .Messages }}{{ if eq .Role "assistant" }}{{ if (and .Thinking true) }}[T]{{ .Thinking }}[/T]{{ end }}{{ end }}{{ end }}'
    expect(infer(text)).toEqual({ open: '[T]', close: '[/T]' })
  })

  test.each([
    ['outside a range', '<think>{{ .Thinking }}</think>{{ .Messages }}'],
    ['in a range over something else', '{{ range .Tools }}<think>{{ .Thinking }}</think>{{ end }}'],
    ['through a variable', '{{ range $m := .Messages }}<think>{{ $m.Thinking }}</think>{{ end }}'],
    ['in a range over a variable', '{{ range $.Messages }}<think>{{ .Thinking }}</think>{{ end }}'],
    ['without a text behind', '{{ range .Messages }}<think>{{ .Thinking }}{{ end }}'],
  ])('finds nothing %s', (_, text) => {
    expect(infer(text)).toBeUndefined()
  })
})

describe('inferToolCallTag', () => {
  test.each([
    ['{{ range .Messages }}{{ if .ToolCalls }}<tool_call>\n{{ range .ToolCalls }}{"name"}{{ end }}{{ end }}{{ end }}', '<tool_call>'],
    ['{{ if .ToolCalls }}{{ range .ToolCalls }}<tool_call>{"name": 1}{{ end }}{{ end }}', '<tool_call>'],
    ['{{ if .ToolCalls }}{{ range .ToolCalls }}{"name": 1}{{ end }}{{ end }}', '{'],
    ['{{ if .ToolCalls }} \n [TOOL_CALLS] [{{ end }}', '[TOOL_CALLS] ['],
    ['{{ if .ToolCalls }}{{ .Content }}<x>{{ end }}', '{'],
    ['{{ range .ToolCalls }}<x>{{ end }}', '{'],
    ['{{ if .A }}{{ else }}{{ if and .ToolCalls true }}<x>{{ end }}{{ end }}', '<x>'],
    ['{{ .Prompt }}', '{'],
  ])('of %s is %s', (text, tag) => {
    expect(inferToolCallTag(parseTemplate(text).root)).toBe(tag)
  })
})

describe('cutAfterResponse', () => {
  test.each([
    ['{{ .Prompt }}|{{ .Response }}<end>{{ .Prompt }}', 'p|r'],
    ['{{ if .Prompt }}{{ .Response }}<end>{{ end }}tail', 'r'],
    ['{{ if .Response }}{{ .Response }}{{ else }}none{{ end }}tail', 'r'],
    ['{{ if .Response }}R{{ end }}{{ .Response }}', 'Rr'],
    ['{{ printf "%s!" .Response }}tail', 'r!'],
    ['{{ .Response | json }}tail', ''],
    ['no response', 'no responser'],
  ])('makes %s end as %s', (text, expected) => {
    const template = parseTemplate(text)
    const cut = { ...template, root: cutAfterResponse(template.root) }
    expect(executeTemplate(cut, { Prompt: 'p', Response: 'r' }, { nowMs: () => 0 })).toBe(expected)
  })

  test('leaves the template as it was', () => {
    const template = parseTemplate('{{ .Response }}<end>')
    cutAfterResponse(template.root)
    expect(executeTemplate(template, { Response: 'r' }, { nowMs: () => 0 })).toBe('r<end>')
  })
})
