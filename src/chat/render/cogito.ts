// Cogito: DeepSeek's marks, its own system text, tools as indented JSON, arguments in code blocks.

import type { Message, Tool } from '../message.ts'
import type { RenderInput } from '../prompt-template.ts'
import { toJson, toToolJson } from './prompt-values.ts'
import type { Renderer } from './renderer.ts'

const BOS = '<｜begin▁of▁sentence｜>'
const EOS = '<｜end▁of▁sentence｜>'
const IDENTITY = 'You are Cogito, an AI assistant created by Deep Cogito, which is an AI research lab based in San Francisco.'
const THINK = 'Enable deep thinking subroutine.\n\n'

export const cogito: Renderer = { leadingBos: BOS, render }

function render({ messages, tools = [], think }: RenderInput): string {
  const thinks = think !== undefined && think !== false
  const system = messages[0]?.role === 'system' ? messages[0].content : ''
  const turns = messages[0]?.role === 'system' ? messages.slice(1) : messages
  const parts = [BOS, thinks ? THINK : '', IDENTITY, system === '' ? '' : `\n\n${system}${thinks ? '\n\n' : ''}`, renderTools(tools)]
  for (const [index, message] of turns.entries()) {
    if (message.role === 'user') parts.push(`<｜User｜>${message.content}<｜Assistant｜>`)
    else if (message.role === 'assistant') parts.push(renderAssistant(message))
    else if (message.role === 'tool') {
      const opens = turns[index - 1]?.role !== 'tool'
      const closes = turns[index + 1]?.role !== 'tool'
      const output = `<｜tool▁output▁begin｜>${message.content}<｜tool▁output▁end｜>`
      parts.push(opens ? '<｜tool▁outputs▁begin｜>' : '', output, closes ? '<｜tool▁outputs▁end｜>' : '\n')
    }
  }
  const lastTurn = turns.findLast(({ role }) => ['user', 'assistant', 'tool'].includes(role))
  if (lastTurn?.role !== 'user') parts.push('<｜Assistant｜>')
  return `${parts.join('')}${thinks ? '<think>\n' : ''}`
}

function renderTools(tools: readonly Tool[]): string {
  if (tools.length === 0) return ''
  const list = tools.map((tool) => `\`\`\`json\n${toIndentedJson(toToolJson(tool))}\n\`\`\`\n`)
  return `\nYou have the following functions available:\n${list.join('')}`
}

function toIndentedJson(value: unknown): string {
  // Escapes as in other JSON: what is not space is the same.
  return JSON.stringify(value, null, 4)
}

function renderAssistant({ content, toolCalls = [] }: Message): string {
  if (toolCalls.length === 0) return `${content}${EOS}`
  const calls = toolCalls.map(({ function: call }) => {
    return `<｜tool▁call▁begin｜>function<｜tool▁sep｜>${call.name}\n\`\`\`json\n${toJson(call.arguments)}\n\`\`\`<｜tool▁call▁end｜>`
  })
  return `${content}<｜tool▁calls▁begin｜>${calls.join('\n')}<｜tool▁calls▁end｜>${EOS}`
}
