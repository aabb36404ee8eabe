// OLMo 3: text and <function_calls>, a Python call on each line, </function_calls>. The thinking variant opens <think> in the prompt and has no tools.

import { readPythonHead } from './python-arguments.ts'
import { parsePythonCalls } from './python-calls.ts'
import { createTaggedCalls, type ReplyFormat } from './reply-format.ts'
import type { ReplyParserOptions } from './reply-parser.ts'
import { createOpenedThinkingFormat } from './thinking.ts'

export const OLMO3_TOKENS = ['<function_calls>', '</function_calls>'] as const
export const OLMO3_THINK_TOKENS = ['<think>', '</think>'] as const

export function createOlmo3Format(): ReplyFormat {
  return { calls: [createTaggedCalls('<function_calls>', '</function_calls>', parsePythonCalls, readPythonHead)], trims: true }
}

export function createOlmo3ThinkFormat(options: ReplyParserOptions): ReplyFormat {
  return { thinking: createOpenedThinkingFormat({ open: '<think>', close: '</think>' }, options), trims: true }
}
