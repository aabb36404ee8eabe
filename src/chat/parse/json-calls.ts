// Calls that a family writes as JSON between its own tags: {"name": …, "arguments": {…}}, one or a list. Names are not checked against the
// request: the tags say that it is a call.

import { isRecord, tryParseJson } from '../../base/json.ts'
import { jsonHeadReader } from './call-head.ts'
import { JsonEndFinder, parseJsonObject } from './json-object.ts'
import type { ParsedCall } from './reply-format.ts'

const NAME_KEYS = ['name', 'tool_name', 'function'] as const
const ARGUMENT_KEYS = ['arguments', 'parameters'] as const

/** For calls that are given while they are written. */
export const readJsonHead = jsonHeadReader({ nameKeys: NAME_KEYS })

export function parseJsonCalls(body: string): ParsedCall[] | undefined {
  const trimmed = body.trim()
  const list = tryParseJson(trimmed)
  if (Array.isArray(list)) return toCalls(list)
  const objects = splitObjects(trimmed)
  return objects ? toCalls(objects.map(parseJsonObject)) : undefined
}

/** An arguments object as a family writes it: `{…}` or nothing. */
export function parseArguments(text: string): Record<string, unknown> | undefined {
  return text.trim() === '' ? {} : parseJsonObject(text.trim())
}

/** Undefined unless every item is a call. */
function toCalls(items: readonly unknown[]): ParsedCall[] | undefined {
  const calls = items.map(toCall)
  return calls.every((call) => call !== undefined) ? calls : undefined
}

function toCall(value: unknown): ParsedCall | undefined {
  if (!isRecord(value)) return undefined
  const name = NAME_KEYS.map((key) => value[key]).find((item) => typeof item === 'string' && item !== '')
  if (typeof name !== 'string') return undefined
  const given = ARGUMENT_KEYS.map((key) => value[key]).find((item) => item !== undefined && item !== null)
  const args = typeof given === 'string' ? parseArguments(given) : (given ?? {})
  return isRecord(args) ? { name, arguments: args } : undefined
}

/** The objects in the text, where there is nothing else than commas, list brackets and space between them. */
function splitObjects(text: string): string[] | undefined {
  const objects: string[] = []
  let rest = text
  while (true) {
    rest = rest.replace(/^[\s,[\]]+/, '')
    if (rest === '') return objects
    const length = rest.startsWith('{') ? new JsonEndFinder().find(rest) : undefined
    if (length === undefined) return undefined
    objects.push(rest.slice(0, length))
    rest = rest.slice(length)
  }
}
