// Cohere's Command A and North: <|START_THINKING|>…<|END_THINKING|>, then <|START_TEXT|>…<|END_TEXT|> (older: RESPONSE) or
// <|START_ACTION|>[{"tool_call_id": …, "tool_name": …, "parameters": {…}}]<|END_ACTION|>.

import { isRecord } from '../../base/json.ts'
import { parseJsonCalls, readJsonHead } from './json-calls.ts'
import { JsonEndFinder, parseJsonObject } from './json-object.ts'
import { createTaggedCalls, type ParsedCall, type ReplyFormat } from './reply-format.ts'
import type { ReplyParserOptions } from './reply-parser.ts'
import { createOpenedThinkingFormat } from './thinking.ts'

const THINKING = { open: '<|START_THINKING|>', close: '<|END_THINKING|>' }
const ACTION = { open: '<|START_ACTION|>', close: '<|END_ACTION|>' }
const TEXT_TAGS = ['<|START_TEXT|>', '<|END_TEXT|>', '<|START_RESPONSE|>', '<|END_RESPONSE|>']

export const COHERE_TOKENS: readonly string[] = [THINKING.open, THINKING.close, ACTION.open, ACTION.close, ...TEXT_TAGS]

export function createCohereFormat(options: ReplyParserOptions): ReplyFormat {
  return {
    thinking: createOpenedThinkingFormat(THINKING, options),
    calls: [createTaggedCalls(ACTION.open, ACTION.close, parseActions, readJsonHead)],
    dropped: [...TEXT_TAGS, '<|END_OF_TURN_TOKEN|>'],
    trims: true,
  }
}

/** The list; where it is malformed, the calls in it that are not. */
function parseActions(body: string): ParsedCall[] | undefined {
  const whole = parseJsonCalls(body)
  if (whole) return whole
  const calls: ParsedCall[] = []
  for (let at = body.indexOf('{'); at >= 0; at = body.indexOf('{', at)) {
    const length = new JsonEndFinder().find(body.slice(at))
    if (length === undefined) break
    const action = parseJsonObject(body.slice(at, at + length))
    if (typeof action?.tool_name === 'string')
      calls.push({ name: action.tool_name, arguments: isRecord(action.parameters) ? action.parameters : {} })
    at += length
  }
  return calls
}
