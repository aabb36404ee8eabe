// Muse Glimmer: messages <|start|>assistant to=RECIPIENT<|message|>…<|eom|>. `self` is thinking, a tool's name a call in XML of its own, all else
// text. The model forgets the recipient now and then: a text that is nothing but a call of the request's tools is one.

import type { Tool } from '../message.ts'
import { MESSAGE, MessageRowParser, START } from './message-row.ts'
import type { ParsedCall } from './reply-format.ts'
import type { ReplyParser, ReplyParserOptions } from './reply-parser.ts'
import type { CallHead } from './streamed-call.ts'
import { type ArgumentTags, readTaggedArguments } from './tagged-arguments.ts'
import { typeValue } from './typed-value.ts'

const CALLS = { open: '<atem:function_calls>', close: '</atem:function_calls>' }
const INVOKE = { open: '<atem:invoke name="', close: '</atem:invoke>' }
const PARAMETER = { open: '<atem:parameter name="', close: '</atem:parameter>' }
const PARAMETER_TAGS: ArgumentTags = {
  open: PARAMETER.open,
  close: '">',
  valueClose: PARAMETER.close,
  strays: [INVOKE.close],
  trimsBreaks: false,
}
const HEAD = /^\s*<atem:function_calls>\s*<atem:invoke name="([^"<>]*)">/

/** The header of the message that is the answer. */
export const GLIMMER_THINKING_END = `to=user${MESSAGE}`

export const GLIMMER_TOKENS: readonly string[] = [START, MESSAGE, '<|eom|>', '<|eot|>']

export function createGlimmerParser(options: ReplyParserOptions): ReplyParser {
  const { tools } = options
  return new MessageRowParser(
    {
      ends: ['<|eom|>', '<|eot|>'],
      headerBeginnings: [MESSAGE, 'to='],
      readHeader(header) {
        const recipient = /(?:^|\s|assistant)to=(\S+)/.exec(header)?.[1] ?? ''
        const isCall = findTool(recipient, tools) !== undefined
        return { isThinking: recipient === 'self', ...(isCall ? { recipient } : {}) }
      },
      readHead: (recipient, body) => readHead(recipient, body, tools),
      parseCall: (recipient, body) => parseCalls(body, recipient, tools),
      ...(tools.length > 0 ? { callMark: CALLS.open } : {}),
    },
    options,
  )
}

function readHead(recipient: string, body: string, tools: readonly Tool[]): CallHead | undefined {
  const [head = '', name = ''] = HEAD.exec(body) ?? []
  const tool = findTool(name, tools)
  if (!tool || tool !== findTool(recipient, tools)) return undefined
  return { name: tool.function.name, arguments: readTaggedArguments(head.length, PARAMETER_TAGS, tool) }
}

/** Undefined where anything is left over, or another tool is called than the header says. */
function parseCalls(body: string, recipient: string, tools: readonly Tool[]): ParsedCall[] | undefined {
  const text = body.trim()
  if (!text.startsWith(CALLS.open) || !text.endsWith(CALLS.close)) return undefined
  let rest = text.slice(CALLS.open.length, -CALLS.close.length).trim()
  const calls: ParsedCall[] = []
  while (rest !== '') {
    const invoke = readTag(rest, INVOKE)
    const tool = invoke && findTool(invoke.name.replaceAll(MESSAGE, ''), tools)
    if (!invoke || !tool || (recipient !== '' && tool !== findTool(recipient, tools))) return undefined
    const args = parseParameters(invoke.body, tool)
    if (!args) return undefined
    calls.push({ name: tool.function.name, arguments: args })
    rest = invoke.rest.trim()
  }
  return calls.length > 0 ? calls : undefined
}

function parseParameters(body: string, tool: Tool): Record<string, unknown> | undefined {
  const pairs: [string, unknown][] = []
  let rest = body.trim()
  while (rest !== '') {
    const parameter = readTag(rest, PARAMETER)
    if (!parameter) return undefined
    pairs.push([parameter.name, typeValue(parameter.body, tool, parameter.name)])
    rest = parameter.rest.trimStart()
  }
  return Object.fromEntries(pairs)
}

/** `<tag name="NAME">BODY</tag>` at the beginning. */
function readTag(text: string, { open, close }: { open: string; close: string }): { name: string; body: string; rest: string } | undefined {
  if (!text.startsWith(open)) return undefined
  const nameEnd = text.indexOf('">', open.length)
  const end = text.indexOf(close, nameEnd)
  if (nameEnd < 0 || end < 0) return undefined
  return { name: text.slice(open.length, nameEnd), body: text.slice(nameEnd + 2, end), rest: text.slice(end + close.length) }
}

/** The prompt names recipients "space.*", where the space is what stands before the first dot: `read` may be called as `read.read`. */
function findTool(recipient: string, tools: readonly Tool[]): Tool | undefined {
  const named = (name: string) => tools.find((tool) => tool.function.name === name)
  const dot = recipient.indexOf('.')
  const rest = recipient.slice(dot + 1)
  const isOwnSpace = dot > 0 && rest.split('.')[0] === recipient.slice(0, dot)
  return named(recipient) ?? (isOwnSpace ? named(rest) : undefined)
}
