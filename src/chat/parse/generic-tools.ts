// Tool calls of a model that has no parser of its own, by the tag that its template writes in front of a call (contract/native.md 4.4).
//
// A call is a JSON object behind the tag that names a tool of the request, in one of the shapes that models use:
//   {"name": N, "arguments" | "parameters": object or JSON text}   {N: object}   N {…the arguments themselves…}   N alone
// alone, in a list, or inside "function" / "tool_calls". Names that the request does not have make no call: their text stays text.
// The tags "{" and "[" stand in so many answers that with them only a reply that begins with the tag is read.

import { isRecord, tryParseJson } from '../../base/json.ts'
import type { Tool } from '../message.ts'
import { jsonHeadReader } from './call-head.ts'
import { JsonEndFinder, parseJsonObject } from './json-object.ts'
import type { BlockReading, CallBlock, CallFormat, ParsedCall } from './reply-format.ts'

/** Characters between the tag and the object, beside the longest name of a tool; more of them are prose. */
const MAX_LEAD_CHARACTERS = 64

const MAX_NESTING = 8
const NAME_KEYS = ['name', 'tool_name', 'function', 'tool'] as const
const WRAPPERS = ['function', 'function_call', 'tool_call'] as const

export function createGenericCallFormat(tag: string, tools: readonly Tool[]): CallFormat {
  const names = new Set(tools.map((tool) => tool.function.name).filter((name) => name !== ''))
  const isBracket = tag === '{' || tag === '['
  return {
    open: tag,
    where: isBracket ? 'start' : 'anywhere',
    createBlock: () => new GenericBlock(names, tag, isBracket),
    readHead: jsonHeadReader({ nameKeys: NAME_KEYS, names, wrappers: WRAPPERS }),
  }
}

/** The calls that a JSON value stands for; `fallbackName` is the tool whose arguments the value is when it names none itself. */
export function readJsonCalls(value: unknown, names: ReadonlySet<string>, fallbackName?: string): ParsedCall[] {
  const calls = findCalls(value, names, 0)
  if (calls.length > 0 || fallbackName === undefined || !isRecord(value)) return calls
  return [{ name: fallbackName, arguments: value }]
}

class GenericBlock implements CallBlock {
  readonly #names: ReadonlySet<string>
  readonly #closeTags: readonly string[]
  readonly #tag: string
  readonly #isBracket: boolean
  readonly #longestCloseTag: number
  readonly #maxLead: number
  #finder: JsonEndFinder | undefined
  #hasCalls = false

  constructor(names: ReadonlySet<string>, tag: string, isBracket: boolean) {
    this.#names = names
    this.#tag = tag
    this.#isBracket = isBracket
    this.#closeTags = isBracket ? [] : closeTagsOf(tag)
    this.#longestCloseTag = Math.max(0, ...this.#closeTags.map((closeTag) => closeTag.length))
    this.#maxLead = MAX_LEAD_CHARACTERS + Math.max(0, ...[...names].map((name) => name.length))
  }

  read(text: string, ended: boolean): BlockReading {
    return this.#hasCalls ? this.#readFurther(text, ended) : this.#readCall(text, ended)
  }

