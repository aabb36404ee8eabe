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

/** Throws `template_error`. A chat template of a chat gets the images after the text, everything else before, a renderer with a space between. */
export function renderPrompt(template: PromptTemplate, request: RenderRequest): RenderedPrompt {
  const { messages, purpose, ...input } = request
  const otherPlace = template.kind === 'jinja' && purpose === 'chat' ? 'after' : 'before'
  const tagged = tagImages(messages, template.kind === 'renderer' ? 'apart' : otherPlace)
  return { prompt: template.render({ ...input, messages: tagged }), images: messages.flatMap((message) => message.images ?? []) }
}

/**
 * `[img-N]`, N counting over all messages. Before: in place of each literal `[img]`, the rest in front of the text. After: behind the text. Apart:
 * as before, with a space in front of the text; a text with numbered marks of its own is left to them.
 * wire: in Ollama some renderers know no images, and others none in the system's text; there such a request fails.
 */
export function tagImages(messages: readonly Message[], place: 'before' | 'after' | 'apart'): Message[] {
  let count = 0
  return messages.map((message) => {
    if (!message.images || message.images.length === 0) return message
    const marks = message.images.map(() => imageMark(count++))
    if (place === 'after') return { ...message, content: message.content + marks.join('') }
    if (place === 'apart' && marks.every((mark) => message.content.includes(mark))) return message
    const { content, rest } = placeMarks(message.content, marks)
    const space = place === 'apart' && rest !== '' && /^\S/.test(content) ? ' ' : ''
    return { ...message, content: rest + space + content }
  })
}

/** In the text and for the runner: where the image of that number stands. */
export function imageMark(index: number): string {
  return `[img-${index}]`
}

/** Marks that stood for images of an earlier prompt, which are there no more: they would show those of this one. */
export function withoutImageMarks(text: string, imageCount: number): string {
  return text.replace(/\[img-(\d+)\]/g, (mark, index: string) => (Number(index) < imageCount ? '' : mark))
}

/** Each in place of a literal `[img]`, as long as there are any. */
function placeMarks(text: string, marks: readonly string[]): { content: string; rest: string } {
  let content = text
  let rest = ''
  for (const mark of marks) {
    if (content.includes('[img]')) content = content.replace('[img]', mark)
    else rest += mark
  }
  return { content, rest }
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
