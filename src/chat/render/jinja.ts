// Prompts by the Jinja template in the GGUF, as llama-server's /apply-template makes them, which is Ollama's native path
// (contract/native.md 4.1, 4.2): thinking of the history is dropped, a trailing assistant message is continued, and messages are shaped to
// what the template can take (jinja-traits.ts finds out by trying).

import { jinjaError } from '../../template/jinja/error.ts'
import { type JinjaTemplate, parseJinja } from '../../template/jinja/parse.ts'
import { renderJinja } from '../../template/jinja/run.ts'
import { type JinjaValue, toText } from '../../template/jinja/value.ts'
import { jinjaCapabilities } from '../jinja-capabilities.ts'
import type { Message, Think, Tool } from '../message.ts'
import type { PromptTemplate, RenderInput } from '../prompt-template.ts'
import { toToolShape } from '../tool-schema.ts'
import { findJinjaTraits, type JinjaContext, type JinjaRender, type JinjaTraits } from './jinja-traits.ts'
import { formatTime } from './strftime.ts'

export interface JinjaOptions {
  bosText: string
  eosText: string
  /** The tokenizer adds them by itself, so that the prompt must not have them. */
  addsBos?: boolean
  addsEos?: boolean
  nowMs: () => number
}

/** What llama-server takes for a model without any template. */
export const CHATML_TEMPLATE = `{%- for message in messages -%}
  {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{- '<|im_start|>assistant\\n' -}}
{%- endif -%}`

const CALL_TAGS = ['<tool_call>', '[TOOL_CALLS]', '<|python_tag|>', '<|tool_call|>', '<function=', '<tool_calls>', 'functools[']
const THINKING_TAGS = [
  { open: '<think>', close: '</think>' },
  { open: '[THINK]', close: '[/THINK]' },
  { open: '<seed:think>', close: '</seed:think>' },
  { open: '<|START_THINKING|>', close: '<|END_THINKING|>' },
  { open: '<|channel>thought\n', close: '<channel|>' },
] as const

/** The template is parsed at its first use; a broken one throws `template_error` then, and not when a model is merely listed. */
export function createJinjaTemplate(text: string, options: JinjaOptions): PromptTemplate {
  const capabilities = jinjaCapabilities(text)
  const thinkingTags = THINKING_TAGS.find((tags) => text.includes(tags.open.trim()) && text.includes(tags.close))
  let compiled: { render: JinjaRender; traits: JinjaTraits } | undefined
  const compile = (): { render: JinjaRender; traits: JinjaTraits } => {
    if (!compiled) {
      const render = compileJinja(text, options)
      compiled = { render, traits: findJinjaTraits(render) }
    }
    return compiled
  }
  return {
    kind: 'jinja',
    capabilities: { ...capabilities, insert: false },
    ...(thinkingTags ? { thinkingTags: { ...thinkingTags } } : {}),
    ...(capabilities.tools ? { toolCallTag: CALL_TAGS.find((tag) => text.includes(tag)) ?? '{' } : {}),
    render: (input) => {
      const { render, traits } = compile()
      return renderPrompt(input, {
        render,
        traits,
        options,
        isChannelTemplate: text.includes('<|channel|>'),
        thinkingTags,
      })
    },
  }
}

interface Prepared {
  render: JinjaRender
  traits: JinjaTraits
  options: JinjaOptions
  isChannelTemplate: boolean
  thinkingTags: { open: string; close: string } | undefined
}

function renderPrompt(input: RenderInput, prepared: Prepared): string {
  const { traits, isChannelTemplate, thinkingTags } = prepared
  const continued = continuedText(input.messages)
  const shown = continued === undefined ? input.messages : input.messages.slice(0, -1)
  const messages = shapeMessages(shown, traits, isChannelTemplate)
  const context: JinjaContext = { ...contextOf(input, prepared.options, thinkingTags !== undefined), ...ownVariables(input), messages }
  const prompt = withoutAddedTokens(prepared.render({ ...context, add_generation_prompt: true }), prepared.options)
  return continued === undefined ? prompt : continuePrompt(prompt, continued, traits.thinkingTags ?? thinkingTags)
}

