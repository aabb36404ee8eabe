// Qwen 3 VL: ChatML, tools and calls as JSON. Only the turn that goes on keeps its thinking.

import type { Message, Tool } from '../message.ts'
import type { RenderInput } from '../prompt-template.ts'
import { findLastQuery, isLast, toSpacedJson, toToolJson } from './prompt-values.ts'
import { renderToolResponse } from './qwen3-coder.ts'
import type { Renderer } from './renderer.ts'

export const qwen3VlInstruct: Renderer = { render: (input) => render(input, false) }
export const qwen3VlThinking: Renderer = { render: (input) => render(input, true) }

function render({ messages, tools = [], think }: RenderInput, thinksByDefault: boolean): string {
  const thinks = think === undefined ? thinksByDefault : think !== false
  const lastQuery = findLastQuery(messages)
  const system = messages[0]?.role === 'system' ? messages[0].content : undefined
  const parts = [renderSystem(system, tools)]
  for (const [index, message] of messages.entries()) {
    if (message.role === 'user' || (message.role === 'system' && index > 0))
      parts.push(`<|im_start|>${message.role}\n${message.content}<|im_end|>\n`)
    else if (message.role === 'assistant') parts.push(renderAssistant(message, thinks && index > lastQuery, isLast(messages, index)))
    else if (message.role === 'tool') parts.push(renderToolResponse(message.content, index, messages))
  }
  if (messages.length > 0 && messages.at(-1)?.role !== 'assistant') parts.push(`<|im_start|>assistant\n${thinks ? '<think>\n' : ''}`)
  return parts.join('')
}

function renderSystem(system: string | undefined, tools: readonly Tool[]): string {
  if (tools.length === 0) return system === undefined ? '' : `<|im_start|>system\n${system}<|im_end|>\n`
  const list = tools.map((tool) => `\n${toSpacedJson(toToolJson(tool))}`).join('')
  return `<|im_start|>system\n${system === undefined ? '' : `${system}\n\n`}# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>${list}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call><|im_end|>
`
}

function renderAssistant(message: Message, keepsThinking: boolean, isPrefill: boolean): string {
  const { content, thinking = '', toolCalls = [] } = message
  const showsThinking = keepsThinking && (isPrefill || thinking !== '')
  // A thought alone, at the end, is one that the model shall go on with.
  const isOpen = isPrefill && content === '' && toolCalls.length === 0
  const thought = `<think>\n${thinking.replace(/^\n+|\n+$/g, '')}${isOpen ? '' : `\n</think>\n\n${content.replace(/^\n+/, '')}`}`
  const calls = toolCalls.map(({ function: call }, index) => {
    const json = `{"name": "${call.name}", "arguments": ${toSpacedJson(call.arguments)}}`
    return `${index > 0 || content !== '' ? '\n' : ''}<tool_call>\n${json}\n</tool_call>`
  })
  return `<|im_start|>assistant\n${showsThinking ? thought : content}${calls.join('')}${isPrefill ? '' : '<|im_end|>\n'}`
}
