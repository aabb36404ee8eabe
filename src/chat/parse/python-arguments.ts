// Arguments of a call in Python, name(key='value', other=[1, True]), read while they are written: texts as they come, all else when it is whole.

import { escapeText } from './json-arguments.ts'
import { readPythonEscapes, readPythonValue } from './python-calls.ts'
import { partialTagLength } from './reply-format.ts'
import type { CallHead } from './streamed-call.ts'
import { ValueEnd } from './value-end.ts'
import { findWord, type NameReading, skipSpace, type ValueReader, type ValueReading, WrittenArguments } from './written-arguments.ts'

const HEAD = /^\s*\[?\s*([\p{L}\p{N}_.:-]+)\s*\(/u
const KEY = /([\p{L}\p{N}_.$-]+)\s*=\s*/uy
/** As far as it is written. */
const KEY_BEGUN = /(?:[\p{L}\p{N}_.$-]+\s*(?:=\s*)?)?$/uy
const QUOTING = { quotes: [`'''`, '"""', "'", '"'], brackets: ['[]', '()', '{}'] }

/** For calls that are given while they are written. */
export function readPythonHead(text: string): CallHead | undefined {
  const [head = '', name = ''] = HEAD.exec(text) ?? []
  return name === '' ? undefined : { name, arguments: new WrittenArguments(head.length, readName) }
}

/** In front of all but the first name stands a comma; a closing bracket is the end. */
function readName(text: string, from: number): NameReading {
  const isFirst = text[from - 1] === '('
  const space = skipSpace(text, from)
  const comma = isFirst ? 'no' : findWord(text, space, ',')
  if (comma === 'perhaps') return 'more'
  const at = comma === 'here' ? skipSpace(text, space + 1) : space
  if (!isFirst && comma === 'no') return 'stop'
  KEY.lastIndex = at
  const key = KEY.exec(text)
  KEY_BEGUN.lastIndex = at
  if (!key) return KEY_BEGUN.test(text) ? 'more' : 'stop'
  const valueAt = at + key[0].length
  const first = text[valueAt]
  if (first === undefined) return 'more'
  const isQuoted = first === '"' || first === "'"
  return { name: key[1] ?? '', value: isQuoted ? new PythonText(valueAt, first) : new PythonValue(valueAt) }
}

class PythonText implements ValueReader {
  readonly #quote: string
  readonly #at: number
  /** Where the text goes on, once it is known how it is quoted. */
  #next: number | undefined
  #close = ''

  constructor(at: number, quote: string) {
    this.#at = at
    this.#quote = quote
  }

  read(text: string): ValueReading {
    if (this.#next !== undefined) return this.#go(text, this.#next)
    const triple = findWord(text, this.#at, this.#quote.repeat(3))
    if (triple === 'perhaps') return { json: '' }
    this.#close = triple === 'here' ? this.#quote.repeat(3) : this.#quote
    const { json, ...rest } = this.#go(text, this.#at + this.#close.length)
    return { json: `"${json}`, ...rest }
  }

  #go(text: string, from: number): ValueReading {
    const { limit, isOver } = this.#close.length === 1 ? this.#findSingle(text, from) : this.#findTriple(text, from)
    this.#next = limit
    const json = escapeText(readPythonEscapes(text.slice(from, limit)))
    return isOver ? { json: `${json}"`, end: limit + this.#close.length } : { json }
  }

  /** Up to the quote that ends it, or up to an escape that is not whole. */
  #findSingle(text: string, from: number): { limit: number; isOver: boolean } {
    let at = from
    while (at < text.length) {
      if (text[at] === this.#close) return { limit: at, isOver: true }
      const length = text[at] === '\\' ? escapeLength(text, at) : 1
      if (length === undefined) break
      at += length
    }
    return { limit: at, isOver: false }
  }

  /** Three quotes end it wherever they stand. */
  #findTriple(text: string, from: number): { limit: number; isOver: boolean } {
    const end = text.indexOf(this.#close, from)
    if (end >= 0) return { limit: end, isOver: true }
    const known = text.length - partialTagLength(text, this.#close)
    let at = from
    while (at < known) {
      const length = text[at] === '\\' ? escapeLength(text.slice(0, known), at) : 1
      if (length === undefined) break
      at += length
    }
    return { limit: at, isOver: false }
  }
}

/** Undefined while it is not known. */
function escapeLength(text: string, at: number): number | undefined {
  const rest = text.slice(at, at + 6)
  if (/^\\u[0-9a-fA-F]{4}/.test(rest)) return 6
  const isUndecided = rest.length < 2 || (rest.length < 6 && /^\\u[0-9a-fA-F]*$/.test(rest))
  return isUndecided ? undefined : 2
}

class PythonValue implements ValueReader {
  readonly #at: number
  #end: ValueEnd | undefined

  constructor(at: number) {
    this.#at = at
  }

  read(text: string): ValueReading {
    const end = /[[({]/.test(text[this.#at] ?? '') ? this.#findBracketEnd(text) : findWordEnd(text, this.#at)
    if (end === undefined) return { json: '' }
    const value = end === 'broken' ? undefined : readPythonValue(text.slice(this.#at, end))
    if (end === 'broken' || !value) return { json: '', stop: this.#at }
    return { json: JSON.stringify(value.value), end }
  }

  #findBracketEnd(text: string): number | 'broken' | undefined {
    this.#end ??= new ValueEnd(this.#at, QUOTING)
    return this.#end.find(text)
  }
}

function findWordEnd(text: string, at: number): number | undefined {
  const length = text.slice(at).search(/[,()]/)
  return length < 0 ? undefined : at + length
}
