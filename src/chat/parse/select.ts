// Which parser reads a model's replies: the one that its config names, else one for the tags that its template tells, else none.

import { createGenericCallFormat } from './generic-tools.ts'
import { MarkedReplyParser } from './marked-reply.ts'
import type { ReplyParser, ReplyParserOptions } from './reply-parser.ts'
import { createThinkingFormat, type ThinkingTags } from './thinking.ts'

export interface ReplyParserSpec {
  /** `parser` of the model's config. */
  parser?: string
  /** From the template; used only when the request thinks. */
  thinkingTags?: ThinkingTags
  /** From the template; used only when the request has tools. */
  toolCallTag?: string
}

export function createReplyParser(spec: ReplyParserSpec, options: ReplyParserOptions): ReplyParser {
  const { thinkingTags, toolCallTag } = spec
  const thinks = options.think !== undefined && options.think !== false
  return new MarkedReplyParser(
    {
      ...(thinks && thinkingTags ? { thinking: createThinkingFormat(thinkingTags, options.promptTail) } : {}),
      ...(toolCallTag && options.tools.length > 0 ? { calls: [createGenericCallFormat(toolCallTag, options.tools)] } : {}),
      trims: false,
    },
    options,
  )
}
