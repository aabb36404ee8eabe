import { describe, expect, test } from 'vitest'
import { AppError } from '../base/errors.ts'
import { formatNode } from './ast.ts'
import { MAX_NESTING, MAX_TEMPLATE_CHARACTERS, parseTemplate } from './parse.ts'

const problemOf = (text: string): string => {
  try {
    parseTemplate(text)
  } catch (error) {
    if (error instanceof AppError && error.code === 'template_error') return error.message
    throw error
  }
  return ''
}

describe('parseTemplate', () => {
  test.each([
    ['{{ .Prompt', 'template: :1: unclosed action'],
    ['{{ if .a\n}}{{ .b', 'template: :2: unclosed action'],
    ['a\n{{ .b\n.c', 'template: :3: unclosed action started at :2'],
    ['{{ last 1 }}', 'template: :1: function "last" not defined'],
    ['a\n{{ $x }}', 'template: :2: undefined variable "$x"'],
    ['{{ if }}x{{ end }}', 'template: :1: missing value for if'],
    ['{{ if .a }}x', 'template: :1: unexpected EOF'],
    ['{{ end }}', 'template: :1: unexpected {{end}}'],
    ['{{ .. }}', 'template: :1: unexpected <.> in operand'],
    ['{{ break }}', 'template: :1: {{break}} outside {{range}}'],
    ['{{ 1 | 2 }}', 'template: :1: non executable command in pipeline stage 2'],
    ['{{ true.x }}', 'template: :1: unexpected . after term "true"'],
    ['{{ $a, $b := .m }}', 'template: :1: too many declarations in command'],
    ['{{ template foo }}', 'template: :1: unexpected "foo" in template clause'],
    ['{{ "\\q" }}', 'template: :1: invalid syntax'],
    ['{{ if .a }}{{ else }}{{ else }}{{ end }}', 'template: :1: expected end; found {{else}}'],
    ['{{define "A"}}1{{end}}{{define "A"}}2{{end}}', 'template: :1: template: multiple definition of template "A"'],
  ])('refuses %j in the words of Go', (text, problem) => {
    expect(problemOf(text)).toBe(problem)
  })

  test('forgets variables at the end of their block', () => {
    expect(problemOf('{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}')).toContain('undefined variable "$x"')
  })

  test('collects the names of fields and variables in lower case, also from definitions and parentheses', () => {
    const { identifiers } = parseTemplate(
      '{{ define "t" }}{{ .Thinking }}{{ end }}{{ range $.Messages }}{{ len (slice .Role 1) }}{{ end }}',
    )
    expect([...identifiers].sort()).toEqual(['$', 'messages', 'role', 'thinking'])
  })

  test('shows the response at the end of a template that names neither messages nor response', () => {
    const last = (text: string): string => {
      const node = parseTemplate(text).root.nodes.at(-1)
      return node?.type === 'action' ? formatNode(node) : ''
    }
    expect(last('{{ .Prompt }}')).toBe('{{.Response}}')
    expect(last('{{ .Response }}{{ .Prompt }}')).toBe('{{.Prompt}}')
    expect(last('{{ range .Messages }}{{ end }}')).toBe('')
  })

  test('accepts the deepest nesting and refuses one more', () => {
    const nested = (depth: number): string => '{{if .a}}'.repeat(depth) + '{{end}}'.repeat(depth)
    const deepest = MAX_NESTING / 2
    expect(problemOf(nested(deepest))).toBe('')
    expect(problemOf(nested(deepest + 1))).toContain('max expression depth exceeded')
  })

  test('accepts the longest text and refuses one character more', () => {
    expect(problemOf('x'.repeat(MAX_TEMPLATE_CHARACTERS))).toBe('')
    expect(problemOf('x'.repeat(MAX_TEMPLATE_CHARACTERS + 1))).toContain('larger than 1 MiB')
  })
})
