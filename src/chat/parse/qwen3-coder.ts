// Qwen 3 Coder, Qwen 3.5 and Nemotron 3 Nano:
//
//   <tool_call><function=name><parameter=key>
//   value
//   </parameter></function></tool_call>
//
// Values are plain text; the tool's schema tells their types. Some checkpoints forget <tool_call>: <function=…> of a known tool is a call too.

import type { Tool } from '../message.ts'
import { createTaggedCalls, type ParsedCall, type ReplyFormat } from './reply-format.ts'
import type { ReplyParserOptions } from './reply-parser.ts'
import type { HeadReader } from './streamed-call.ts'
import { type ArgumentTags, readTaggedArguments } from './tagged-arguments.ts'
import { createOpenedThinkingFormat } from './thinking.ts'
import { findTool, toTypedValue } from './typed-value.ts'

export const QWEN3_CODER_TOKENS = ['<tool_call>', '</tool_call>'] as const

const PARAMETER: ArgumentTags = {
  open: '<parameter=',
  close: '>',
  valueClose: '</parameter>',
  followers: ['<parameter=', '</function>'],
  strays: ['<parameter=', '<function=', '</function>', '</tool_call>'],
  trimsBreaks: true,
}
const HEAD = /^\s*<function=([^>]*)>/
const BARE_HEAD = /^([^>]*)>/
const THINK_TAGS = { open: '<think>', close: '</think>' }

export function createQwen3CoderFormat(options: ReplyParserOptions): ReplyFormat {
  const { tools } = options
  const names = new Set(tools.map((tool) => tool.function.name))
  return {
    thinking: { ...createOpenedThinkingFormat(THINK_TAGS, options), endsAtCall: true },
    calls: [
      createTaggedCalls('<tool_call>', '</tool_call>', (body, isClosed) => parseCalls(body, isClosed, tools), headReader(HEAD, tools)),
      createTaggedCalls(
        '<function=',
        '</function>',
        (body) => {
          const call = parseFunction(body, tools)
          return call && names.has(call.name) ? [call] : undefined
        },
        headReader(BARE_HEAD, tools, names),
      ),
    ],
    trims: true,
  }
}

function headReader(pattern: RegExp, tools: readonly Tool[], names?: ReadonlySet<string>): HeadReader {
  return (text) => {
    const [head = '', word = ''] = pattern.exec(text) ?? []
    const name = word.trim()
    if (name === '' || (names && !names.has(name))) return undefined
    return { name, arguments: readTaggedArguments(head.length, PARAMETER, findTool(tools, name)) }
  }
}

function parseCalls(body: string, isClosed: boolean, tools: readonly Tool[]): ParsedCall[] | undefined {
  const functions = body.split('<function=').slice(1)
  if (!isClosed && functions.some((text) => !text.includes('</function>'))) return undefined
  const calls = functions.map((text) => parseFunction(text.replace(/<\/function>\s*$/, ''), tools))
  return calls.every((call) => call !== undefined) ? calls : undefined
}

/** `name>` and its parameters. */
function parseFunction(text: string, tools: readonly Tool[]): ParsedCall | undefined {
  const end = text.indexOf('>')
  const name = text.slice(0, Math.max(0, end)).trim()
  if (name === '') return undefined
  // A value ends at the closing tag behind which the frame goes on, so that it may hold tags of its own; a forgotten one ends at the next.
  const parameters = /<parameter=([^>]+)>(.*?)(?:<\/parameter>(?=\s*(?:<parameter=|<\/function>|$))|(?=<parameter=)|$)/gs
  const tool = findTool(tools, name)
  const args = [...text.slice(end + 1).matchAll(parameters)].map(([, key = '', value = '']) => {
    return [key.trim(), toTypedValue(value, tool, key.trim())] as const
  })
  return { name, arguments: Object.fromEntries(args) }
}
