// Which parser reads a model's replies: the one that its config names, else one for the tags that its template tells, else none.

import { families, type ReplyFamily } from './families.ts'
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

export const parserNames: readonly string[] = [...families.keys()]

export function isKnownParser(name: string): boolean {
  return families.has(name)
}

/** Special tokens that the runner must give as text for this parser; none for an unknown name. */
export function preservedTokens(parser: string | undefined): readonly string[] {
  return findFamily(parser)?.preservedTokens ?? []
}

/** What stands between the thinking and the answer of a model with this parser; undefined where it does not think or the name is unknown. */
export function thinkingEnd(parser: string | undefined): string | undefined {
  return findFamily(parser)?.thinkingEnd
}

/** The tags around the thinking of a model with this parser. */
export function parserThinkingTags(parser: string | undefined): ThinkingTags | undefined {
  const { thinkingStart: open, thinkingEnd: close } = findFamily(parser) ?? {}
  return open === undefined || close === undefined ? undefined : { open, close }
}

/** What the parser adds to a model's capabilities. */
export function parserCapabilities(parser: string | undefined): { tools: boolean; thinking: boolean } {
  const { tools, thinking } = findFamily(parser) ?? { tools: false, thinking: false }
  return { tools, thinking }
}

export function createReplyParser(spec: ReplyParserSpec, options: ReplyParserOptions): ReplyParser {
  const family = findFamily(spec.parser)
  if (family) return family.createParser(options)
  const { thinkingTags, toolCallTag } = spec
  const thinks = options.think !== undefined && options.think !== false
  return new MarkedReplyParser(
    {
      ...(thinks && thinkingTags ? { thinking: createThinkingFormat(thinkingTags, options) } : {}),
      ...(toolCallTag && options.tools.length > 0 ? { calls: [createGenericCallFormat(toolCallTag, options.tools)] } : {}),
      trims: false,
    },
    options,
  )
}

// wire: Ollama ignores the name of a parser that it does not know, and reads the reply by the template.
function findFamily(name: string | undefined): ReplyFamily | undefined {
  return name === undefined ? undefined : families.get(name)
}
