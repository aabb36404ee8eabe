// How a client learns that a prompt or a text had to be cut, in each dialect: by a header, and by the amount, which streams tell too: in the last record
// of the native API, in the usage of the others.

import type { Truncation } from '../chat/event.ts'
import type { ReplyHeaders } from './kernel/reply.ts'
import { optional, whole } from './schema.ts'

export const TRUNCATED = { 'X-Llamero-Truncated': 'true' }

/** What the document of the API says of it. */
export const TRUNCATED_DOCUMENT = { 'X-Llamero-Truncated': '`true` where a part of the conversation did not fit.' }
export const TEXTS_TRUNCATED_DOCUMENT = { 'X-Llamero-Truncated': '`true` where a text was too long and its end was left out.' }

/** Keys are there only where something was left out. */
export interface DroppedBody {
  prompt_dropped_messages?: number
  prompt_dropped_tokens?: number
}

export const DROPPED_SHAPE = { prompt_dropped_messages: optional(whole), prompt_dropped_tokens: optional(whole) }

export function toDropped({ droppedMessages = 0, droppedTokens = 0 }: Partial<Truncation> = {}): DroppedBody {
  return {
    ...(droppedMessages > 0 ? { prompt_dropped_messages: droppedMessages } : {}),
    ...(droppedTokens > 0 ? { prompt_dropped_tokens: droppedTokens } : {}),
  }
}

export function truncatedHeaders({ prompt_dropped_messages, prompt_dropped_tokens }: DroppedBody): ReplyHeaders {
  return prompt_dropped_messages || prompt_dropped_tokens ? TRUNCATED : {}
}
