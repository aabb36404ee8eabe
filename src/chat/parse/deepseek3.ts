// DeepSeek 3 and Cogito. A call stands between <｜tool▁call▁begin｜> and <｜tool▁call▁end｜>, as
//   name<｜tool▁sep｜>{…}                              (DeepSeek 3.1)
//   function<｜tool▁sep｜>name, then {…} in a code block (Cogito, DeepSeek R1)
// The frame around several calls and around outputs says nothing more.

import { JsonArguments } from './json-arguments.ts'
import { parseArguments } from './json-calls.ts'
import { createTaggedCalls, type ParsedCall, type ReplyFormat } from './reply-format.ts'
import type { ReplyParserOptions } from './reply-parser.ts'
import type { CallHead } from './streamed-call.ts'
import { createOpenedThinkingFormat } from './thinking.ts'

const SEPARATOR = '<｜tool▁sep｜>'
const CALL = { open: '<｜tool▁call▁begin｜>', close: '<｜tool▁call▁end｜>' }
const FRAMES = ['calls▁begin', 'calls▁end', 'output▁begin', 'output▁end', 'outputs▁begin', 'outputs▁end'].map(
  (word) => `<｜tool▁${word}｜>`,
)

/** A name, and in the code-block form another behind it, up to the arguments. */
const HEAD = new RegExp(`^([^{]*?)${SEPARATOR}([^{]*)(?=\\{)`)

export const DEEPSEEK3_TOKENS: readonly string[] = ['<think>', '</think>', CALL.open, CALL.close, SEPARATOR, ...FRAMES]

/** Cogito does not think where it may call tools, unless the prompt has begun to. */
export function createCogitoFormat({ start, ...options }: ReplyParserOptions): ReplyFormat {
  const isUntold = start === 'family' && options.tools.length > 0
  return createDeepseek3Format(isUntold || start === undefined ? options : { ...options, start })
}

export function createDeepseek3Format(options: ReplyParserOptions): ReplyFormat {
  return {
    thinking: createOpenedThinkingFormat({ open: '<think>', close: '</think>' }, options),
    calls: [createTaggedCalls(CALL.open, CALL.close, parseCall, readHead)],
    dropped: FRAMES,
    trims: true,
  }
}

function readHead(text: string): CallHead | undefined {
  const [, first = '', second = ''] = HEAD.exec(text) ?? []
  const name = first.trim() === 'function' ? second.replace(/`{3}(?:json)?/, '').trim() : second.trim() === '' ? first.trim() : ''
  return name === '' ? undefined : { name, arguments: new JsonArguments(text.indexOf('{')) }
}

function parseCall(body: string): ParsedCall[] | undefined {
  const separator = body.indexOf(SEPARATOR)
  if (separator < 0) return undefined
  const first = body.slice(0, separator).trim()
  const second = body.slice(separator + SEPARATOR.length)
  const fenced = first === 'function' ? /^\s*([^\n`{]+?)\s*```(?:json)?\s*(.*?)\s*```\s*$/s.exec(second) : null
  const [name, text] = fenced ? [fenced[1] ?? '', fenced[2] ?? ''] : [first, second]
  const args = parseArguments(text)
  return name !== '' && args ? [{ name, arguments: args }] : undefined
}
