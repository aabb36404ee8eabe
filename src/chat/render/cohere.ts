// Cohere's North and Command A: every turn wrapped in its tokens. The system turn always lists the tools. Calls are numbered through the whole
// conversation, and answers name the number. White space is that of the
// published template as Transformers renders it, not as Ollama does, which keeps the line breaks around the template's own tags.

import type { Message, ToolCall } from '../message.ts'
import type { RenderInput } from '../prompt-template.ts'
import { isLast, parametersOf, toSpacedJson } from './prompt-values.ts'
import type { Renderer } from './renderer.ts'

const END = '<|END_OF_TURN_TOKEN|>'
const SYSTEM = '<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>'
const CHATBOT = '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>'

export const cohere: Renderer = { render }

function render({ messages, tools = [], think }: RenderInput): string {
  const system = messages[0]?.role === 'system' ? messages[0].content : ''
  const turns = messages[0]?.role === 'system' ? messages.slice(1) : messages
  const numbers = new CallNumbers()
  const list = tools.map((tool) => {
    const { name, description = '' } = tool.function
    const parameters = toSpacedJson(parametersOf(tool).shape)
    return `\n    {"name": ${toSpacedJson(name)}, "description": ${toSpacedJson(description)}, "parameters": ${parameters}, "responses": null}`
  })
  const available = `# Available Tools\n\`\`\`json\n[${list.length === 0 ? '\n' : list.join(',')}\n]\n\`\`\``
  const rendered = turns.map((message, index) => renderTurn(message, index, { turns, numbers }))
  const last = turns.at(-1)
  const goesOn = isAssistant(last) && !last?.toolCalls?.length
  const prompt = `${CHATBOT}<|START_THINKING|>${think === false ? '<|END_THINKING|>' : ''}`
  return [`${SYSTEM}${text(`${system === '' ? '' : `${system}\n\n`}${available}`)}`, ...rendered, goesOn ? '' : prompt].join('')
}

function renderTurn(message: Message, index: number, { turns, numbers }: { turns: readonly Message[]; numbers: CallNumbers }): string {
  if (message.role === 'system') return `${SYSTEM}${text(message.content)}`
  if (message.role === 'user') return `<|START_OF_TURN_TOKEN|><|USER_TOKEN|>${text(message.content)}`
  if (isAssistant(message)) return `${CHATBOT}${renderAssistant(message, isLast(turns, index), numbers)}`
  if (message.role !== 'tool') return ''
  const opens = turns[index - 1]?.role !== 'tool'
  const closes = turns[index + 1]?.role !== 'tool'
  const results = `"results": {\n            "0": ${toSpacedJson({ content: message.content })}\n        },`
  const result = `\n    {\n        "tool_call_id": "${numbers.find(message.toolCallId)}",\n        ${results}\n        "is_error": null\n    }`
  return `${opens ? `${SYSTEM}<|START_TOOL_RESULT|>[` : ','}${result}${closes ? `\n]<|END_TOOL_RESULT|>${END}` : ''}`
}

function renderAssistant({ content, thinking, toolCalls = [] }: Message, isPrefill: boolean, numbers: CallNumbers): string {
  const thought = thinking ? `<|START_THINKING|>${thinking}<|END_THINKING|>` : ''
  if (toolCalls.length === 0) return `${thought}${isPrefill ? `<|START_TEXT|>${content}` : text(content)}`
  const calls = toolCalls.map((call) => {
    const { name, arguments: args } = call.function
    return `\n    {"tool_call_id": "${numbers.add(call)}", "tool_name": "${name}", "parameters": ${toSpacedJson(args)}}`
  })
  return `${thought}<|START_ACTION|>[${calls.join(',')}\n]<|END_ACTION|>${END}`
}

function text(content: string): string {
  return `<|START_TEXT|>${content}<|END_TEXT|>${END}`
}

function isAssistant(message: Message | undefined): boolean {
  return message?.role === 'assistant' || message?.role === 'chatbot'
}

class CallNumbers {
  readonly #numbers = new Map<string, string>()
  #next = 0

  add({ id }: ToolCall): string {
    const number = String(this.#next++)
    if (id && !this.#numbers.has(id)) this.#numbers.set(id, number)
    return number
  }

  find(id = ''): string {
    return this.#numbers.get(id) ?? id
  }
}
