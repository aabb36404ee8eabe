import { describe, expect, test } from 'vitest'
import { AppError } from '../base/errors.ts'
import { createGoTemplate } from './go-template.ts'
import type { Message, Tool } from './message.ts'
import type { RenderInput } from './prompt-template.ts'

const nowMs = (): number => new Date(2024, 1, 29, 12).getTime()
const render = (text: string, input: RenderInput): string => createGoTemplate(text, { nowMs }).render(input)
const turns = (...texts: string[]): Message[] => texts.map((content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content }))

const TOOLS_TEMPLATE =
  '{{- if .Tools }}Tools: {{ .Tools }}\n{{ end }}{{- range .Messages }}{{ if eq .Role "system" }}S: {{ .Content }}\n{{ else if eq .Role "user" }}Q: {{ .Content }}\n{{ else if eq .Role "tool" }}R: {{ .Content }}\n{{ else if eq .Role "assistant" }}A: {{ if .ToolCalls }}<tool_call>{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}{{ end }}</tool_call>{{ else }}{{ .Content }}{{ end }}\n{{ end }}{{ end }}A:'
const THINK_TEMPLATE =
  '{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n{{ if and $.IsThinkSet $.Think }}<think>{{ end }}'
const TURN_TEMPLATE = '{{ if .System }}[S]{{ .System }}[/S]{{ end }}{{ if .Prompt }}[U]{{ .Prompt }}[/U]{{ end }}{{ .Response }}'

// What Ollama 0.33 answers to `_debug_render_only`.
describe('a template with messages', () => {
  test('sees system texts both joined and in place, and neighbours of one role as one message', () => {
    const messages = [
      { role: 'system', content: 's1' },
      { role: 'user', content: 'a' },
      { role: 'user', content: 'b' },
      { role: 'tool', content: '1' },
      { role: 'tool', content: '2' },
      { role: 'system', content: 's2' },
    ]
    const text = '{{ .System }}={{ range .Messages }}({{ .Role }}={{ .Content }}){{ end }}{{ .Prompt }}{{ .Response }}'
    expect(render(text, { messages })).toBe('s1\n\ns2=(system=s1)(user=a\n\nb)(tool=1)(tool=2)(system=s2)<no value>')
  })

  test('leaves the messages it was given alone', () => {
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'user', content: 'b' },
    ]
    render('{{ range .Messages }}{{ end }}', { messages })
    expect(messages[0]?.content).toBe('a')
  })

  test('shows calls with their arguments sorted, and tells tools from no tools', () => {
    const call = { function: { index: 0, name: 'f', arguments: { z: 1, a: 'two', m: [true, null] } } }
    const messages = [
      { role: 'user', content: 'x' },
      { role: 'assistant', content: '', toolCalls: [call] },
    ]
    const expected = 'Q: x\nA: <tool_call>{"name": "f", "arguments": {"a":"two","m":[true,null],"z":1}}</tool_call>\nA:'
    expect(render(TOOLS_TEMPLATE, { messages })).toBe(expected)
    expect(render('{{ .Tools }}{{ .Messages | len }}', { messages: turns('x') })).toBe('null1')
    expect(render('{{ .Tools }}{{ .Messages | len }}', { messages: turns('x'), tools: [] })).toBe('[]1')
  })

  test('names a call, its place and its result', () => {
    const call = { id: 'c1', function: { index: 1, name: 'f', arguments: {} } }
    const messages = [
      { role: 'assistant', content: '', toolCalls: [call] },
      { role: 'tool', content: '1', toolName: 'f', toolCallId: 'c1' },
    ]
    const text =
      '{{ range .Messages }}{{ range .ToolCalls }}{{ .ID }}{{ .Function.Index }}{{ .Function }}{{ end }}{{ .ToolName }}{{ .ToolCallID }};{{ end }}'
    expect(render(text, { messages })).toBe('c11{1 f {}};fc1;')
  })

  test('prints messages as JSON with the names of their fields', () => {
    expect(render('{{ json .Messages }}', { messages: turns('x') })).toBe(
      '[{"Role":"user","Content":"x","Thinking":"","Images":null,"ToolCalls":null,"ToolName":"","ToolCallID":""}]',
    )
  })

  test('fails on a field that a message does not have', () => {
    const problem = 'template: :1:24: executing "" at <.Foo>: can\'t evaluate field Foo in type *template.templateMessage'
    expect(() => render('{{ range .Messages }}{{ .Foo }}{{ end }}', { messages: turns('x') })).toThrow(
      new AppError('template_error', problem),
    )
  })

  test('shows thinking of the history and opens it for the reply where it is on', () => {
    const messages: Message[] = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b', thinking: 'hm' },
    ]
    const history = '<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n<think>hm</think>b<|im_end|>\n<|im_start|>assistant\n'
    expect(render(THINK_TEMPLATE, { messages, think: true })).toBe(`${history}<think>`)
    expect(render(THINK_TEMPLATE, { messages, think: 'low' })).toBe(`${history}<think>`)
    expect(render(THINK_TEMPLATE, { messages, think: false })).toBe(history)
    expect(render(THINK_TEMPLATE, { messages })).toBe(history)
  })

  test.each([
    [undefined, 'false//false'],
    [false, 'false//true'],
    [true, 'true/medium/true'],
    ['low' as const, 'true/low/true'],
    ['max' as const, 'true/max/true'],
  ])('sees think %s as %s', (think, expected) => {
    const text = '{{ .Think }}/{{ .ThinkLevel }}/{{ .IsThinkSet }}{{ range .Messages }}{{ end }}'
    expect(render(text, { messages: [], ...(think === undefined ? {} : { think }) })).toBe(expected)
  })

  test('takes max for high where the format knows no more', () => {
    const template = createGoTemplate('{{ .ThinkLevel }}{{ .Messages | len }}', { nowMs, mapsMaxToHigh: true })
    expect(template.render({ messages: [], think: 'max' })).toBe('high0')
  })
})

