// Mistral's and Ministral's newer models: [THINK]…[/THINK], text and [TOOL_CALLS]name[ARGS]{…}, once per call. The call has no closing tag.
// Older ones write a JSON list behind the tag. Only names that the request has make a call.

import type { Tool } from '../message.ts'
import { createGenericCallFormat } from './generic-tools.ts'
import { JsonArguments } from './json-arguments.ts'
import { JsonEndFinder, parseJsonObject } from './json-object.ts'
import type { BlockReading, CallBlock, ReplyFormat } from './reply-format.ts'
import type { ReplyParserOptions } from './reply-parser.ts'
import type { HeadReader } from './streamed-call.ts'
import { createThinkingFormat } from './thinking.ts'

const CALLS = '[TOOL_CALLS]'
const ARGS = '[ARGS]'

/** Longer than any name with its call id; text without [ARGS] is let go then. */
const MAX_NAME_CHARACTERS = 256

export const MINISTRAL_TOKENS: readonly string[] = [CALLS, '[THINK]', '[/THINK]', ARGS, '[CALL_ID]']

export function createMinistralFormat(options: ReplyParserOptions): ReplyFormat {
  const { tools } = options
  return {
    thinking: { ...createThinkingFormat({ open: '[THINK]', close: '[/THINK]' }, options), where: 'anywhere' },
    calls: [{ open: CALLS, where: 'anywhere', createBlock: () => new MinistralBlock(tools), readHead: headReader(tools) }],
    trims: true,
  }
}

function headReader(tools: readonly Tool[]): HeadReader {
  const readList = createGenericCallFormat(CALLS, tools).readHead
  return (text) => {
    if (/^\s*[[{]/.test(text)) return readList?.(text)
    const args = text.indexOf(ARGS)
    const at = args < 0 ? -1 : text.indexOf('{', args)
    const name = nameIn(text, args)
    if (at < 0 || args > MAX_NAME_CHARACTERS || text.slice(args + ARGS.length, at).trim() !== '' || !isTool(name, tools)) return undefined
    return { name, arguments: new JsonArguments(at) }
  }
}

class MinistralBlock implements CallBlock {
  readonly #tools: readonly Tool[]
  readonly #finder = new JsonEndFinder()
  #list: CallBlock | undefined

  constructor(tools: readonly Tool[]) {
    this.#tools = tools
  }

  read(text: string, ended: boolean): BlockReading {
    if (this.#list || /^\s*[[{]/.test(text)) return this.#readList(text, ended)
    const args = text.indexOf(ARGS)
    if (args > MAX_NAME_CHARACTERS || (args < 0 && (ended || text.length > MAX_NAME_CHARACTERS + ARGS.length)))
      return { kind: 'text', length: 0 }
    if (args < 0) return { kind: 'more' }
    const name = nameIn(text, args)
    if (!isTool(name, this.#tools)) {
      return { kind: 'text', length: args + ARGS.length, problem: 'the model called an unknown tool' }
    }
    const json = text.slice(args + ARGS.length)
    const length = this.#finder.find(json)
    if (length === undefined) return ended ? { kind: 'text', length: 0, problem: 'the JSON of a tool call does not end' } : { kind: 'more' }
    const call = parseJsonObject(json.slice(0, length).trim())
    const total = args + ARGS.length + length
    if (!call) return { kind: 'text', length: total, problem: 'a tool call is not JSON' }
    return { kind: 'calls', calls: [{ name, arguments: call }], length: total }
  }

  #readList(text: string, ended: boolean): BlockReading {
    // "[" may still become [ARGS] or [CALL_ID] of a nameless call, which is none either way.
    this.#list ??= createGenericCallFormat(CALLS, this.#tools).createBlock()
    return this.#list.read(text, ended)
  }
}

/** In front of its arguments, and of an id that some models give it. */
function nameIn(text: string, end: number): string {
  return (text.slice(0, Math.max(end, 0)).split('[CALL_ID]')[0] ?? '').trim()
}

function isTool(name: string, tools: readonly Tool[]): boolean {
  return tools.some((tool) => tool.function.name === name)
}
