// Nemotron 3 Nano and 3.5: ChatML, tools as XML, calls as <tool_call><function=…>. Turns before the last question lose their thinking.
//
// In 3, "/think" and "/no_think" in a text of the user or the system switch thinking and are not shown; in 3.5 only the request does.

import { isRecord } from '../../base/json.ts'
import type { Message, Tool } from '../message.ts'
import type { RenderInput } from '../prompt-template.ts'
import { parametersOf, textOf, typesOf } from './prompt-values.ts'
import { XML_CALL_RULES } from './qwen3-coder.ts'
import type { Renderer } from './renderer.ts'

export const nemotron3: Renderer = { render: (input) => render(input, false) }
export const nemotron35: Renderer = { render: (input) => render(input, true) }

function render({ messages, tools = [], think }: RenderInput, is35: boolean): string {
  const hasSystem = messages[0]?.role === 'system'
  const turns = hasSystem ? messages.slice(1) : messages
  const system = hasSystem ? (messages[0]?.content ?? '') : ''
  const lastUser = turns.findLastIndex((message) => message.role === 'user')
  const about = [is35 ? system : withoutSwitches(system), renderTools(tools)].filter(Boolean).join('\n\n')
  const rendered = turns.map((message, index) => {
    const { role, content } = message
    if (role === 'assistant') return `<|im_start|>assistant\n${renderAssistant(message, index < lastUser, is35)}<|im_end|>\n`
    if (role === 'tool') return renderToolResponse(content, index, turns)
    if (role !== 'user' && role !== 'system') return `<|im_start|>${role}\n${content}<|im_end|>\n`
    const effort = is35 && think === 'medium' && index === lastUser ? '\n\n{reasoning effort: efficient}' : ''
    return `<|im_start|>${role}\n${is35 ? `${content}${effort}` : withoutSwitches(content).trim()}<|im_end|>\n`
  })
  const thinks = is35 ? think !== false : switchedThinking(messages, think !== false)
  return `<|im_start|>system\n${about}<|im_end|>\n${rendered.join('')}<|im_start|>assistant\n${thinks ? '<think>\n' : '<think></think>'}`
}

function switchedThinking(messages: readonly Message[], thinks: boolean): boolean {
  return messages
    .filter(({ role }) => role === 'user' || role === 'system')
    .reduce((now, { content }) => {
      if (content.replaceAll('</think>', '').includes('/think')) return true
      return content.includes('/no_think') ? false : now
    }, thinks)
}

function withoutSwitches(text: string): string {
  return text.replace(/<\/think>|\/think|\/no_think/g, (found) => (found === '</think>' ? found : ''))
}

function renderToolResponse(content: string, index: number, turns: readonly Message[]): string {
  const opens = index > 0 && turns[index - 1]?.role !== 'tool'
  const closes = turns[index + 1]?.role !== 'tool'
  return `${opens ? '<|im_start|>user\n' : ''}<tool_response>\n${content}\n</tool_response>\n${closes ? '<|im_end|>\n' : ''}`
}

function renderAssistant(message: Message, isPast: boolean, is35: boolean): string {
  const { content, thinking, toolCalls = [] } = message
  const hasTags = content.includes('<think>') || content.includes('</think>')
  const line = is35 ? '' : '\n'
  const full = thinking ? `<think>\n${thinking}${line}</think>${line}${content}` : `${hasTags ? '' : '<think></think>'}${content}`
  if (toolCalls.length === 0) {
    const isWhole = full.includes('<think>') && full.includes('</think>')
    return (isPast && isWhole ? `<think></think>${full.split('</think>').at(-1)}` : full).trim()
  }
  const answer = full.includes('</think>') ? full.split('</think>').at(-1) : full.split('<think>')[0]
  const text = full.trim() === '' ? '<think></think>' : `${isPast ? `<think></think>${answer?.trim()}` : full.trim()}\n`
  return `${text}${toolCalls.map(({ function: call }) => renderCall(call.name, call.arguments)).join('')}`
}

function renderCall(name: string, args: Readonly<Record<string, unknown>>): string {
  const parameters = Object.entries(args).map(([key, value]) => `<parameter=${key}>\n${toPythonText(value)}\n</parameter>\n`)
  return `<tool_call>\n<function=${name}>\n${parameters.join('')}</function>\n</tool_call>\n`
}

function renderTools(tools: readonly Tool[]): string {
  if (tools.length === 0) return ''
  return `# Tools\n\nYou have access to the following functions:\n\n<tools>${tools.map(renderTool).join('')}\n</tools>\n\n${XML_CALL_RULES}`
}

function renderTool(tool: Tool): string {
  const { properties, required, shape } = parametersOf(tool)
  const { name, description } = tool.function
  const parameters = properties.map(([parameter, property]) => {
    const types = typesOf(property)
    const type = types.length === 1 ? types[0] : `[${types.map((item) => `'${item}'`).join(', ')}]`
    const { type: _, description: about, enum: values, anyOf, items, properties: inner, required: needed, ...others } = property
    const more = keys({ enum: values, anyOf, items, properties: inner, required: needed, ...others })
    return `\n<parameter>\n<name>${parameter}</name>${types.length === 0 ? '' : `\n<type>${type}</type>`}${described(textOf(about))}${more}\n</parameter>`
  })
  const { type: _type, properties: _properties, required: _required, $defs, items, ...others } = shape
  const rest = keys({ $defs, items, ...others, ...(required.length > 0 ? { required } : {}) })
  return `\n<function>\n<name>${name}</name>${described(description ?? '')}\n<parameters>${parameters.join('')}${rest}\n</parameters>\n</function>`
}

function described(text: string): string {
  return text === '' ? '' : `\n<description>${text.trim()}</description>`
}

function keys(record: Readonly<Record<string, unknown>>): string {
  const present = Object.entries(record).filter(([, value]) => value !== undefined && value !== null)
  return present.map(([key, value]) => `\n<${key}>${toPythonText(value)}</${key}>`).join('')
}

/** Lists and objects as JSON, all else as Python prints it. */
function toPythonText(value: unknown): string {
  if (isRecord(value) || Array.isArray(value)) return toSpacedText(value)
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return value === null ? 'None' : String(value)
}

function toSpacedText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toSpacedText).join(', ')}]`
  if (!isRecord(value)) return JSON.stringify(value) ?? 'null'
  const pairs = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${toSpacedText(item)}`)
  return `{${pairs.join(', ')}}`
}