  #readCall(text: string, ended: boolean): BlockReading {
    const brace = text.indexOf('{')
    const lead = brace < 0 ? text : text.slice(0, brace)
    const close = this.#closeTags.map((tag) => lead.indexOf(tag)).find((index) => index >= 0)
    if (this.#isBracket && !this.#hasCalls ? !this.#isFrame(lead, brace >= 0) : this.#isProse(lead, close))
      return { kind: 'text', length: 0 }
    if (close !== undefined || (brace < 0 && ended)) return this.#readBareName(text, close ?? text.length)
    if (brace < 0) return { kind: 'more' }
    this.#finder ??= new JsonEndFinder()
    const objectText = text.slice(brace)
    const objectLength = this.#finder.find(objectText)
    if (objectLength === undefined)
      return ended ? { kind: 'text', length: 0, problem: 'the JSON of a tool call does not end' } : { kind: 'more' }
    const object = parseJsonObject(objectText.slice(0, objectLength))
    const length = brace + objectLength
    this.#finder = undefined
    if (!object) return { kind: 'text', length, problem: 'a tool call is not JSON' }
    const calls = readJsonCalls(object, this.#names, this.#lastName(lead))
    if (calls.length === 0) return { kind: 'text', length }
    this.#hasCalls = true
    return { kind: 'calls', calls, length, lead: this.#proseLength(lead), goesOn: true }
  }

  /** Brackets, and perhaps the name of a tool, which may still be written. */
  #isFrame(lead: string, isWhole: boolean): boolean {
    const word = /^[\s[{]*([^\s[{]*)\s*$/.exec(lead)?.[1]
    if (word === undefined || word === '') return word === ''
    return isWhole ? this.#names.has(word) : [...this.#names].some((name) => name.startsWith(word))
  }

  #isProse(lead: string, close: number | undefined): boolean {
    return (close ?? lead.length - this.#longestCloseTag) > this.#maxLead
  }

  #readBareName(text: string, bodyLength: number): BlockReading {
    const name = text.slice(0, bodyLength).replace(/^[\s"'`]+|[\s"'`()]+$/g, '')
    if (!this.#names.has(name)) return { kind: 'text', length: 0 }
    this.#hasCalls = true
    return { kind: 'calls', calls: [{ name, arguments: {} }], length: bodyLength, goesOn: bodyLength < text.length }
  }

  /** Behind a call: another one, the closing tag, or text. */
  #readFurther(text: string, ended: boolean): BlockReading {
    const close = /^[\s\]`]*/.exec(text)?.[0].length ?? 0
    const behind = text.slice(close)
    const closeTag = this.#closeTags.find((tag) => behind.startsWith(tag))
    if (closeTag !== undefined) return { kind: 'calls', calls: [], length: close + closeTag.length }
    const separator = /^[\s\],;[`]*/.exec(text)?.[0].length ?? 0
    const next = text.slice(separator)
    if (next.startsWith('{') || [...this.#names].some((name) => next.startsWith(name))) {
      const reading = this.#readCall(text, ended)
      return reading.kind === 'text' ? { kind: 'text', length: 0 } : reading
    }
    if (next.startsWith(this.#tag)) return { kind: 'calls', calls: [], length: separator }
    const candidates = [this.#tag, ...this.#closeTags, ...this.#names]
    const isUndecided = candidates.some((candidate) => candidate.startsWith(next) || candidate.startsWith(behind))
    if (!ended && isUndecided) return { kind: 'more' }
    return { kind: 'calls', calls: [], length: close }
  }

  /** The name that stands last in front of the object: `get_weather {…}`, `functions.get_weather: {…}`. */
  #lastName(lead: string): string | undefined {
    const words = lead.match(/[^\s"'`<>()[\]{},;]+/g) ?? []
    const last = words.at(-1)?.replace(/:$/, '')
    if (last === undefined) return undefined
    return this.#names.has(last) ? last : [...this.#names].find((name) => last === `functions.${name}` || last.endsWith(`:${name}`))
  }

  /** What stands between the tag and the object and is neither frame nor name is the model's text. */
  #proseLength(lead: string): number {
    const name = this.#lastName(lead)
    const frame = lead.replaceAll(this.#tag, '').replace(/`{3}\w*/g, '')
    const rest = name === undefined ? frame : frame.replace(name, '').replace(/functions?[.:]?/, '')
    return /[^\s[\]"'`,:;()<>]/.test(rest) ? lead.length : 0
  }
}

function findCalls(value: unknown, names: ReadonlySet<string>, depth: number): ParsedCall[] {
  if (depth > MAX_NESTING) return []
  if (Array.isArray(value)) return value.flatMap((item) => findCalls(item, names, depth + 1))
  if (!isRecord(value)) return []
  const name = NAME_KEYS.map((key) => value[key]).find((item) => typeof item === 'string' && names.has(item))
  if (typeof name === 'string') return [{ name, arguments: findArguments(value) }]
  const inner = value.function ?? value.function_call ?? value.tool_call ?? value.tool_calls
  if (inner !== undefined) return findCalls(inner, names, depth + 1)
  return Object.entries(value).flatMap(([key, item]) => {
    const args = names.has(key) ? toArguments(item) : undefined
    return args ? [{ name: key, arguments: args }] : []
  })
}

function findArguments(call: Readonly<Record<string, unknown>>): Record<string, unknown> {
  for (const key of ['arguments', 'parameters']) {
    const args = toArguments(call[key])
    if (args) return args
  }
  return {}
}

function toArguments(value: unknown): Record<string, unknown> | undefined {
  if (isRecord(value)) return value
  if (typeof value !== 'string') return undefined
  const parsed = tryParseJson(value)
  return isRecord(parsed) ? parsed : undefined
}

/** The closing tags that go with an opening one: `<x>` `</x>`, `[X]` `[/X]`, `<|x|>` `<|/x|>`, `<|x_start|>` `<|x_end|>`, `<x=` `</x>`. */
function closeTagsOf(tag: string): string[] {
  const tags: string[] = []
  const bracketed = /^([<[]\|?)(.+)$/s.exec(tag)
  if (bracketed) tags.push(`${bracketed[1]}/${bracketed[2]}`)
  const paired = tag.replace(/(start|begin)(?=\|?[>\]]$)/, 'end')
  if (paired !== tag) tags.push(paired)
  const named = /^<(\w+)=$/.exec(tag)?.[1]
  if (named !== undefined) tags.push(`</${named}>`)
  return tags
}
