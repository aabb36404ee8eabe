// Which messages a run renders: those of the model (SYSTEM, MESSAGE) and those of the request (contract/native.md section 4.2).

import type { Message } from '../chat/message.ts'
import type { Model } from './model.ts'
import type { GenerateRequest } from './service.ts'

type Told = Pick<Model, 'messages' | 'system' | 'config' | 'name'>

/** The model's own come first. Its system text counts unless the request begins with one. */
export function chatMessages(model: Told, messages: readonly Message[]): Message[] {
  const all = [...model.messages, ...messages]
  if (model.system !== '' && messages[0]?.role !== 'system') all.unshift({ role: 'system', content: model.system })
  return writesThinkTags(model) ? withoutOldThinking(all) : all
}

/** A `context`, even an empty one, stands for the talk so far, so the model's MESSAGEs are left out. */
export function generateMessages(model: Told, request: GenerateRequest): Message[] {
  const system = request.system || model.system
  const { images } = request
  return [
    ...(system === '' ? [] : [{ role: 'system', content: system }]),
    ...(request.context === undefined ? model.messages : []),
    { role: 'user', content: request.prompt, ...(images && images.length > 0 ? { images } : {}) },
  ]
}

function writesThinkTags({ config, name }: Told): boolean {
  return config.model_family === 'qwen3' || name.model === 'deepseek-r1'
}

/** What these models thought before the last question only costs context. */
function withoutOldThinking(messages: readonly Message[]): Message[] {
  const lastUser = messages.findLastIndex((message) => message.role === 'user')
  return messages.map((message, index) =>
    message.role === 'assistant' && index < lastUser
      ? { ...message, content: message.content.replace(/^\s*<think>[\s\S]*?(?:<\/think>\s*|$)/, '') }
      : message,
  )
}
