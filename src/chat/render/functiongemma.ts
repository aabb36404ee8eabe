// FunctionGemma: Gemma's turns, tools declared to a developer turn. Answers of tools go on in the model's turn.

import type { Message, Tool } from '../message.ts'
import type { RenderInput } from '../prompt-template.ts'
import { sortedEntries, toGemmaList, toGemmaObject, toGemmaValue } from './gemma-notation.ts'
import { parametersOf, textOf, typesOf } from './prompt-values.ts'
import type { Renderer } from './renderer.ts'

const MARK = '<escape>'
const ABOUT_TOOLS = 'You can do function calling with the following functions:'

export const functiongemma: Renderer = { leadingBos: '<bos>', render }

function render({ messages, tools = [] }: RenderInput): string {
  const hasSystem = messages[0]?.role === 'system' || messages[0]?.role === 'developer'
  const turns = hasSystem ? messages.slice(1) : messages
  const parts = ['<bos>', renderDeveloper(hasSystem ? (messages[0]?.content ?? '') : '', tools)]
  let before: 'tool_call' | 'tool_response' | undefined
  for (const [index, message] of turns.entries()) {
    const content = message.content.trim()
    if (message.role === 'tool') {
      parts.push(before === 'tool_call' ? '' : '<start_function_response>')
      parts.push(`response:${findToolName(turns, index)}{${toGemmaValue(message.content, MARK)}}<end_function_response>`)
      before = 'tool_response'
      continue
    }
    const goesOn = before === 'tool_response' && (message.role === 'assistant' || message.role === 'user')
    if (!goesOn) parts.push(`<start_of_turn>${message.role === 'assistant' ? 'model' : message.role}\n`)
    const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : []
    const isAnswered = calls.length > 0 && turns[index + 1]?.role === 'tool'
    parts.push(
      content,
      ...calls.map(
        ({ function: call }) => `<start_function_call>call:${call.name}${toGemmaObject(call.arguments, MARK)}<end_function_call>`,
      ),
    )
    parts.push(isAnswered ? '<start_function_response>' : '<end_of_turn>\n')
    if (message.role === 'assistant' || message.role === 'user') before = isAnswered ? 'tool_call' : undefined
  }
  return `${parts.join('')}${before === 'tool_response' ? '' : '<start_of_turn>model\n'}`
}

function renderDeveloper(system: string, tools: readonly Tool[]): string {
  if (system === '' && tools.length === 0) return ''
  const text = system.trim()
  const about = tools.length > 0 && text !== ABOUT_TOOLS ? ABOUT_TOOLS : ''
  return `<start_of_turn>developer\n${text}${tools.length > 0 && system !== '' ? '\n' : ''}${about}${tools.map(renderTool).join('')}<end_of_turn>\n`
}

function renderTool(tool: Tool): string {
  const { name, description = '' } = tool.function
  const { type, properties, required } = parametersOf(tool)
  const members = sortedEntries(Object.fromEntries(properties)).map(([key, value]) => {
    const property = value as Record<string, unknown>
    const [first] = typesOf(property)
    return `${key}:{description:${MARK}${textOf(property.description)}${MARK}${first ? `,type:${MARK}${first.toUpperCase()}${MARK}` : ''}}`
  })
  const parameters = [
    members.length > 0 ? `properties:{${members.join(',')}}` : '',
    required.length > 0 ? `required:${toGemmaList(required, MARK)}` : '',
    type === '' ? '' : `type:${MARK}${type.toUpperCase()}${MARK}`,
  ].filter(Boolean)
  const has = tool.function.parameters?.properties != null || type !== ''
  const declared = has ? `,parameters:{${parameters.join(',')}}` : ''
  return `<start_function_declaration>declaration:${name}{description:${MARK}${description}${MARK}${declared}}<end_function_declaration>`
}

/** By its place: the answers stand in the order of the calls. */
function findToolName(turns: readonly Message[], index: number): string {
  const caller = turns.findLastIndex((message, at) => at < index && message.role === 'assistant' && Boolean(message.toolCalls?.length))
  if (caller < 0) return ''
  const place = turns.slice(caller + 1, index).filter((message) => message.role === 'tool').length
  return turns[caller]?.toolCalls?.[place]?.function.name ?? ''
}
