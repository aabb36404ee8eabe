// How the models of a family write tool calls, as pieces of a grammar: the counterpart of chat/parse, for replies that must be calls. What is
// written here, the family's parser reads: reply-grammar.test.ts holds the two together.

import { choice, type Expression, optional, sequence, text } from './grammar/expression.ts'
import type { Tool } from './message.ts'
import { toHarmonyNames } from './parse/harmony-names.ts'

/** One argument of a tool. */
export interface Argument {
  name: string
  isRequired: boolean
  /** As JSON. */
  json: Expression
  /** Its value is text, of any content or one of these. */
  text?: 'any' | readonly string[]
}

export interface CallArguments {
  /** All of them as one JSON object. */
  object: Expression
  list: readonly Argument[]
}

export interface SyntaxRules {
  /** Any text up to and with this. */
  until(end: string): Expression
}

export interface CallSyntax {
  /** In front of the first call, between two, and behind the last. */
  open: Expression | string
  separator: Expression | string
  close: Expression | string
  call(name: string, args: CallArguments, rules: SyntaxRules): Expression
  /** Values are text without quotes: nothing shorter than a closing tag ends them. */
  hasBareText?: boolean
  /** The model ends its turn behind a call. */
  isSingle?: boolean
  /** Names as the model knows them, where they differ. */
  namesOf?(tools: readonly Tool[]): ReadonlyMap<string, string>
  /** What stands around thinking in front of a call, where it is not what stands around it in front of text. */
  thinking?: { open: string; close: string }
}

/** Undefined for a parser that reads no calls, and where neither parser nor template say how calls look. */
export function callSyntaxOf(parser: string | undefined, toolCallTag: string | undefined): CallSyntax | undefined {
  const known = parser === undefined ? undefined : SYNTAXES.get(parser)
  if (known) return known === 'none' ? undefined : known
  return toolCallTag === undefined ? undefined : genericSyntax(toolCallTag)
}

const qwen3 = wrapped('<tool_call>\n', '\n</tool_call>', '\n', (name, { object }) =>
  sequence(`{"name": ${JSON.stringify(name)}, "arguments": `, object, '}'),
)

const qwen3Coder = withBareText(
  wrapped('<tool_call>\n', '\n</tool_call>', '\n', (name, { list }, rules) =>
    sequence(
      `<function=${name}>\n`,
      ...list.map((argument) =>
        perhaps(argument, sequence(`<parameter=${argument.name}>\n`, valueUntil(argument, '\n</parameter>\n', rules))),
      ),
      '</function>',
    ),
  ),
)

const deepseek3: CallSyntax = {
  open: '<｜tool▁calls▁begin｜>',
  separator: '',
  close: '<｜tool▁calls▁end｜>',
  call: (name, { object }) => sequence(`<｜tool▁call▁begin｜>${name}<｜tool▁sep｜>`, object, '<｜tool▁call▁end｜>'),
}

const cogito: CallSyntax = {
  ...deepseek3,
  call: (name, { object }) =>
    sequence(`<｜tool▁call▁begin｜>function<｜tool▁sep｜>${name}\n\`\`\`json\n`, object, '\n```<｜tool▁call▁end｜>'),
}

const harmony: CallSyntax = {
  open: '<|channel|>commentary to=functions.',
  separator: '',
  close: '',
  isSingle: true,
  namesOf: toHarmonyNames,
  thinking: { open: '<|channel|>analysis<|message|>', close: '<|end|><|start|>assistant' },
  call: (name, { object }) => sequence(`${name} <|constrain|>json<|message|>`, object),
}

const gemma4 = wrapped('<|tool_call>', '<tool_call|>', '', (name, { object }) => sequence(`call:${name}`, object))
const functiongemma = wrapped('<start_function_call>', '<end_function_call>', '', (name, { object }) => sequence(`call:${name}`, object))

const glm = withBareText(
  wrapped('<tool_call>', '</tool_call>', '\n', (name, { list }, rules) =>
    sequence(
      name,
      ...list.map((argument) =>
        perhaps(argument, sequence(`<arg_key>${argument.name}</arg_key><arg_value>`, valueUntil(argument, '</arg_value>', rules))),
      ),
    ),
  ),
)

const glimmer: CallSyntax = withBareText({
  open: ' to=',
  separator: '',
  close: '</atem:invoke>\n</atem:function_calls>',
  isSingle: true,
  thinking: { open: ' to=self<|message|>', close: '<|eom|><|start|>assistant' },
  call: (name, { list }, rules) =>
    sequence(
      `${name}<|message|><atem:function_calls>\n<atem:invoke name="${name}">\n`,
      ...list.map((argument) =>
        perhaps(argument, sequence(`<atem:parameter name="${argument.name}">`, valueUntil(argument, '</atem:parameter>\n', rules))),
      ),
    ),
})

