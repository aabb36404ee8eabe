// Qwen 3 and Qwen 3 VL: <think>…</think>, then text and <tool_call>{"name": …, "arguments": {…}}</tool_call>. The thinking may end at a call.

import { parseJsonCalls, readJsonHead } from './json-calls.ts'
import { createTaggedCalls, type ReplyFormat } from './reply-format.ts'
import type { ReplyParserOptions } from './reply-parser.ts'
import { createOpenedThinkingFormat } from './thinking.ts'

export const QWEN3_TOKENS = ['<think>', '</think>', '<tool_call>', '</tool_call>'] as const

const THINK_TAGS = { open: '<think>', close: '</think>' }

export function createQwen3Format(options: ReplyParserOptions): ReplyFormat {
  return {
    thinking: { ...createOpenedThinkingFormat(THINK_TAGS, options), endsAtCall: true },
    calls: [createTaggedCalls('<tool_call>', '</tool_call>', parseJsonCalls, readJsonHead)],
    trims: true,
  }
}
