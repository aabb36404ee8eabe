// From a request to the messages that a template renders: the model's own messages and system text, history without old reasoning, tags where
// images stand, and no second BOS (contract/native.md 4.2). Pure; fitting into the context is fit.ts.

import type { Message, Think, Tool } from './message.ts'
import type { PromptTemplate } from './prompt-template.ts'

export interface PromptModel {
  /** SYSTEM and MESSAGES of the model, where it has them. */
  system?: string
  messages?: readonly Message[]
  family: string
  /** Its name without host, namespace and tag. */
  modelName: string
}

/** Of `/api/chat`: MESSAGES, then the request's; SYSTEM first unless the request begins with one of its own. */
export function chatMessages(model: PromptModel, request: readonly Message[]): Message[] {
  const messages = [...(model.messages ?? []), ...request]
  if (model.system && request[0]?.role !== 'system') messages.unshift({ role: 'system', content: model.system })
  return dropsOldThinking(model) ? dropOldThinking(messages) : messages
}

export interface CompletionInput {
  prompt: string
  system?: string
  images?: readonly Uint8Array[]
  /** The request gave `context`, be it empty: MESSAGES are part of it already. */
  hasContext?: boolean
}

/** Of `/api/generate` without suffix and raw. */
export function completionMessages(model: PromptModel, input: CompletionInput): Message[] {
  const system = input.system || model.system
  const images = input.images ?? []
  return [
    ...(system ? [{ role: 'system', content: system }] : []),
    ...(input.hasContext ? [] : (model.messages ?? [])),
    { role: 'user', content: input.prompt, ...(images.length > 0 ? { images: [...images] } : {}) },
  ]
}

export interface RenderRequest {
  messages: readonly Message[]
  tools?: readonly Tool[]
  think?: Think
  variables?: Readonly<Record<string, unknown>>
  purpose: 'chat' | 'completion'
}

export interface RenderedPrompt {
  prompt: string
  /** In the order of their numbers in the prompt. */
  images: Uint8Array[]
}

/** Throws `template_error`. A renderer places its images itself; a chat template of a chat gets them after the text, everything else before. */
export function renderPrompt(template: PromptTemplate, request: RenderRequest): RenderedPrompt {
  const { messages, purpose, ...input } = request
  const isAfter = template.kind === 'jinja' && purpose === 'chat'
  const tagged = template.kind === 'renderer' ? messages : tagImages(messages, isAfter ? 'after' : 'before')
  return { prompt: template.render({ ...input, messages: tagged }), images: messages.flatMap((message) => message.images ?? []) }
}

/** `[img-N]`, N counting over all messages. Before: in place of each literal `[img]`, the rest in front of the text. After: behind the text. */
export function tagImages(messages: readonly Message[], place: 'before' | 'after'): Message[] {
  let count = 0
  return messages.map((message) => {
    if (!message.images || message.images.length === 0) return message
    let { content } = message
    let tags = ''
    for (let index = 0; index < message.images.length; index++) {
      const tag = `[img-${count++}]`
      if (place === 'before' && content.includes('[img]')) content = content.replace('[img]', tag)
      else tags += tag
    }
    return { ...message, content: place === 'before' ? tags + content : content + tags }
  })
}

export interface BosRule {
  addsBos: boolean
  bosText: string
  /** BOS as the renderer writes it. */
  rendererBos?: string
}

/** The tokenizer adds BOS: what the prompt begins with of it is taken away, once. */
export function stripLeadingBos(prompt: string, rule: BosRule): string {
  if (!rule.addsBos) return prompt
  const found = [rule.rendererBos, rule.bosText, '<bos>'].find((bos) => bos && prompt.startsWith(bos))
  return found ? prompt.slice(found.length) : prompt
}

function dropsOldThinking(model: PromptModel): boolean {
  return model.family === 'qwen3' || model.modelName === 'deepseek-r1'
}

/** `<think>…</think>` at the start of the assistant's messages before the last user's. */
function dropOldThinking(messages: readonly Message[]): Message[] {
  const lastUser = messages.findLastIndex((message) => message.role === 'user')
  return messages.map((message, index) =>
    message.role === 'assistant' && index < lastUser ? { ...message, content: withoutThinking(message.content) } : message,
  )
}

function withoutThinking(content: string): string {
  const text = content.trimStart()
  if (!text.startsWith('<think>')) return content
  const close = text.indexOf('</think>')
  return close < 0 ? '' : text.slice(close + '</think>'.length).trimStart()
}
