// Gemma 4: turns between <|turn> and <turn|>, thinking in <|channel>thought. Answers of tools stand in the turn of the call, and turns of the
// assistant that follow one another are one. The large models get an empty thought where they shall not think.

import type { Message, Tool, ToolCall } from '../message.ts'
import type { RenderInput } from '../prompt-template.ts'
import { toGemmaList, toGemmaObject } from './gemma-notation.ts'
import { renderSchemaProperties } from './gemma4-schema.ts'
import { parametersOf } from './prompt-values.ts'
import type { Renderer, RendererContext } from './renderer.ts'

const MARK = '<|"|>'
const LARGE_PARAMETERS = 12e9

export const gemma4: Renderer = { leadingBos: '<bos>', render: (input, context) => render(input, isLarge(context)) }
export const gemma4Small: Renderer = { leadingBos: '<bos>', render: (input) => render(input, false) }
export const gemma4Large: Renderer = { leadingBos: '<bos>', render: (input) => render(input, true) }

function isLarge({ modelName, parameterCount }: RendererContext): boolean {
  const name = modelName.toLowerCase()
  if (/e2b|e4b/.test(name)) return false
  return /12b|26b|31b/.test(name) || parameterCount >= LARGE_PARAMETERS
}

function render({ messages, tools = [], think }: RenderInput, closesThinking: boolean): string {
  const thinks = think !== undefined && think !== false
  const hasSystem = messages[0]?.role === 'system' || messages[0]?.role === 'developer'
  const turns = hasSystem ? messages.slice(1) : messages
  const parts = ['<bos>']
  if (hasSystem || tools.length > 0 || thinks) {
    const system = hasSystem ? (messages[0]?.content.trim() ?? '') : ''
    parts.push(`<|turn>system\n${thinks ? '<|think|>\n' : ''}${system}${tools.map(renderTool).join('')}<turn|>\n`)
  }
  const lastUser = turns.findLastIndex((message) => message.role === 'user')
  for (const [index, message] of turns.entries()) {
    if (message.role !== 'tool') parts.push(renderTurn(message, index, { turns, showsThinking: index > lastUser }))
  }
  const last = turns.findLastIndex((message) => message.role !== 'tool')
  const isAnswered = turns[last + 1] !== undefined
  if (!turns[last]?.toolCalls?.length) parts.push(`<|turn>model\n${closesThinking && !thinks ? '<|channel>thought\n<channel|>' : ''}`)
  else if (isAnswered && thinks) parts.push('<|channel>thought\n')
  return parts.join('')
}

function renderTurn(
  message: Message,
  index: number,
  { turns, showsThinking }: { turns: readonly Message[]; showsThinking: boolean },
): string {
  const isModel = message.role === 'assistant'
  const calls = message.toolCalls ?? []
  const previous = turns.findLast((other, at) => at < index && other.role !== 'tool')
  const next = turns.find((other, at) => at > index && other.role !== 'tool')
  const answers = calls.length > 0 ? answersBehind(turns, index) : []
  const content = isModel ? withoutThinking(message.content) : trimBehindMarks(message.content)
  const opening = isModel && previous?.role === 'assistant' ? '' : `<|turn>${isModel ? 'model' : message.role}\n`
  const thought = isModel && showsThinking && message.thinking ? `<|channel>thought\n${message.thinking}\n<channel|>` : ''
  const body = [
    ...calls.map(({ function: call }) => `<|tool_call>call:${call.name}${toGemmaObject(call.arguments, MARK)}<tool_call|>`),
    ...answers.map((answer) => renderAnswer(answer, calls)),
    content,
  ]
  return `${opening}${thought}${body.join('')}${closing()}`

  function closing(): string {
    if (calls.length > 0 && answers.length === 0) return '<|tool_response>'
    const goesOn = isModel && next?.role === 'assistant'
    return goesOn || (answers.length > 0 && content === '' && next === undefined) ? '' : '<turn|>\n'
  }
}

function answersBehind(turns: readonly Message[], index: number): readonly Message[] {
  const end = turns.findIndex((message, at) => at > index && message.role !== 'tool')
  return turns.slice(index + 1, end < 0 ? undefined : end)
}

function renderAnswer(answer: Message, calls: readonly ToolCall[]): string {
  const called = answer.toolCallId ? calls.find((call) => call.id === answer.toolCallId)?.function.name : undefined
  return `<|tool_response>response:${called ?? (answer.toolName || 'unknown')}${toGemmaObject({ value: answer.content }, MARK)}<tool_response|>`
}

/** The text is trimmed, wherever images stand. */
function trimBehindMarks(content: string): string {
  return content.trim().replace(/^((?:\[img-\d+\])+)\s+/, '$1 ')
}

/** Thoughts that a client left in the text; one that does not end takes the rest with it. */
function withoutThinking(content: string): string {
  return content.replace(/<\|channel>.*?(?:<channel\|>|$)/gs, '').trim()
}

function renderTool(tool: Tool): string {
  const { name, description = '' } = tool.function
  const { type, properties, required } = parametersOf(tool)
  const parameters = [
    properties.length > 0 ? `properties:{${renderSchemaProperties(Object.fromEntries(properties), MARK)}}` : '',
    required.length > 0 ? `required:${toGemmaList(required, MARK)}` : '',
    type === '' ? '' : `type:${MARK}${type.toUpperCase()}${MARK}`,
  ].filter(Boolean)
  const has = tool.function.parameters?.properties != null || type !== ''
  return `<|tool>declaration:${name}{description:${MARK}${description}${MARK}${has ? `,parameters:{${parameters.join(',')}}` : ''}}<tool|>`
}
