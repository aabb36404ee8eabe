// Calls as Python writes them: name(key='value', other=[1, True]), one or several, in brackets or not. Only keyword arguments.

import type { ParsedCall } from './reply-format.ts'

/** Nesting of lists and objects in a value; deeper text is no call. */
const MAX_DEPTH = 64

const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['True', true],
  ['true', true],
  ['False', false],
  ['false', false],
  ['None', null],
  ['null', null],
])

/** As an argument. */
const BARE_WORD = /[^,()]+/y

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\n': '' }

/** Undefined where the text is anything else than calls. */
export function parsePythonCalls(text: string): ParsedCall[] | undefined {
  const trimmed = text.trim()
  const inner = trimmed.startsWith('[') && trimmed.endsWith(']') ? trimmed.slice(1, -1) : trimmed
  const reader = new PythonReader(inner)
  const calls: ParsedCall[] = []
  while (!reader.isAtEnd()) {
    const call = reader.readCall()
    if (!call) return undefined
    calls.push(call)
    reader.skip(/[\s,;]*/y)
  }
  return calls.length > 0 ? calls : undefined
}

/** One value that is the whole text; undefined where it is none. */
export function readPythonValue(text: string): { value: unknown } | undefined {
  return new PythonReader(text).readOnly()
}

/** What stands between the quotes of a string. */
export function readPythonEscapes(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (whole, escaped: string) => {
    if (escaped.length === 5) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    return ESCAPES[escaped] ?? (/[\\'"]/.test(escaped) ? escaped : whole)
  })
}

class PythonReader {
  readonly #text: string
  #position = 0
  #failed = false

  constructor(text: string) {
    this.#text = text
    this.skip(/\s*/y)
  }

  isAtEnd(): boolean {
    return this.#position >= this.#text.length
  }

  /** The text that the (sticky) pattern matches here, which is then passed. */
  skip(pattern: RegExp): string {
    pattern.lastIndex = this.#position
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#position += found.length
    return found
  }

  readCall(): ParsedCall | undefined {
    const name = this.skip(/[\p{L}\p{N}_.:-]+/uy)
    if (name === '' || this.skip(/\s*\(\s*/y) === '') return undefined
    const args: [string, unknown][] = []
    while (this.skip(/\)/y) === '') {
      const key = this.skip(/[\p{L}\p{N}_.$-]+/uy)
      if (key === '' || this.skip(/\s*=\s*/y) === '') return undefined
      args.push([key, this.#readValue(0, BARE_WORD)])
      if (this.#failed || !this.#readSeparator(')')) return undefined
    }
    return { name, arguments: Object.fromEntries(args) }
  }

  readOnly(): { value: unknown } | undefined {
    const value = this.#readValue(0, BARE_WORD)
    return this.#failed || !this.isAtEnd() ? undefined : { value }
  }

  #readValue(depth: number, bare: RegExp): unknown {
    if (depth > MAX_DEPTH) return this.#fail()
    this.skip(/\s*/y)
    const character = this.#text[this.#position]
    if (character === '"' || character === "'") return this.#readString()
    if (character === '[' || character === '(') return this.#readList(depth, character === '[' ? ']' : ')')
    if (character === '{') return this.#readObject(depth)
    const word = this.skip(bare).trim()
    if (word === '') return this.#fail()
    if (WORDS.has(word)) return WORDS.get(word)
    return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word) ? Number(word) : word
  }

  #readString(): unknown {
    const literal = this.skip(/'''.*?'''|""".*?"""|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/sy)
    if (literal === '') return this.#fail()
    const quotes = literal.startsWith('"""') || literal.startsWith("'''") ? 3 : 1
    return readPythonEscapes(literal.slice(quotes, literal.length - quotes))
  }

  #readList(depth: number, close: string): unknown {
    this.#position++
    const items: unknown[] = []
    while (!this.#readClose(close)) {
      items.push(this.#readValue(depth + 1, /[^,[\](){}]+/y))
      if (this.#failed || !this.#readSeparator(close)) return this.#fail()
    }
    return items
  }

  #readObject(depth: number): unknown {
    this.#position++
    const entries: [string, unknown][] = []
    while (!this.#readClose('}')) {
      const key = String(this.#readValue(depth + 1, /[^:,[\](){}]+/y))
      if (this.#failed || this.skip(/\s*:\s*/y) === '') return this.#fail()
      entries.push([key, this.#readValue(depth + 1, /[^,[\](){}]+/y)])
      if (this.#failed || !this.#readSeparator('}')) return this.#fail()
    }
    return Object.fromEntries(entries)
  }

  #readClose(close: string): boolean {
    this.skip(/\s*/y)
    if (this.#text[this.#position] !== close) return false
    this.#position++
    return true
  }

  /** A comma, or nothing in front of the closing bracket. */
  #readSeparator(close: string): boolean {
    if (this.skip(/\s*,\s*/y) !== '') return true
    this.skip(/\s*/y)
    return this.#text[this.#position] === close
  }

  #fail(): undefined {
    this.#failed = true
    return undefined
  }
}
