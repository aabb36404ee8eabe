// Where the arguments begin in a call that is a JSON object: {"name": N, …, "arguments": {. Only what stands in front is read, so that a call whose
// arguments come before its name, or are a text, or none, has no head here and is given when it is whole.

import { tryParseJson } from '../../base/json.ts'
import { JsonArguments } from './json-arguments.ts'
import type { HeadReader } from './streamed-call.ts'

export interface JsonHeadOptions {
  /** Keys of the name, the one that counts first. */
  nameKeys: readonly string[]
  /** Only these names make a call; all where it is absent. */
  names?: ReadonlySet<string>
  /** The call may stand inside one of these keys. */
  wrappers?: readonly string[]
}

const ARGUMENT_KEYS = ['arguments', 'parameters']
/** Between the beginning of the block and the object: separators, list brackets, the opening of a code block. */
const LEAD = /^[\s\],;[`]{0,64}(?:json)?\s{0,8}(?=\{)/
const KEY = /\s*"((?:[^"\\]|\\.)*)"\s*:\s*/y
const SCALAR = /(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)\s*,/y

export function jsonHeadReader({ nameKeys, names, wrappers = [] }: JsonHeadOptions): HeadReader {
  return (text) => {
    const lead = LEAD.exec(text)?.[0]
    if (lead === undefined) return undefined
    const seen = new Map<string, string>()
    let at = lead.length + 1
    for (;;) {
      const key = match(KEY, text, at)
      if (!key) return undefined
      at += key[0].length
      const word = key[1] ?? ''
      if (text[at] === '{') {
        if (ARGUMENT_KEYS.includes(word)) {
          const name = nameKeys.map((candidate) => seen.get(candidate)).find((value) => value !== undefined)
          return name === undefined ? undefined : { name, arguments: new JsonArguments(at) }
        }
        if (!wrappers.includes(word)) return undefined
        at++
        continue
      }
      const scalar = match(SCALAR, text, at)?.[0]
      if (scalar === undefined) return undefined
      at += scalar.length
      const value = nameKeys.includes(word) ? readText(scalar.slice(0, -1)) : undefined
      if (value !== undefined && value !== '' && (names === undefined || names.has(value))) seen.set(word, value)
    }
  }
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}

function readText(json: string): string | undefined {
  const value = tryParseJson(json)
  return typeof value === 'string' ? value : undefined
}
