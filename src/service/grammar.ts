// What a reply may be: anything, a format, tool calls, or the choice between the two. A model that thinks writes freely until its thinking ends.

import { AppError } from '../base/errors.ts'
import { quoteGo } from '../base/go-text.ts'
import { callSyntaxOf } from '../chat/call-syntax.ts'
import { toGrammar } from '../chat/grammar/to-grammar.ts'
import type { Tool } from '../chat/message.ts'
import { parserThinkingTags, thinkingEnd } from '../chat/parse/select.ts'
import { toReplyGrammar, toThinkingGrammar } from '../chat/reply-grammar.ts'
import type { CompletionRequest } from '../runner/runner.ts'
import type { Completion } from './completion.ts'
import type { Model } from './model.ts'
import type { CompletionFields, OutputFormat } from './service.ts'

/** A reply that must be calls ends after so many: a small model goes on as long as it may. */
const MAX_FORCED_CALLS = 8
/** What ends strings, objects, lists and calls. A quote is first: in a string the others are text. */
const CLOSERS = ['"', '}', ']', ')']
const FRAME_TOKENS = 20
/** Quotes, a colon, a comma, and a number or a word of an enum. */
const VALUE_TOKENS = 8
const MAX_CLOSING_TOKENS = 512

type Grammar = Pick<CompletionRequest, 'grammar' | 'grammarAfter' | 'closing'>

/** Throws `invalid_request` and `invalid_format`. */
export function grammarOf(completion: Completion): Grammar {
  const { run, template, think } = completion
  const format = knownFormat(completion.request)
  const calls = callGrammarOf(completion, format)
  if (calls) return calls
  if (!format) return {}
  if (think === undefined || think === false || !template) return { grammar: toGrammar(format) }
  const parser = parserName(run.model)
  const parserEnd = thinkingEnd(parser)
  const tags = parserEnd === undefined ? template.thinkingTags : parserThinkingTags(parser)
  if (tags && !isOpen(completion, tags)) return { grammar: toThinkingGrammar(format, tags) }
  const end = parserEnd ?? tags?.close
  return { grammar: toGrammar(format), ...(end === undefined ? {} : { grammarAfter: end }) }
}

function knownFormat({ format }: CompletionFields): OutputFormat | undefined {
  if (format?.type !== 'unknown') return format
  throw new AppError('invalid_format', `invalid format: ${quoteGo(format.sent)}; expected "json" or a valid JSON Schema object`, {
    details: { param: 'format' },
  })
}

/** The prompt has begun the thinking. */
function isOpen({ prompt, start }: Completion, { open }: { open: string }): boolean {
  return start === 'thinking' || prompt.trimEnd().endsWith(open.trim())
}

/** Of a reply that must call tools, or has the choice between calls and a format. Throws `invalid_request`. */
function callGrammarOf(completion: Completion, format: OutputFormat | undefined): Grammar | undefined {
  const { run, template, think, tools, toolChoice = 'auto', maxCalls } = completion
  const isForced = toolChoice !== 'auto' && toolChoice !== 'none'
  if (!isForced && (!format || tools.length === 0)) return undefined
  const parser = parserName(run.model)
  const syntax = template && callSyntaxOf(parser, template.toolCallTag)
  if (!syntax || !template) {
    if (!isForced) return undefined
    throw new AppError('invalid_request', 'how this model calls tools is not known, so that it cannot be made to', {
      details: { param: 'tool_choice' },
    })
  }
  const options = {
    tools: typeof toolChoice === 'object' ? tools.filter((tool) => tool.function.name === toolChoice.name) : tools,
    syntax,
    maxCalls: Math.min(maxCalls ?? MAX_FORCED_CALLS, typeof toolChoice === 'object' ? 1 : MAX_FORCED_CALLS),
    ...(format && !isForced ? { format } : {}),
  }
  const tags = syntax.thinking ?? parserThinkingTags(parser) ?? template.thinkingTags
  const closing = isForced && !syntax.hasBareText ? { closing: { tokensLeft: tokensToClose(options.tools), texts: CLOSERS } } : {}
  if (!tags || think === undefined || think === false) return { grammar: toReplyGrammar(options), ...closing }
  if (isOpen(completion, tags))
    return { grammar: toReplyGrammar({ ...options, isAfterThinking: true }), grammarAfter: tags.close, ...closing }
  return { grammar: toReplyGrammar({ ...options, thinking: tags }) }
}

/** Enough for what no tool's call can leave out: its frame, and the names of required arguments with an empty value each. */
function tokensToClose(tools: readonly Tool[]): number {
  const most = Math.max(...tools.map((tool) => sum(requiredNames(tool.function.parameters).map(tokensOfArgument))))
  return Math.min(FRAME_TOKENS + most, MAX_CLOSING_TOKENS)
}

/** At every depth. */
function requiredNames(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const own = 'required' in schema && Array.isArray(schema.required) ? schema.required.filter((name) => typeof name === 'string') : []
  return [...own, ...Object.values(schema).flatMap(requiredNames)]
}

function tokensOfArgument(name: string): number {
  return Math.ceil(name.length / 2) + VALUE_TOKENS
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

/** Of the parser that reads this model's replies. */
export function parserName(model: Model): string | undefined {
  return model.config.parser ?? (model.isHarmony ? 'harmony' : undefined)
}
