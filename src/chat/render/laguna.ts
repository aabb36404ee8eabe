// Laguna (`laguna`) and its predecessor (`poolside-v1`): turns between <user> and </user>, calls as <tool_call>name<arg_key>…<arg_value>….
// Laguna opens every answer with its thinking, or with a bare </think> where there was none, and goes on with an assistant message at the end.

import type { Message, Tool } from '../message.ts'
import type { RenderInput } from '../prompt-template.ts'
import { toSpacedJson, toToolJson } from './prompt-values.ts'
import type { Renderer } from './renderer.ts'

const BOS = '〈|EOS|〉'
const DEFAULT_SYSTEM =
  'You are a helpful, conversationally-fluent assistant made by Poolside. You are here to be helpful to users through natural language conversations.'

const CALL_RULES = `For each function call, return an unescaped XML-like object with function name and arguments within '<tool_call>' and '</tool_call>' tags, like here:
`
const CALL_EXAMPLE = `<tool_call>function-name
<arg_key>argument-key</arg_key>
<arg_value>value-of-argument-key</arg_value>
</tool_call>`

export const laguna: Renderer = { leadingBos: BOS, render: renderLaguna }
export const poolsideV1: Renderer = { leadingBos: BOS, render: renderPoolside }

function renderLaguna({ messages, tools = [], think }: RenderInput): string {
  const thinks = think !== undefined && think !== false
  const { system, turns } = splitSystem(messages)
  const parts = [BOS]
  if (system.trim() !== '' || tools.length > 0) {
    const text = system.trim() === '' ? '' : `\n${system.trimEnd()}`
    const rules = thinks
      ? `Wrap your thinking in '<think>', '</think>' tags, followed by a function call. ${CALL_RULES}<think> your thoughts here </think>\n`
      : CALL_RULES
    const declared = tools.length === 0 ? '' : `\n\n${declareTools(tools)}\n\n${rules}${CALL_EXAMPLE}`
    parts.push(`<system>\n${text}${declared}\n</system>\n`)
  }
  for (const [index, message] of turns.entries()) {
    const { role, content } = message
    if (role === 'assistant') parts.push(renderAnswer(message, index === turns.length - 1))
    else if (role === 'tool') parts.push(`<tool_response>\n${content}\n</tool_response>\n`)
    else if (role === 'user' || role === 'system') parts.push(`<${role}>\n${content}\n</${role}>\n`)
  }
  if (messages.at(-1)?.role !== 'assistant') parts.push(`<assistant>\n${thinks ? '<think>' : '</think>'}`)
  return parts.join('')
}

function renderPoolside({ messages, tools = [], think }: RenderInput): string {
  const thinks = think !== undefined && think !== false
  const { system, turns } = splitSystem(messages)
  const parts = [BOS]
  const text = system.trim() === '' ? '' : system.trimEnd()
  const about = [text, tools.length === 0 ? '' : declareTools(tools)].filter(Boolean).join('\n\n')
  if (about !== '' || thinks) parts.push(`<system>${about}</system>\n`)
  for (const message of turns) {
    const { role, content } = message
    if (role === 'assistant') {
      const thought = thinks ? `<think>${message.thinking ?? ''}</think>` : '</think>'
      parts.push(`<assistant>${thought}${content}${renderCalls(message, '')}</assistant>\n`)
    } else if (role === 'tool') parts.push(`<tool_response>${content}</tool_response>\n`)
    else if (role === 'user' || role === 'system') parts.push(`<${role}>${content}</${role}>\n`)
  }
  return `${parts.join('')}<assistant>${thinks ? '<think>' : '</think>'}`
}

function splitSystem(messages: readonly Message[]): { system: string; turns: readonly Message[] } {
  const [first] = messages
  return first?.role === 'system' ? { system: first.content, turns: messages.slice(1) } : { system: DEFAULT_SYSTEM, turns: messages }
}

function declareTools(tools: readonly Tool[]): string {
  const lines = tools.map((tool) => `${toSpacedJson(toToolJson(tool))}\n`).join('')
  return `### Tools\n\nYou may call functions to assist with the user query.\nAll available function signatures are listed below:\n<available_tools>\n${lines}</available_tools>`
}

/** The last one is left open, so that the model goes on with it. */
function renderAnswer(message: Message, isLast: boolean): string {
  const { text, thinking } = splitThinking(message)
  const calls = renderCalls(message, '\n')
  const isEmpty = text === '' && thinking === '' && calls === ''
  const thought = thinking === '' ? '</think>\n' : `<think>\n${thinking}\n</think>\n`
  return `<assistant>\n${thought}${text === '' ? '' : `${text}\n`}${calls}${isLast && !isEmpty ? '' : '</assistant>\n'}`
}

/** Thinking that stands in the text goes where the thinking of its own field goes. */
function splitThinking({ content, thinking = '' }: Message): { text: string; thinking: string } {
  const parts = content.split('</think>')
  if (parts.length === 1) return { text: content.trim(), thinking: thinking.trim() }
  const inText = parts[0]?.split('<think>').at(-1) ?? ''
  return { text: parts.at(-1)?.trim() ?? '', thinking: (thinking || inText).trim() }
}

function renderCalls({ toolCalls = [] }: Message, line: string): string {
  const calls = toolCalls.map(({ function: call }) => {
    const pairs = Object.entries(call.arguments).map(([key, value]) => {
      const text = typeof value === 'string' ? value : toSpacedJson(value)
      return `<arg_key>${key}</arg_key>${line}<arg_value>${text}</arg_value>${line}`
    })
    return `<tool_call>${call.name}${line}${pairs.join('')}</tool_call>${line}`
  })
  return calls.join('')
}