describe('a template of single turns', () => {
  test.each([
    [[{ role: 'system', content: 'S' }, ...turns('a', 'b', 'c')], '[S]S[/S][U]a[/U]b[U]c[/U]'],
    [turns('a', 'yes'), '[U]a[/U]yes'],
    [[...turns('a', 'b'), { role: 'system', content: 'late' }, ...turns('c')], '[U]a[/U]b[S]late[/S][U]c[/U]'],
    [
      [
        { role: 'user', content: 'a' },
        { role: 'tool', content: '42' },
      ],
      '[U]a[/U]',
    ],
    [[{ role: 'assistant', content: 'x' }], 'x'],
    [[], ''],
  ])('renders %j turn by turn', (messages, expected) => {
    expect(render(TURN_TEMPLATE, { messages })).toBe(expected)
  })

  test('ends where the reply begins', () => {
    expect(render('<u>{{ .Prompt }}</u><a>{{ .Response }}</a>', { messages: turns('a', 'b', 'c') })).toBe('<u>a</u><a>b</a><u>c</u><a>')
    expect(render('{{ .System }}/{{ .Prompt }}', { messages: [{ role: 'system', content: 's' }, ...turns('p')] })).toBe('s/p')
  })

  test('may use functions in its last turn, too', () => {
    expect(render('{{ currentDate }} {{ json .Prompt }} {{ .Response }}', { messages: turns('p') })).toBe('2024-02-29 "p" ')
  })

  test('has nothing for names it does not know', () => {
    expect(render('{{ .Prompt }}{{ .Foo }}{{ .Foo.Bar }}', { messages: turns('p') })).toBe('p<no value><no value>')
  })
})

describe('what a template can do', () => {
  test('fills in the middle where it has a suffix', () => {
    const text = '{{ if .Suffix }}<PRE>{{ .Prompt }}<SUF>{{ .Suffix }}<MID>{{ else }}{{ .Prompt }}{{ end }}'
    const template = createGoTemplate(text, { nowMs })
    expect(template.capabilities).toEqual({ tools: false, thinking: false, insert: true })
    expect(template.renderInsert?.({ prompt: 'def f(', suffix: '\n    return 1' })).toBe('<PRE>def f(<SUF>\n    return 1<MID>')
    expect(createGoTemplate('{{ .Prompt }}', { nowMs }).renderInsert).toBeUndefined()
  })

  test('tells tools and the tag before calls', () => {
    const template = createGoTemplate(TOOLS_TEMPLATE, { nowMs })
    expect(template.capabilities).toEqual({ tools: true, thinking: false, insert: false })
    expect(template.toolCallTag).toBe('<tool_call>')
    expect(createGoTemplate(THINK_TEMPLATE, { nowMs }).toolCallTag).toBeUndefined()
  })

  test('tells thinking and its tags', () => {
    const template = createGoTemplate(THINK_TEMPLATE, { nowMs })
    expect(template.capabilities.thinking).toBe(true)
    expect(template.thinkingTags).toEqual({ open: '<think>', close: '</think>' })
  })
})

