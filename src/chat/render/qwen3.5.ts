// Qwen 3.5, Qwen 3.8 and Ornith: ChatML, tools as JSON, calls as <tool_call><function=…>. Without thinking the prompt gives an empty thought.
//
// Ornith and Qwen 3.8 keep the thinking of all turns. Qwen 3.8 has one system turn, which also says how hard to think.

import type { Message, Think, Tool } from '../message.ts'
import type { RenderInput } from '../prompt-template.ts'
import { findLastQuery, isLast, toArgumentText, toSpacedJson, toToolJson } from './prompt-values.ts'
import { renderToolResponse, XML_CALL_RULES } from './qwen3-coder.ts'
import type { Renderer } from './renderer.ts'

const HARD =
  'Reasoning effort is set to xhigh. Please think carefully through the task, validate key assumptions, consider plausible alternatives, and prioritize correctness, consistency, and clarity in the final answer.'
const EASY =
  'Reasoning effort is set to low. Keep your thinking brief and focused, moving directly to the conclusion without unnecessary elaboration.'

interface Variant {
  keepsAllThinking: boolean
  hasEffort: boolean
}

export const qwen35: Renderer = { render: (input) => render(input, { keepsAllThinking: false, hasEffort: false }) }
export const qwen38: Renderer = { render: (input) => render(input, { keepsAllThinking: true, hasEffort: true }) }
export const ornith: Renderer = { render: (input) => render(input, { keepsAllThinking: true, hasEffort: false }) }

function render({ messages: given, tools = [], think }: RenderInput, variant: Variant): string {
  const thinks = think !== false
  const messages = variant.hasEffort ? joinInstructions(given) : given
  const lastQuery = findLastQuery(messages)
  const parts = [renderSystem(messages, tools, variant.hasEffort ? effortOf(think) : undefined)]
  for (const [index, message] of messages.entries()) {
    const content = message.content.trim()
    if (message.role === 'tool') parts.push(renderToolResponse(content, index, messages))
    else if (message.role === 'assistant') {
      const showsThinking = variant.keepsAllThinking || (thinks && index > lastQuery)
      const end = isLast(messages, index) ? '' : '<|im_end|>\n'
      parts.push(`<|im_start|>assistant\n${renderAssistant({ ...message, content }, showsThinking, variant)}${end}`)
    } else if (message.role === 'user' || (message.role === 'system' && index > 0) || (variant.hasEffort && message.role !== 'system')) {
      parts.push(`<|im_start|>${message.role}\n${content}<|im_end|>\n`)
    }
  }
  if (messages.length > 0 && messages.at(-1)?.role !== 'assistant') {
    parts.push(`<|im_start|>assistant\n${thinks ? '<think>\n' : '<think>\n\n</think>\n\n'}`)
  }
  return parts.join('')
}

/** All instructions in the one system turn that Qwen 3.8 knows. */
function joinInstructions(messages: readonly Message[]): readonly Message[] {
  const isInstruction = ({ role }: Message) => role === 'system' || role === 'developer'
  const instructions = messages.filter(isInstruction)
  if (instructions.length === 0 || (instructions.length === 1 && messages[0]?.role === 'system')) return messages
  const content = instructions
    .map((message) => message.content.trim())
    .filter(Boolean)
    .join('\n\n')
  return [{ role: 'system', content }, ...messages.filter((message) => !isInstruction(message))]
}

/** "" = say nothing about it. */
function effortOf(think: Think | undefined): string {
  if (think === undefined || think === 'high' || think === 'max') return HARD
  return think === 'low' ? EASY : ''
}

function renderSystem(messages: readonly Message[], tools: readonly Tool[], effort: string | undefined): string {
  const system = messages[0]?.role === 'system' ? messages[0].content.trim() : undefined
  if (tools.length > 0) {
    const list = tools.map((tool) => `\n${toSpacedJson(toToolJson(tool))}`).join('')
    const declared = `# Tools\n\nYou have access to the following functions:\n\n<tools>${list}\n</tools>\n\n${XML_CALL_RULES}`
    return `<|im_start|>system\n${[effort, declared, system].filter(Boolean).join('\n\n')}<|im_end|>\n`
  }
  const text = [effort, system].filter(Boolean).join('\n\n')
  const isSilent = text === '' && (system === undefined || effort !== undefined)
  return isSilent ? '' : `<|im_start|>system\n${text}<|im_end|>\n`
}

function renderAssistant(message: Message, showsThinking: boolean, variant: Variant): string {
  const { thinking, content } = splitThinking(message, showsThinking, variant)
  const calls = (message.toolCalls ?? []).map(({ function: call }, index) => {
    const parameters = Object.entries(call.arguments).map(
      ([name, value]) => `<parameter=${name}>\n${toArgumentText(value)}\n</parameter>\n`,
    )
    const before = index > 0 ? '\n' : content.trim() === '' ? '' : '\n\n'
    return `${before}<tool_call>\n<function=${call.name}>\n${parameters.join('')}</function>\n</tool_call>`
  })
  return `${showsThinking ? `<think>\n${thinking}\n</think>\n\n` : ''}${content}${calls.join('')}`
}

/** The thinking of its own field, or (not for Qwen 3.8) the one that a client left in the text. */
function splitThinking(
  { thinking = '', content }: Message,
  showsThinking: boolean,
  { hasEffort }: Variant,
): { thinking: string; content: string } {
  if (showsThinking && thinking !== '') return { thinking: thinking.trim(), content }
  const close = hasEffort ? -1 : content.indexOf('</think>')
  if (close < 0) return { thinking: '', content }
  const before = content.slice(0, close)
  const inText = before.slice(before.lastIndexOf('<think>') < 0 ? 0 : before.lastIndexOf('<think>') + '<think>'.length)
  return { thinking: inText.trim(), content: content.slice(close + '</think>'.length).replace(/^\n+/, '') }
}
