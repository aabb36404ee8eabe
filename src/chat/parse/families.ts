// The parsers that a model's config may name (PARSER in a Modelfile): contract/native.md 12.6.

import { COHERE_TOKENS, createCohereFormat } from './cohere.ts'
import { createCogitoFormat, createDeepseek3Format, DEEPSEEK3_TOKENS } from './deepseek3.ts'
import { createFunctiongemmaFormat, createGemma4Format, FUNCTIONGEMMA_TOKENS, GEMMA4_TOKENS } from './gemma4.ts'
import { createGlimmerParser, GLIMMER_THINKING_END, GLIMMER_TOKENS } from './glimmer.ts'
import { createGlmFormat, GLM_TOKENS } from './glm.ts'
import { createHarmonyParser, HARMONY_THINKING_END, HARMONY_TOKENS } from './harmony.ts'
import { createLagunaFormat, LAGUNA_TOKENS } from './laguna.ts'
import { createLfm2Format, LFM2_TOKENS } from './lfm2.ts'
import { MarkedReplyParser } from './marked-reply.ts'
import { createMinistralFormat, MINISTRAL_TOKENS } from './ministral.ts'
import { createOlmo3Format, createOlmo3ThinkFormat, OLMO3_THINK_TOKENS, OLMO3_TOKENS } from './olmo3.ts'
import { createQwen3Format, QWEN3_TOKENS } from './qwen3.ts'
import { createQwen3CoderFormat, QWEN3_CODER_TOKENS } from './qwen3-coder.ts'
import type { ReplyFormat } from './reply-format.ts'
import type { ReplyParser, ReplyParserOptions } from './reply-parser.ts'

export interface ReplyFamily {
  /** What the model can do because this parser reads it. */
  tools: boolean
  thinking: boolean
  /** Special tokens that the runner must give as text, since the parser reads them. */
  preservedTokens: readonly string[]
  /** What the model writes between its thinking and its answer; absent where it does not think. */
  thinkingEnd?: string
  /** What its thinking begins with. */
  thinkingStart?: string
  createParser(options: ReplyParserOptions): ReplyParser
}

type Can = 'tools' | 'thinking' | 'tools and thinking' | 'nothing'

const QWEN3_XML_TOKENS = ['<think>', '</think>', ...QWEN3_CODER_TOKENS]

export const families: ReadonlyMap<string, ReplyFamily> = new Map([
  ['passthrough', family('nothing', [], () => ({ trims: false }))],
  ['qwen3', family('tools', QWEN3_TOKENS, thinkingIfAsked(createQwen3Format))],
  ['qwen3-thinking', family('tools and thinking', QWEN3_TOKENS, createQwen3Format)],
  ['qwen3-vl-instruct', family('tools', QWEN3_TOKENS, thinkingIfAsked(createQwen3Format))],
  ['qwen3-vl-thinking', family('tools and thinking', QWEN3_TOKENS, createQwen3Format)],
  ['qwen3-coder', family('tools', QWEN3_XML_TOKENS, thinkingIfAsked(createQwen3CoderFormat))],
  ['qwen3.5', family('tools and thinking', QWEN3_XML_TOKENS, createQwen3CoderFormat)],
  ['ornith', family('tools and thinking', QWEN3_XML_TOKENS, createQwen3CoderFormat)],
  ['nemotron-3-nano', family('tools and thinking', QWEN3_XML_TOKENS, createQwen3CoderFormat)],
  ['nemotron-3.5-nano', family('tools and thinking', QWEN3_XML_TOKENS, createQwen3CoderFormat)],
  ['deepseek3', family('tools and thinking', DEEPSEEK3_TOKENS, createDeepseek3Format)],
  ['cogito', family('tools and thinking', DEEPSEEK3_TOKENS, createCogitoFormat)],
  [
    'harmony',
    {
      tools: true,
      thinking: true,
      preservedTokens: HARMONY_TOKENS,
      thinkingEnd: HARMONY_THINKING_END,
      createParser: createHarmonyParser,
    },
  ],
  ['gemma4', family('tools and thinking', GEMMA4_TOKENS, createGemma4Format)],
  ['gemma4-no-thinking', family('tools', GEMMA4_TOKENS, createGemma4Format)],
  ['functiongemma', family('tools', FUNCTIONGEMMA_TOKENS, createFunctiongemmaFormat)],
  ['glm-4.7', family('tools and thinking', GLM_TOKENS, createGlmFormat)],
  ['glm-ocr', family('tools', GLM_TOKENS, createGlmFormat)],
  ['ministral', family('tools', MINISTRAL_TOKENS, createMinistralFormat)],
  ['olmo3', family('tools', OLMO3_TOKENS, createOlmo3Format)],
  ['olmo3-think', family('thinking', OLMO3_THINK_TOKENS, createOlmo3ThinkFormat)],
  ['lfm2', family('tools', LFM2_TOKENS, thinkingIfAsked(createLfm2Format))],
  ['lfm2-thinking', family('tools and thinking', LFM2_TOKENS, createLfm2Format)],
  ['laguna', family('tools and thinking', LAGUNA_TOKENS, createLagunaFormat)],
  ['poolside-v1', family('tools and thinking', LAGUNA_TOKENS, createLagunaFormat)],
  ['cohere', family('tools and thinking', COHERE_TOKENS, createCohereFormat)],
  [
    'glimmer',
    {
      tools: true,
      thinking: true,
      preservedTokens: GLIMMER_TOKENS,
      thinkingEnd: GLIMMER_THINKING_END,
      createParser: createGlimmerParser,
    },
  ],
] satisfies [string, ReplyFamily][])

function family(can: Can, preservedTokens: readonly string[], createFormat: CreateFormat): ReplyFamily {
  const thinking = can === 'thinking' || can === 'tools and thinking'
  const tags = thinking ? createFormat({ tools: [], think: true, promptTail: '', createCallId: () => '' }).thinking : undefined
  return {
    tools: can === 'tools' || can === 'tools and thinking',
    thinking,
    preservedTokens,
    ...(tags ? { thinkingStart: tags.open, thinkingEnd: tags.close } : {}),
    createParser({ start, ...options }) {
      const isKnown = start !== undefined && (thinking || start === 'thinking')
      return new MarkedReplyParser(createFormat(isKnown ? { ...options, start } : options), options)
    },
  }
}

type CreateFormat = (options: ReplyParserOptions) => ReplyFormat

/** Its models do not think, so that the tags are text; but where a template makes them think, they are read. */
function thinkingIfAsked(createFormat: CreateFormat): CreateFormat {
  return (options) => {
    const { thinking, ...format } = createFormat(options)
    return thinking && options.think !== undefined && options.think !== false ? { ...format, thinking } : format
  }
}
