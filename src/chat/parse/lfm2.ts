// LFM2: <think>…</think> when it thinks, text and <|tool_call_start|>[name(key='value')]<|tool_call_end|>. The small ones forget the tags: a reply
// that is nothing but calls of the request's tools is read as calls.

import type { Tool } from '../message.ts'
import { parseJsonCalls, readJsonHead } from './json-calls.ts'
import { readPythonHead } from './python-arguments.ts'
import { parsePythonCalls } from './python-calls.ts'
import { type CallBlock, createTaggedCalls, type ParsedCall, type ReplyFormat } from './reply-format.ts'
import type { ReplyParserOptions } from './reply-parser.ts'
import { createThinkingFormat } from './thinking.ts'

export const LFM2_TOKENS = ['<think>', '</think>', '<|tool_call_start|>', '<|tool_call_end|>'] as const

export function createLfm2Format(options: ReplyParserOptions): ReplyFormat {
  const { tools } = options
  const names = tools.map((tool: Tool) => tool.function.name).filter((name) => name !== '')
  return {
    thinking: createThinkingFormat({ open: '<think>', close: '</think>' }, options),
    calls: [
      createTaggedCalls('<|tool_call_start|>', '<|tool_call_end|>', parseCalls, (text) => readPythonHead(text) ?? readJsonHead(text)),
      ...names
        .flatMap((name) => [`[${name}(`, `${name}(`])
        .map((open) => ({
          open,
          where: 'start' as const,
          createBlock: () => createBareBlock(names),
        })),
    ],
    trims: true,
  }
}

function parseCalls(body: string): ParsedCall[] | undefined {
  return parsePythonCalls(body) ?? parseJsonCalls(body)
}

/** The whole rest of the reply, or none of it. */
function createBareBlock(names: readonly string[]): CallBlock {
  return {
    read(text, ended) {
      if (!ended) return { kind: 'more' }
      const calls = parsePythonCalls(text.replace('<|tool_call_end|>', ''))
      const isKnown = calls?.every((call) => names.includes(call.name)) ?? false
      return calls && isKnown ? { kind: 'calls', calls, length: text.length } : { kind: 'text', length: 0 }
    },
  }
}