/** The text of an assistant message that ends the history; one that calls tools is complete and not continued. */
function continuedText(messages: readonly Message[]): string | undefined {
  const last = messages.at(-1)
  if (last?.role !== 'assistant' || (last.toolCalls ?? []).length > 0 || last.content === '') return undefined
  return last.content
}

/** The reply begins with the given text; for a model that thinks, its thinking is over before. */
function continuePrompt(prompt: string, text: string, tags: { open: string; close: string } | undefined): string {
  if (!tags) return prompt + text
  const open = prompt.lastIndexOf(tags.open.trim())
  const isOpened = open >= 0 && prompt.length - open <= tags.open.length + tags.close.length + 4
  return (isOpened ? prompt.slice(0, open) : prompt) + tags.open + tags.close + text
}

function contextOf(input: RenderInput, options: JinjaOptions, thinks: boolean): JinjaContext {
  const tools = (input.tools ?? []).map(toJinjaTool)
  return {
    bos_token: options.bosText,
    eos_token: options.eosText,
    ...(tools.length > 0 ? { tools } : {}),
    ...thinkContext(input.think, thinks),
    datetime: formatTime(options.nowMs(), '%b %d %Y'),
    date_string: formatTime(options.nowMs(), '%d %b %Y'),
  }
}

/** What the client may not replace are the talk itself and what the vocabulary says. */
function ownVariables({ variables = {} }: RenderInput): JinjaContext {
  const reserved = ['messages', 'tools', 'add_generation_prompt', 'bos_token', 'eos_token']
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !reserved.includes(name)))
}

/** Unset counts as on for a template that shows thinking. */
function thinkContext(think: Think | undefined, thinks: boolean): JinjaContext {
  if (think === undefined) return { enable_thinking: thinks }
  if (typeof think === 'boolean') return { enable_thinking: think }
  return { enable_thinking: true, reasoning_effort: think, reasoning_strength: think }
}

function toJinjaTool(tool: Tool): Record<string, unknown> {
  const { name, description, parameters } = toToolShape(tool, { sortProperties: false }).function
  return { type: 'function', function: { name, description, parameters } }
}

function shapeMessages(messages: readonly Message[], traits: JinjaTraits, isChannelTemplate: boolean): JinjaContext[] {
  const shaped = messages.map((message) => toJinjaMessage(message, traits))
  if (!isChannelTemplate) for (const message of shaped) if (message.role === 'developer') message.role = 'system'
  if (!traits.systemRole) mergeSystem(shaped)
  if (!traits.textContent) for (const message of shaped) message.content = [{ type: 'text', text: message.content }]
  return shaped
}

function toJinjaMessage(message: Message, traits: JinjaTraits): JinjaContext {
  const calls = (message.toolCalls ?? []).map((call) => ({
    type: 'function',
    function: {
      name: call.function.name,
      arguments: traits.objectArguments ? call.function.arguments : JSON.stringify(call.function.arguments),
    },
    ...(call.id === undefined || call.id === '' ? {} : { id: call.id }),
  }))
  return {
    role: message.role,
    content: message.content,
    ...(message.toolName ? { name: message.toolName } : {}),
    ...(message.toolCallId ? { tool_call_id: message.toolCallId } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  }
}

/** A template that refuses the system role gets its text in front of the next message. */
function mergeSystem(messages: JinjaContext[]): void {
  const [first, second] = messages
  if (first?.role !== 'system') return
  if (second) second.content = `${first.content}\n${second.content}`
  messages.shift()
}

function withoutAddedTokens(prompt: string, options: JinjaOptions): string {
  const { bosText, eosText } = options
  let text = prompt
  if (options.addsBos && bosText !== '' && text.startsWith(bosText)) text = text.slice(bosText.length)
  if (options.addsEos && eosText !== '' && text.endsWith(eosText)) text = text.slice(0, -eosText.length)
  return text
}

function compileJinja(text: string, options: JinjaOptions): JinjaRender {
  const template: JinjaTemplate = parseJinja(text)
  const functions = {
    strftime_now: ([format]: readonly JinjaValue[]) => formatTime(options.nowMs(), toText(format)),
    raise_exception: ([message]: readonly JinjaValue[]) => {
      throw jinjaError(toText(message))
    },
  }
  return (context) => renderJinja(template, context, { functions })
}
