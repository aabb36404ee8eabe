// Arguments as Gemma's function-calling models write them: {key:value,other:[1,true]} with bare keys; strings stand between two equal marks
// (<|"|> or <escape>). What the models do wrong is read as it was meant: JSON or single quotes, a bare word as a value, a last string or
// object that does not end.

/** Nesting of lists and objects; deeper text is no call. */
const MAX_DEPTH = 64

export interface GemmaCall {
  name: string
  arguments: Record<string, unknown>
}

/** `call:name{…}`; undefined where the text is anything else. */
export function parseGemmaCall(text: string, mark: string): GemmaCall | undefined {
  const head = /^\s*call:([^{]+)(?=\{)/.exec(text)
  const name = head?.[1]?.trim()
  if (!head || !name) return undefined
  const reader = new GemmaReader(text.slice(head[0].length), mark)
  const args = reader.readObject(0)
  return args && reader.isAtEnd() ? { name, arguments: args } : undefined
}

/** One value that is the whole text, and was not cut off; undefined where it is none. */
export function readGemmaValue(text: string, mark: string): { value: unknown } | undefined {
  return new GemmaReader(text, mark).readOnly()
}

class GemmaReader {
  readonly #text: string
  readonly #mark: string
  #position = 0
  #isCutOff = false

  constructor(text: string, mark: string) {
    this.#text = text
    this.#mark = mark
  }

  isAtEnd(): boolean {
    return this.#text.slice(this.#position).trim() === ''
  }

  readOnly(): { value: unknown } | undefined {
    const value = this.#readValue(0, '}')
    return value === undefined || this.#isCutOff || !this.isAtEnd() ? undefined : { value }
  }

  readObject(depth: number): Record<string, unknown> | undefined {
    if (depth > MAX_DEPTH) return undefined
    this.#position++
    const entries: [string, unknown][] = []
    while (!this.#readClose('}')) {
      const key = this.#readQuoted() ?? this.#skip(/[^:,{}[\]]+/y).trim()
      if (key === '' || this.#skip(/\s*:\s*/y) === '') return undefined
      const value = this.#readValue(depth + 1, '}')
      if (value === undefined) return undefined
      entries.push([key, value])
      this.#skip(/\s*,/y)
    }
    return Object.fromEntries(entries)
  }

  #readList(depth: number): unknown[] | undefined {
    if (depth > MAX_DEPTH) return undefined
    this.#position++
    const items: unknown[] = []
    while (!this.#readClose(']')) {
      const value = this.#readValue(depth + 1, ']')
      if (value === undefined) return undefined
      items.push(value)
      this.#skip(/\s*,/y)
    }
    return items
  }

  #readValue(depth: number, close: string): unknown {
    this.#skip(/\s*/y)
    const quoted = this.#readQuoted()
    if (quoted !== undefined) return quoted
    const character = this.#text[this.#position]
    if (character === '{') return this.readObject(depth)
    if (character === '[') return this.#readList(depth)
    // A bare word goes on over commas that no key follows, and up to the last bracket of the text.
    const word = this.#skip(close === '}' ? /(?:(?!\}\s*(?:[,}\]]|$))(?!,\s*[^\s:,{}[\]]+\s*:).)+/sy : /[^,\]]+/y).trim()
    return word === '' ? undefined : toLiteral(word)
  }

  #readQuoted(): string | undefined {
    this.#skip(/\s*/y)
    if (this.#text.startsWith(this.#mark, this.#position)) {
      const start = this.#position + this.#mark.length
      const end = this.#text.indexOf(this.#mark, start)
      this.#position = end < 0 ? this.#text.length : end + this.#mark.length
      this.#isCutOff ||= end < 0
      return end < 0 ? this.#text.slice(start).replace(/[\]}\s]+$/, '') : this.#text.slice(start, end)
    }
    const literal = this.#skip(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/sy)
    if (literal === '') return undefined
    if (this.#text.startsWith(this.#mark, this.#position)) this.#position += this.#mark.length
    return unquote(literal)
  }

  /** The closing bracket, or the end of a text that was cut off. */
  #readClose(close: string): boolean {
    this.#skip(/\s*/y)
    if (this.#position >= this.#text.length) {
      this.#isCutOff = true
      return true
    }
    if (this.#text[this.#position] !== close) return false
    this.#position++
    return true
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#position
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#position += found.length
    return found
  }
}

function toLiteral(word: string): unknown {
  if (word === 'true' || word === 'false') return word === 'true'
  if (word === 'null') return null
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(word) ? Number(word) : word
}

function unquote(literal: string): string {
  const inner = literal.slice(1, -1)
  if (literal.startsWith("'")) return inner.replace(/\\(['\\])/g, '$1')
  try {
    return String(JSON.parse(literal))
  } catch {
    return inner
  }
}
