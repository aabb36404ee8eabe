// Cuts a Jinja template into tokens, with the white space rules of chat templates: trim_blocks and lstrip_blocks are on, one line feed at
// the end is dropped, and `-` strips by hand. Throws `template_error`.

import { jinjaError } from './error.ts'

export type TokenType =
  | 'text'
  | 'open-block'
  | 'close-block'
  | 'open-output'
  | 'close-output'
  | 'name'
  | 'string'
  | 'number'
  | 'operator'
  | 'end'

export interface Token {
  type: TokenType
  text: string
  at: number
}

const SPACE = /\s+/y
const NAME = /[\p{L}_][\p{L}\p{Nd}_]*/uy
const NUMBER = /\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const STRING = /'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*"/y
const OPERATOR = /\*\*|\/\/|==|!=|<=|>=|[-+*/%~<>=()[\]{},.:|]/y
const RAW = /\{%[-+]?\s*raw\s*([-+]?)%\}(\n?)([\s\S]*?)\{%([-+]?)\s*endraw\s*([-+]?)%\}/y
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v' }

export function lexJinja(source: string): Token[] {
  const lexer = new Lexer(source.endsWith('\n') ? source.slice(0, -1) : source)
  lexer.run()
  return lexer.tokens
}

class Lexer {
  readonly tokens: Token[] = []
  private readonly source: string
  private at = 0
  /** What the tag before asks of the text behind it. */
  private trim: 'none' | 'line' | 'all' = 'none'

  constructor(source: string) {
    this.source = source
  }

  run(): void {
    while (this.at < this.source.length) {
      const open = this.findOpen()
      this.pushText(open)
      if (open >= this.source.length) break
      this.at = open
      const kind = this.source[open + 1]
      if (kind === '#') this.skipComment()
      else if (kind === '%') {
        if (!this.takeRaw()) this.lexTag('block', '%}')
      } else this.lexTag('output', '}}')
    }
    this.push('end', '', this.source.length)
  }

  private findOpen(): number {
    for (let open = this.source.indexOf('{', this.at); open >= 0; open = this.source.indexOf('{', open + 1)) {
      if ('{%#'.includes(this.source[open + 1] || ' ')) return open
    }
    return this.source.length
  }

  private pushText(end: number): void {
    let text = this.source.slice(this.at, end)
    if (this.trim === 'all') text = text.trimStart()
    else if (this.trim === 'line' && text.startsWith('\n')) text = text.slice(1)
    const kind = this.source[end + 1]
    const sign = this.source[end + 2]
    if (sign === '-') text = text.trimEnd()
    else if (sign !== '+' && (kind === '%' || kind === '#')) {
      const lineStart = text.lastIndexOf('\n') + 1
      const startsLine = lineStart > 0 || this.at === 0 || (this.trim === 'line' && this.source[this.at] === '\n')
      if (end < this.source.length && startsLine && text.slice(lineStart).trim() === '') text = text.slice(0, lineStart)
    }
    this.trim = 'none'
    if (text !== '') this.push('text', text, this.at)
  }

  private skipComment(): void {
    const end = this.source.indexOf('#}', this.at + 2)
    if (end < 0) throw jinjaError('unclosed comment', this.source, this.at)
    this.trim = this.source[end - 1] === '-' ? 'all' : 'line'
    this.at = end + 2
  }

  private takeRaw(): boolean {
    RAW.lastIndex = this.at
    const found = RAW.exec(this.source)
    if (!found) return false
    const [whole, trimStart, lineFeed = '', body = '', trimEnd, after] = found
    let text = trimStart === '-' ? body.trimStart() : (trimStart === '+' ? lineFeed : '') + body
    if (trimEnd === '-') text = text.trimEnd()
    if (text !== '') this.push('text', text, this.at)
    this.at += whole.length
    this.trim = after === '-' ? 'all' : 'line'
    return true
  }

  private lexTag(kind: 'block' | 'output', close: string): void {
    const start = this.at
    this.push(`open-${kind}`, this.source.slice(start, start + 2), start)
    this.at += /[-+]/.test(this.source[start + 2] ?? '') && this.source[start + 3] !== close[0] ? 3 : 2
    let depth = 0
    for (;;) {
      this.match(SPACE)
      if (depth === 0) {
        const sign = /[-+]/.test(this.source[this.at] ?? '') && this.source.startsWith(close, this.at + 1) ? this.source[this.at] : ''
        if (sign || this.source.startsWith(close, this.at)) {
          this.trim = sign === '-' ? 'all' : kind === 'block' && sign !== '+' ? 'line' : 'none'
          this.push(`close-${kind}`, close, this.at)
          this.at += close.length + (sign ? 1 : 0)
          return
        }
      }
      if (this.at >= this.source.length) throw jinjaError('unclosed tag', this.source, start)
      const text = this.lexToken()
      if (text === '{' || text === '[' || text === '(') depth += 1
      if (text === '}' || text === ']' || text === ')') depth -= 1
    }
  }

  private lexToken(): string {
    const start = this.at
    const string = this.match(STRING)
    if (string !== undefined) {
      this.push('string', unescapeText(string.slice(1, -1)), start)
      return ''
    }
    const types: readonly [RegExp, TokenType][] = [
      [NUMBER, 'number'],
      [NAME, 'name'],
      [OPERATOR, 'operator'],
    ]
    for (const [pattern, type] of types) {
      const text = this.match(pattern)
      if (text === undefined) continue
      this.push(type, text, start)
      return text
    }
    throw jinjaError(`unexpected character ${JSON.stringify(this.source[start])}`, this.source, start)
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.source)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  private push(type: TokenType, text: string, at: number): void {
    this.tokens.push({ type, text, at })
  }
}

function unescapeText(body: string): string {
  return body.replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/g, (_, byte, short, long, letter) => {
    if (letter !== undefined) return letter === '\n' ? '' : (ESCAPES[letter] ?? (/['"\\]/.test(letter) ? letter : `\\${letter}`))
    const code = Number.parseInt(byte ?? short ?? long, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : '\uFFFD'
  })
}
