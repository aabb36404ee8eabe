// Laguna: <think>…</think>, then text and <tool_call>name<arg_key>…</arg_key><arg_value>…</arg_value></tool_call>, as GLM writes calls. The prompt has
// opened or closed the thinking; a line break behind that, or a repeated tag, is no text. Some checkpoints write the call, or its arguments, as JSON.

import type { Tool } from '../message.ts'
import { GLM_TOKENS, parseGlmCall, readGlmHead } from './glm.ts'
import { JsonArguments } from './json-arguments.ts'
import { parseArguments, parseJsonCalls, readJsonHead } from './json-calls.ts'
import { createTaggedCalls, type ParsedCall, type ReplyFormat } from './reply-format.ts'
import type { ReplyParserOptions } from './reply-parser.ts'
import type { CallHead } from './streamed-call.ts'
import { createOpenedThinkingFormat } from './thinking.ts'

export const LAGUNA_TOKENS: readonly string[] = GLM_TOKENS

export function createLagunaFormat(options: ReplyParserOptions): ReplyFormat {
  const { tools } = options
  return {
    thinking: { ...createOpenedThinkingFormat({ open: '<think>', close: '</think>' }, options), endsAtCall: true },
    calls: [
      createTaggedCalls(
        '<tool_call>',
        '</tool_call>',
        (body, isClosed) => parseCall(body, isClosed, tools),
        (text) => readHead(text, tools),
      ),
    ],
    leading: ['</think>'],
    trims: true,
  }
}

function readHead(text: string, tools: readonly Tool[]): CallHead | undefined {
  if (text.trimStart().startsWith('{')) return readJsonHead(text)
  const [head, name] = /^\s*([^\s<{]+)\s*(?=\{)/.exec(text) ?? []
  return head === undefined || name === undefined ? readGlmHead(text, tools) : { name, arguments: new JsonArguments(head.length) }
}

function parseCall(body: string, isClosed: boolean, tools: readonly Tool[]): ParsedCall[] | undefined {
  const text = body.trim()
  if (text.startsWith('{')) return parseJsonCalls(text)
  const [, name, json] = /^([^\s<{]+)\s*(\{.*)$/s.exec(text) ?? []
  if (name === undefined || json === undefined) return parseGlmCall(body, isClosed, tools)
  const args = parseArguments(json)
  return args && [{ name, arguments: args }]
}