const ministral = wrapped('[TOOL_CALLS]', '', '', (name, { object }) => sequence(`${name}[ARGS]`, object))

const olmo3: CallSyntax = { open: '<function_calls>', separator: '\n', close: '</function_calls>', call: pythonCall }
const lfm2: CallSyntax = { open: '<|tool_call_start|>[', separator: ', ', close: ']<|tool_call_end|>', call: pythonCall }

const cohere: CallSyntax = {
  open: '<|START_ACTION|>[\n    ',
  separator: ',\n    ',
  close: '\n]<|END_ACTION|>',
  call: (name, { object }) => sequence(`{"tool_call_id": "0", "tool_name": ${JSON.stringify(name)}, "parameters": `, object, '}'),
}

const SYNTAXES: ReadonlyMap<string, CallSyntax | 'none'> = new Map<string, CallSyntax | 'none'>([
  ['passthrough', 'none'],
  ['olmo3-think', 'none'],
  ['qwen3', qwen3],
  ['qwen3-thinking', qwen3],
  ['qwen3-vl-instruct', qwen3],
  ['qwen3-vl-thinking', qwen3],
  ['qwen3-coder', qwen3Coder],
  ['qwen3.5', qwen3Coder],
  ['ornith', qwen3Coder],
  ['nemotron-3-nano', qwen3Coder],
  ['nemotron-3.5-nano', qwen3Coder],
  ['deepseek3', deepseek3],
  ['cogito', cogito],
  ['harmony', harmony],
  ['gemma4', gemma4],
  ['gemma4-no-thinking', gemma4],
  ['functiongemma', functiongemma],
  ['glm-4.7', glm],
  ['glm-ocr', glm],
  ['ministral', ministral],
  ['olmo3', olmo3],
  ['lfm2', lfm2],
  ['lfm2-thinking', lfm2],
  ['laguna', glm],
  ['poolside-v1', glm],
  ['cohere', cohere],
  ['glimmer', glimmer],
])

/** Each call has its own pair of tags. */
function wrapped(open: Expression | string, close: Expression | string, between: string, call: CallSyntax['call']): CallSyntax {
  return { open, separator: sequence(close, between, open), close, call }
}

function withBareText(syntax: CallSyntax): CallSyntax {
  return { ...syntax, hasBareText: true }
}

/** By the tag alone, as chat/parse/generic-tools reads it: JSON objects behind it, or a name in it. */
function genericSyntax(tag: string): CallSyntax {
  const call: CallSyntax['call'] = (name, { object }) =>
    sequence(`{"name": ${JSON.stringify(name)}, "`, choice('arguments', 'parameters'), '": ', object, '}')
  if (tag === '{') return { open: '', separator: '\n', close: '', call }
  if (tag.endsWith('[')) return { open: tag, separator: ', ', close: ']', call }
  if (tag === '<function=') return wrapped('<function=', '</function>', '\n', (name, { object }) => sequence(`${name}>`, object))
  const closeTag = closeTagOf(tag)
  return wrapped(sequence(tag, optional('\n')), closeTag === '' ? '' : sequence(optional('\n'), closeTag), '\n', call)
}

/** `<x>` `</x>`; nothing where the closing tag cannot be told. */
function closeTagOf(tag: string): string {
  const name = /^<([\w-]+)>$/.exec(tag)?.[1]
  return name === undefined ? '' : `</${name}>`
}

/** `name(key=value, other=value)`: required arguments first, so that only optional ones may lack a comma in front. */
function pythonCall(name: string, { list }: CallArguments): Expression {
  const pairs = list
    .toSorted((a, b) => Number(b.isRequired) - Number(a.isRequired))
    .map((argument) => ({ argument, pair: sequence(`${argument.name}=`, argument.json) }))
  const required = pairs.filter(({ argument }) => argument.isRequired)
  const free = pairs.slice(required.length).map(({ pair }) => pair)
  const withCommas = required.flatMap(({ pair }, index) => (index === 0 ? [pair] : [text(', '), pair]))
  const rest = free.map((pair) => optional(', ', pair))
  if (required.length > 0) return sequence(`${name}(`, ...withCommas, ...rest, ')')
  const beginnings = free.map((pair, index) => sequence(pair, ...rest.slice(index + 1)))
  return sequence(`${name}(`, free.length === 0 ? '' : optional(choice(...beginnings)), ')')
}

function perhaps({ isRequired }: Argument, expression: Expression): Expression {
  return isRequired ? expression : optional(expression)
}

/** Text stands as it is; everything else as JSON. */
function valueUntil({ text: texts, json }: Argument, end: string, rules: SyntaxRules): Expression {
  if (texts === 'any') return rules.until(end)
  return sequence(texts ? choice(...texts) : json, end)
}
