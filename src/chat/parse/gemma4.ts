// Gemma 4: <|channel>thought … <channel|>, text and <|tool_call>call:name{…}<tool_call|>. FunctionGemma: text and
// <start_function_call>call:name{…}<end_function_call>. Both write arguments in the notation of gemma-arguments.ts.

import { parseGemmaCall } from './gemma-arguments.ts'
import { gemmaHeadReader } from './gemma-written.ts'
import { createTaggedCalls, type ParsedCall, type ReplyFormat } from './reply-format.ts'
import type { ReplyParserOptions } from './reply-parser.ts'

const CHANNEL = { open: '<|channel>', close: '<channel|>' }
const GEMMA4_MARK = '<|"|>'
const CALL_END = '<tool_call|>'
/** Repeated behind a call, and the place of the answer to it. */
const NOISE = [CALL_END, '<|tool_response>']
const readGemma4Head = gemmaHeadReader({ mark: GEMMA4_MARK, close: CALL_END })

export const GEMMA4_TOKENS: readonly string[] = [CHANNEL.open, CHANNEL.close, '<|tool_call>', ...NOISE, GEMMA4_MARK]
export const FUNCTIONGEMMA_TOKENS = ['<start_function_call>', '<end_function_call>', '<escape>'] as const

export function createGemma4Format({ promptTail, start }: ReplyParserOptions): ReplyFormat {
  const isOpen = start === 'thinking' || /<\|channel>(thought)?\s*$/.test(promptTail)
  return {
    thinking: { ...CHANNEL, isOpen, where: 'anywhere', label: 'thought\n' },
    calls: [createTaggedCalls('<|tool_call>', CALL_END, (body) => parseCall(body, GEMMA4_MARK), readGemma4Head)],
    dropped: NOISE,
    trims: true,
  }
}

export function createFunctiongemmaFormat(): ReplyFormat {
  return {
    calls: [
      createTaggedCalls(
        '<start_function_call>',
        '<end_function_call>',
        (body, isClosed) => (isClosed ? parseCall(body, '<escape>') : undefined),
        gemmaHeadReader({ mark: '<escape>', close: '<end_function_call>' }),
      ),
    ],
    trims: true,
  }
}

function parseCall(body: string, mark: string): ParsedCall[] | undefined {
  const call = parseGemmaCall(body, mark)
  return call ? [call] : undefined
}
