// LFM2: ChatML behind <|startoftext|>; tools as JSON in the first system turn, calls in Python. The thinking variant writes thinking back into the
// turns, of which only the last keeps it unless the request thinks.

import type { Message, Tool } from '../message.ts'
import type { RenderInput } from '../prompt-template.ts'
import { isLast, toSpacedJson, toToolJson } from './prompt-values.ts'
import type { Renderer } from './renderer.ts'

const BOS = '<|startoftext|>'

export const lfm2: Renderer = { leadingBos: BOS, render: (input) => render(input, false) }
export const lfm2Thinking: Renderer = { leadingBos: BOS, render: (input) => render(input, true) }

function render({ messages, tools = [], think }: RenderInput, hasThinking: boolean): string {
  const hasSystem = messages[0]?.role === 'system'
  const turns = hasSystem ? messages.slice(1) : messages
  const system = [hasSystem ? messages[0]?.content : '', renderTools(tools)].filter(Boolean).join('\n')
  const keepsAll = hasThinking && think !== undefined && think !== false
  const lastAssistant = turns.findLastIndex((message) => message.role === 'assistant')
  const rendered = turns.map((message, index) => {
    const keepsThinking = keepsAll || index === lastAssistant
    const end = message.role === 'assistant' && isLast(turns, index) ? '' : '<|im_end|>\n'
    return `<|im_start|>${message.role}\n${renderContent(message, hasThinking, keepsThinking)}${end}`
  })
  const prompt = messages.at(-1)?.role === 'assistant' ? '' : '<|im_start|>assistant\n'
  return `${BOS}${system === '' ? '' : `<|im_start|>system\n${system}<|im_end|>\n`}${rendered.join('')}${prompt}`
}

function renderTools(tools: readonly Tool[]): string {
  if (tools.length === 0) return ''
  const list = tools.map((tool) => toSpacedJson(tool.function.name === '' ? toToolJson(tool) : toToolJson(tool).function))
  return `List of tools: <|tool_list_start|>[${list.join(', ')}]<|tool_list_end|>`
}

function renderContent(message: Message, hasThinking: boolean, keepsThinking: boolean): string {
  const { role, content, thinking } = message
  if (role === 'tool')
    return content.includes('<|tool_response_start|>') ? content : `<|tool_response_start|>${content}<|tool_response_end|>`
  if (role !== 'assistant') return content
  const withCalls = `${renderCalls(message)}${content}`
  const writesThinking = hasThinking && thinking && !withCalls.includes('</think>')
  const text = writesThinking ? `<think>${thinking}</think>${withCalls}` : withCalls
  const close = keepsThinking ? -1 : text.lastIndexOf('</think>')
  return close < 0 ? text : text.slice(close + '</think>'.length).trim()
}

function renderCalls({ content, toolCalls = [] }: Message): string {
  if (toolCalls.length === 0 || content.includes('<|tool_call_start|>')) return ''
  const calls = toolCalls.map(({ function: call }) => {
    const pairs = Object.entries(call.arguments).map(([key, value]) => `${key}=${toSpacedJson(value)}`)
    return `${call.name}(${pairs.join(',')})`
  })
  return `<|tool_call_start|>[${calls.join(',')}]<|tool_call_end|>${content.trim() === '' ? '' : '\n'}`
}
