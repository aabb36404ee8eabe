// DeepSeek 3.1: all system texts first, then the tools. A turn of the assistant begins with <think> where it thinks now, else with </think>.

import type { Message, Tool } from '../message.ts'
import type { RenderInput } from '../prompt-template.ts'
import { parametersOf, toJson } from './prompt-values.ts'
import type { Renderer } from './renderer.ts'

const BOS = '<｜begin▁of▁sentence｜>'
const EOS = '<｜end▁of▁sentence｜>'
const ASSISTANT = '<｜Assistant｜>'

export const deepseek31: Renderer = { leadingBos: BOS, render }

function render({ messages, tools = [], think }: RenderInput): string {
  const thinks = think !== undefined && think !== false
  const system = messages.filter((message) => message.role === 'system').map((message) => message.content)
  const lastUser = messages.findLastIndex((message) => message.role === 'user')
  const parts = [BOS, system.join('\n\n'), renderTools(tools)]
  let last: Message | undefined
  for (const [index, message] of messages.entries()) {
    const { role, content } = message
    if (role === 'user') parts.push(`<｜User｜>${content}`)
    else if (role === 'tool') parts.push(`<｜tool▁output▁begin｜>${content}<｜tool▁output▁end｜>`)
    else if (role === 'assistant') {
      const showsThinking = thinks && index > lastUser && Boolean(message.thinking) && !message.toolCalls?.length
      if (last?.role === 'user') parts.push(ASSISTANT, showsThinking ? '<think>' : '</think>')
      parts.push(renderAssistant(message, last?.role === 'tool'))
    } else continue
    last = message
  }
  if (last?.role === 'user') parts.push(ASSISTANT, thinks ? '<think>' : '</think>')
  return parts.join('')
}

function renderAssistant({ content, toolCalls = [] }: Message, followsTool: boolean): string {
  if (toolCalls.length > 0) {
    const calls = toolCalls.map(
      ({ function: call }) => `<｜tool▁call▁begin｜>${call.name}<｜tool▁sep｜>${toJson(call.arguments)}<｜tool▁call▁end｜>`,
    )
    return `${content}<｜tool▁calls▁begin｜>${calls.join('')}<｜tool▁calls▁end｜>${EOS}`
  }
  const close = followsTool ? -1 : content.indexOf('</think>')
  return `${close < 0 ? content : content.slice(close + '</think>'.length)}${EOS}`
}

function renderTools(tools: readonly Tool[]): string {
  if (tools.length === 0) return ''
  const list = tools.map((tool) => {
    const { name, description } = tool.function
    return `\n### ${name}\nDescription: ${description ?? ''}\n\nParameters: ${toJson(parametersOf(tool).shape)}\n`
  })
  return `\n\n## Tools
You have access to the following tools:
${list.join('')}
IMPORTANT: ALWAYS adhere to this exact format for tool use:
<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>tool_call_name<｜tool▁sep｜>tool_call_arguments<｜tool▁call▁end｜>{{additional_tool_calls}}<｜tool▁calls▁end｜>

Where:

- \`tool_call_name\` must be an exact match to one of the available tools
- \`tool_call_arguments\` must be valid JSON that strictly follows the tool's Parameters Schema
- For multiple tool calls, chain them directly without separators or spaces
`
}
