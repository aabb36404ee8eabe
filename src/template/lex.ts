// Cuts a Go text/template into tokens. Text outside {{ }} keeps its bytes but for what trim markers take away; comments vanish.
// The first error becomes the last token, so that the parser reports whichever error comes first in the text, as Go does.

export type TokenType =
  | 'text'
  | 'open'
  | 'close'
  | 'space'
  | 'identifier'
  | 'keyword'
  | 'field'
  | 'variable'
  | 'dot'
  | 'nil'
  | 'boolean'
  | 'number'
  | 'character'
  | 'string'
  | 'raw-string'
  | 'declare'
  | 'assign'
  | 'pipe'
  | 'open-paren'
  | 'close-paren'
  | 'symbol'
  | 'error'
  | 'end'

export interface Token {
  type: TokenType
  text: string
  /** Offset in the template, in UTF-16 units. */
  at: number
}

const KEYWORDS = new Set(['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'range', 'template', 'with'])
const SPACES = /[ \t\r\n]+/y
const WORD = /[\p{L}\p{Nd}_]+/uy
const NUMBER =
  /[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?/y
const QUOTED = /"(?:\\[^\n]|[^"\\\n])*"/y
const CHARACTER = /'(?:\\[^\n]|[^'\\\n])*'/y
const TRIMMED_END = /[ \t\r\n]+$/
const SYMBOLS: Readonly<Record<string, TokenType>> = { '=': 'assign', '|': 'pipe' }

export function lexTemplate(text: string): Token[] {
  const lexer = new Lexer(text)
  lexer.run()
  return lexer.tokens
}

class Lexer {
  readonly tokens: Token[] = []
  private readonly text: string
  private at = 0
  private parens = 0

  constructor(text: string) {
    this.text = text
  }

  run(): void {
    for (;;) {
      const open = this.text.indexOf('{{', this.at)
      if (open < 0) break
      const trim = this.isTrimMarker(open + 2)
      const before = this.text.slice(this.at, open)
      const kept = trim ? before.replace(TRIMMED_END, '') : before
      if (kept !== '') this.push('text', kept, this.at)
      this.at = open + 2 + (trim ? 2 : 0)
      const goesOn = this.text.startsWith('/*', this.at) ? this.skipComment() : this.lexAction(open)
      if (!goesOn) return
    }
    if (this.at < this.text.length) this.push('text', this.text.slice(this.at), this.at)
    this.push('end', '', this.text.length)
  }

  private skipComment(): boolean {
    const start = this.at
    const end = this.text.indexOf('*/', this.at + 2)
    if (end < 0) return this.fail('unclosed comment', start)
    this.at = end + 2
    if (this.closeLength() === 0) return this.fail('comment ends before closing delimiter', start)
    this.close()
    return true
  }

  /** False when an error ended everything. */
  private lexAction(open: number): boolean {
    this.push('open', '{{', open)
    this.parens = 0
    for (;;) {
      if (this.closeLength() > 0) {
        if (this.parens > 0) return this.fail('unclosed left paren', this.at)
        const at = this.at
        this.close()
        this.push('close', '}}', at)
        return true
      }
      if (this.at >= this.text.length) return this.fail('unclosed action', this.at)
      if (!this.lexToken()) return false
    }
  }

  private lexToken(): boolean {
    const character = this.text[this.at] ?? ''
    const spaces = this.match(SPACES)
    if (spaces !== undefined) return this.lexSpaces(spaces)
    if (character === '"') return this.lexPattern(QUOTED, 'string', 'unterminated quoted string')
    if (character === '`') return this.lexRawString()
    if (character === "'") return this.lexPattern(CHARACTER, 'character', 'unterminated character constant')
    if (character === '$') return this.lexChain('variable', 'variable')
    if (character === '.' && !/[0-9]/.test(this.text[this.at + 1] ?? '')) return this.lexChain('field', 'dot')
    if (/[0-9.+-]/.test(character)) return this.lexNumber()
    if (this.match(WORD) !== undefined) return this.lexWord()
    return this.lexSymbol(character)
  }