describe('tools in a template', () => {
  const property = {
    z: { type: ['string', 'null'], enum: ['x', 'y', 1], description: '' },
    b: { type: 'array', items: { type: 'integer', a: 1 } },
    c: { type: 'object', properties: { z: { type: 'number' }, d: { type: ['number'] } }, required: ['z'] },
    e: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    n: {},
  }
  const rich: Tool = {
    type: 'function',
    function: {
      name: 'f',
      description: 'd<',
      parameters: { type: 'object', required: ['z'], properties: property, $defs: { q: { type: 'string' }, a: 1 } },
    },
  }
  const shown =
    '{"type":"function","function":{"name":"f","description":"d\\u003c","parameters":{"type":"object","$defs":{"a":1,"q":{"type":"string"}},"required":["z"],"properties":{"b":{"type":"array","items":{"a":1,"type":"integer"}},"c":{"type":"object","properties":{"z":{"type":"number"},"d":{"type":"number"}},"required":["z"]},"e":{"anyOf":[{"type":"string"},{"type":"null"}]},"n":{},"z":{"type":["string","null"],"enum":["x","y",1]}}}}}'
  const renderTools = (text: string, tools: Tool[]): string => render(`${text}{{ range .Messages }}{{ end }}`, { messages: [], tools })

  test("print as JSON with the keys in Ollama's order", () => {
    expect(renderTools('{{ .Tools }}', [rich])).toBe(`[${shown}]`)
    expect(renderTools('{{ range .Tools }}{{ . }}{{ json . }}{{ end }}', [rich])).toBe(shown + shown)
    expect(renderTools('{{ .Tools }}', [{ type: 'function', function: { name: 'f' } }])).toBe(
      '[{"type":"function","function":{"name":"f","description":"","parameters":{"type":"","properties":null}}}]',
    )
  })

  test('print a function, its parameters and a property as JSON', () => {
    const fn = shown.slice('{"type":"function","function":'.length, -1)
    expect(renderTools('{{ range .Tools }}{{ .Function }}{{ end }}', [rich])).toBe(fn)
    expect(renderTools('{{ range .Tools }}{{ .Function.Parameters.Properties.n }}{{ end }}', [rich])).toBe('{}')
  })

  test('may be taken apart', () => {
    const text =
      '{{ range .Tools }}{{ range $k, $v := .Function.Parameters.Properties }}{{ $k }}:{{ $v.Type }}:{{ toTypeScriptType $v }}:{{ $v.Enum }};{{ end }}{{ .Function.Parameters.Required }}{{ end }}'
    expect(renderTools(text, [rich])).toBe(
      'b:array:any[]:[];c:object:Record<string, any>:[];e::string | null:[];n::any:[];z:[string null]:string | null:[x y 1];[z]',
    )
  })

  test('lose nothing of their schema: unknown keys follow the known ones', () => {
    const tool: Tool = {
      type: 'function',
      function: {
        name: 'f',
        parameters: {
          additionalProperties: false,
          type: 'object',
          properties: { a: { default: null, type: 'string', format: 'date', $ref: '#/$defs/x' }, b: true },
        },
      },
    }
    expect(renderTools('{{ .Tools }}', [tool])).toBe(
      '[{"type":"function","function":{"name":"f","description":"","parameters":{"type":"object","properties":{"a":{"type":"string","default":null,"format":"date","$ref":"#/$defs/x"},"b":true},"additionalProperties":false}}}]',
    )
  })
})

describe('the developer', () => {
  const messages: Message[] = [
    { role: 'developer', content: 'D' },
    { role: 'user', content: 'u' },
  ]
  const renderWith = (text: string) => createGoTemplate(text, { nowMs: () => 0 }).render({ messages })

  test("speaks as the system where the template knows only that one's words", () => {
    expect(renderWith('{{ .System }}|{{ .Prompt }}')).toBe('D|u')
    expect(renderWith('{{ range .Messages }}{{ if eq .Role "system" }}S:{{ .Content }}{{ else }}{{ .Content }}{{ end }};{{ end }}')).toBe(
      'S:D;u;',
    )
  })

  test('keeps the role where the template knows it, or prints any', () => {
    expect(renderWith('{{ range .Messages }}{{ if eq .Role "developer" }}D!{{ else if eq .Role "system" }}S!{{ end }}{{ end }}')).toBe('D!')
    expect(renderWith('{{ range .Messages }}{{ .Role }};{{ end }}')).toBe('developer;user;')
  })
})
