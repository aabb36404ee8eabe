// GLM 4.7 and GLM-OCR: <think>…</think>, then text and
//   <tool_call>name<arg_key>key</arg_key><arg_value>value</arg_value>…</tool_call>
// The models forget single tags; what is between the others tells which. Values are plain text, typed by the tool's schema.

import type { Tool } from '../message.ts'
import { createTaggedCalls, type ParsedCall, type ReplyFormat } from './reply-format.ts'
import type { ReplyParserOptions } from './reply-parser.ts'
import type { CallHead } from './streamed-call.ts'
import { type ArgumentTags, readTaggedArguments } from './tagged-arguments.ts'
import { createOpenedThinkingFormat } from './thinking.ts'
import { findTool, toTypedValue } from './typed-value.ts'

const ARGUMENT_TAGS = ['<arg_key>', '</arg_key>', '<arg_value>', '</arg_value>'] as const

const ARGUMENT: ArgumentTags = {
  open: '<arg_key>',
  close: '</arg_key>',
  valueOpen: '<arg_value>',
  valueClose: '</arg_value>',
  strays: ['<arg_key>', '</arg_key>', '<arg_value>', '</tool_call>'],
  trimsBreaks: true,
}

export const GLM_TOKENS: readonly string[] = ['<think>', '</think>', '<tool_call>', '</tool_call>', ...ARGUMENT_TAGS]

export function createGlmFormat(options: ReplyParserOptions): ReplyFormat {
  const { tools } = options
  return {
    thinking: createOpenedThinkingFormat({ open: '<think>', close: '</think>' }, options),
    calls: [
      createTaggedCalls(
        '<tool_call>',
        '</tool_call>',
        (body, isClosed) => parseGlmCall(body, isClosed, tools),
        (text) => readGlmHead(text, tools),
      ),
    ],
    trims: true,
  }
}

/** For calls that are given while they are written. */
export function readGlmHead(text: string, tools: readonly Tool[]): CallHead | undefined {
  const [head = '', word = ''] = /^([^<]*)(?=<arg_key>)/.exec(text) ?? []
  const name = word.trim()
  return name === '' ? undefined : { name, arguments: readTaggedArguments(head.length, ARGUMENT, findTool(tools, name)) }
}

export function parseGlmCall(body: string, isClosed: boolean, tools: readonly Tool[]): ParsedCall[] | undefined {
  const first = body.indexOf('<')
  const start = first >= 0 && ARGUMENT_TAGS.some((tag) => body.startsWith(tag, first)) ? first : nextTag(body)
  const head = body.slice(0, start).trim()
  const opensKey = body.startsWith('<arg_key>', start)
  // Without its opening tag the first key stands behind the name: names have no space.
  const [, name = '', firstKey = ''] = (opensKey ? null : /^(\S+)\s+(.*)$/s.exec(head)) ?? ['', head, '']
  const pairs = readPairs(body.slice(start), firstKey)
  if (name === '' || !pairs) return undefined
  if (!isClosed && !isWhole(body, name, pairs, tools)) return undefined
  const tool = findTool(tools, name)
  const args = Object.fromEntries(pairs.map(([key, value]) => [key, toTypedValue(value, tool, key)]))
  return [{ name, arguments: args }]
}

function nextTag(body: string): number {
  const at = body.search(/<\/?arg_(?:key|value)>/)
  return at < 0 ? body.length : at
}

/** Undefined where a value has no key. */
function readPairs(text: string, firstKey: string): [key: string, value: string][] | undefined {
  const pairs: [string, string][] = []
  let key = firstKey
  let value: string | undefined
  let place: 'key' | 'between' | 'value' | 'outside' = firstKey === '' ? 'outside' : 'key'
  const flush = () => {
    if (key !== '' || value !== undefined) pairs.push([key.trim(), value ?? ''])
    key = ''
    value = undefined
  }
  for (const part of text.split(/(<\/?arg_(?:key|value)>)/)) {
    if (part === '<arg_key>') {
      flush()
      place = 'key'
    } else if (part === '</arg_key>') place = 'between'
    else if (part === '<arg_value>') place = 'value'
    else if (part === '</arg_value>') {
      flush()
      place = 'outside'
    } else if (place === 'key' || (place === 'outside' && part.trim() !== '')) {
      key += part
      place = 'key'
    } else if (place === 'value' || (place === 'between' && part.trim() !== '')) value = (value ?? '') + part
  }
  flush()
  return pairs.every(([name]) => name !== '') ? pairs : undefined
}

/** At the end of the reply only the closing tag may be missing: half a call must not run. */
function isWhole(body: string, name: string, pairs: readonly [string, string][], tools: readonly Tool[]): boolean {
  const tool = findTool(tools, name)
  const required = tool?.function.parameters?.required
  const keys = new Set(pairs.map(([key]) => key))
  const isComplete = !Array.isArray(required) || required.every((key) => keys.has(String(key)))
  return tool !== undefined && isComplete && (pairs.length === 0 || body.trimEnd().endsWith('</arg_value>'))
}
