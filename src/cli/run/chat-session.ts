// The state of an interactive chat, and one turn of it. What is typed comes line by line; `"""` opens a text of several lines.

import type { MessageBody } from '../../api/message.ts'
import type { ShowResponseBody } from '../../api/models.ts'
import { isAppError } from '../../base/errors.ts'
import { isUnreachable } from '../server.ts'
import type { PromptHistory } from '../terminal/prompt-history.ts'
import type { Context } from '../verb.ts'
import { printReply } from './reply.ts'
import { type RunSettings, toRequestFields } from './settings.ts'
import { isMultimodal } from './shown.ts'
import { announceAttachments } from './single-prompt.ts'

export interface ChatSession {
  readonly context: Context
  settings: RunSettings
  shown: ShowResponseBody
  /** Without the model's own, which the server puts before them. */
  messages: MessageBody[]
  readonly history: PromptHistory
  /** A `"""` text that is not closed yet. */
  open: { target: 'prompt' | 'system'; text: string } | undefined
  /** Ctrl-C while a reply arrives. */
  readonly onInterrupt: (listener: () => void) => () => void
}

/** A failure is printed and the chat goes on: what was said so far must not be lost with it. Only a server that is gone ends it. */
export async function sendPrompt(session: ChatSession, prompt: string): Promise<void> {
  const { context, settings, messages } = session
  const before = messages.length
  try {
    messages.push(await toMessage(session, prompt))
    const reply = await printReply(context, settings, {
      parts: (signal) => context.client.chat({ ...toRequestFields(settings), messages }, signal),
      piece: ({ message }) => ({ text: message.content, thinking: message.thinking, toolCalls: message.tool_calls }),
      onInterrupt: session.onInterrupt,
      endsLine: true,
    })
    if (reply) messages.push({ role: 'assistant', content: reply.text, ...(reply.thinking === '' ? {} : { thinking: reply.thinking }) })
    else context.io.stdout.write('\n\n')
  } catch (error) {
    messages.length = before
    if (isUnreachable(error) || !isAppError(error)) throw error
    context.io.stderr.write(`error: ${error.message}\n`)
  }
}

/** Loads the model before the first prompt, so that a model that cannot be loaded says so at once. */
export async function loadModel(session: ChatSession): Promise<void> {
  const { context, settings } = session
  const { model, think, keep_alive, options } = toRequestFields(settings)
  const request = {
    model,
    ...(think === undefined ? {} : { think }),
    ...(keep_alive === undefined ? {} : { keep_alive }),
    ...(options === undefined ? {} : { options }),
  }
  await printReply(context, settings, {
    parts: (signal) => context.client.generate(request, signal),
    piece: () => ({ text: '' }),
    onInterrupt: session.onInterrupt,
    endsLine: false,
  })
}

export function setSystem(session: ChatSession, text: string): void {
  session.settings.system = text
  const { messages } = session
  if (messages.at(-1)?.role === 'system') messages.pop()
  messages.push({ role: 'system', content: text })
  session.context.io.stdout.write('Set system message.\n')
}

/** What a chat begins with: the system message, where one is set. */
export function firstMessages(settings: RunSettings): MessageBody[] {
  return settings.system === '' ? [] : [{ role: 'system', content: settings.system }]
}

async function toMessage(session: ChatSession, prompt: string): Promise<MessageBody> {
  if (!isMultimodal(session.shown)) return { role: 'user', content: prompt }
  const { text, images } = await announceAttachments(session.context, prompt)
  return { role: 'user', content: text, ...(images.length > 0 ? { images } : {}) }
}