  private lexSpaces(spaces: string): boolean {
    // The last space may belong to a trim marker: " -}}".
    const end = this.at + spaces.length
    const isMarker = this.text.startsWith('-}}', end)
    const length = isMarker ? spaces.length - 1 : spaces.length
    if (length > 0) this.push('space', spaces.slice(0, length), this.at)
    this.at += length
    return true
  }

  private lexPattern(pattern: RegExp, type: TokenType, problem: string): boolean {
    const found = this.match(pattern)
    if (found === undefined) return this.fail(problem, this.at)
    return this.take(type, found)
  }

  private lexRawString(): boolean {
    const end = this.text.indexOf('`', this.at + 1)
    if (end < 0) return this.fail('unterminated raw quoted string', this.at)
    return this.take('raw-string', this.text.slice(this.at, end + 1))
  }

  /** `$`, `$name`, `.`, `.Name`: the sign and at most one word. */
  private lexChain(type: TokenType, bareType: TokenType): boolean {
    const start = this.at
    this.at += 1
    const word = this.isAtTerminator() ? undefined : this.match(WORD)
    this.at = start + 1 + (word?.length ?? 0)
    if (!this.isAtTerminator()) return this.failCharacter(start)
    this.push(word === undefined ? bareType : type, this.text.slice(start, this.at), start)
    return true
  }

  private lexNumber(): boolean {
    const found = this.match(NUMBER) ?? ''
    const end = this.at + found.length
    WORD.lastIndex = end
    if (found === '' || WORD.test(this.text)) {
      return this.fail(`bad number syntax: ${JSON.stringify(this.text.slice(this.at, end + 1))}`, this.at)
    }
    return this.take('number', found)
  }

  private lexWord(): boolean {
    const start = this.at
    const word = this.match(WORD) ?? ''
    this.at += word.length
    if (!this.isAtTerminator()) return this.failCharacter(start)
    if (KEYWORDS.has(word)) this.push('keyword', word, start)
    else if (word === 'true' || word === 'false') this.push('boolean', word, start)
    else this.push(word === 'nil' ? 'nil' : 'identifier', word, start)
    return true
  }

  private lexSymbol(character: string): boolean {
    if (character === ':') return this.text[this.at + 1] === '=' ? this.take('declare', ':=') : this.fail('expected :=', this.at)
    if (character === '(') {
      this.parens += 1
      return this.take('open-paren', '(')
    }
    if (character === ')') {
      this.parens -= 1
      return this.parens < 0 ? this.fail('unexpected right paren', this.at) : this.take('close-paren', ')')
    }
    const type = SYMBOLS[character]
    if (type !== undefined) return this.take(type, character)
    if (/^[!-~]$/.test(character)) return this.take('symbol', character)
    return this.fail(`unrecognized character in action: ${describeCharacter(this.text, this.at)}`, this.at)
  }

  private isAtTerminator(): boolean {
    return this.at >= this.text.length || /[ \t\r\n.,|:()]/.test(this.text[this.at] ?? '') || this.text.startsWith('}}', this.at)
  }

  private isTrimMarker(at: number): boolean {
    return this.text[at] === '-' && /[ \t\r\n]/.test(this.text[at + 1] ?? '')
  }

  /** Length of the right delimiter at this place, with its trim marker; 0 where there is none. */
  private closeLength(): number {
    if (this.text.startsWith('}}', this.at)) return 2
    return /[ \t\r\n]/.test(this.text[this.at] ?? '') && this.text.startsWith('-}}', this.at + 1) ? 4 : 0
  }

  private close(): void {
    const length = this.closeLength()
    this.at += length
    if (length === 4) this.at += this.match(SPACES)?.length ?? 0
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    return pattern.exec(this.text)?.[0]
  }

  private take(type: TokenType, text: string): true {
    this.push(type, text, this.at)
    this.at += text.length
    return true
  }

  private push(type: TokenType, text: string, at: number): void {
    this.tokens.push({ type, text, at })
  }

  private failCharacter(start: number): false {
    return this.fail(`bad character ${describeCharacter(this.text, this.at)}`, start)
  }

  private fail(problem: string, at: number): false {
    this.push('error', problem, at)
    return false
  }
}

function describeCharacter(text: string, at: number): string {
  const code = text.codePointAt(at) ?? 0
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')} '${String.fromCodePoint(code)}'`
}
