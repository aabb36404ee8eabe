// Where the parser stands in the tokens, and how it complains: `template: :LINE: problem`, the line being that of the last token read.

import { AppError, isAppError } from '../base/errors.ts'
import { lexTemplate, type Token } from './lex.ts'

export class TokenCursor {
  protected readonly text: string
  protected readonly tokens: readonly Token[]
  protected index = 0
  /** Line of the action that is open; 0 = none. */
  protected actionLine = 0

  constructor(text: string) {
    this.text = text
    this.tokens = lexTemplate(text)
  }

  protected expectClose(context: string): void {
    const token = this.next()
    if (token.type !== 'close') throw this.unexpected(token, context)
  }

  /** The next token that is no space. */
  protected next(): Token {
    this.peekWord()
    return this.advance()
  }

  protected peekWord(): Token {
    while (this.peek().type === 'space') this.index += 1
    return this.peek()
  }

  protected advance(): Token {
    const token = this.peek()
    this.index += 1
    return token
  }

  protected peek(): Token {
    return this.tokens[Math.min(this.index, this.tokens.length - 1)] as Token
  }

  protected lineOf(token: Token): number {
    let line = 1
    for (let at = this.text.indexOf('\n'); at >= 0 && at < token.at; at = this.text.indexOf('\n', at + 1)) line += 1
    return line
  }

  protected unexpected(token: Token, context: string): AppError {
    if (token.type !== 'error') return this.fail(`unexpected ${describeToken(token)} in ${context}`)
    const startsElsewhere = this.actionLine !== 0 && this.actionLine !== this.lineOf(token)
    const started = startsElsewhere ? `${token.text.endsWith(' action') ? '' : ' in action'} started at :${this.actionLine}` : ''
    return this.fail(`${token.text}${started}`)
  }

  /** The line is that of the last token read. */
  protected fail(problem: string, cause?: unknown): AppError {
    const token = this.tokens[Math.min(Math.max(this.index - 1, 0), this.tokens.length - 1)] as Token
    return new AppError('template_error', `template: :${this.lineOf(token)}: ${problem}`, { cause })
  }

  protected located<T>(read: () => T): T {
    try {
      return read()
    } catch (cause) {
      if (!isAppError(cause, 'template_error')) throw cause
      throw this.fail(cause.message, cause)
    }
  }
}

function describeToken(token: Token): string {
  if (token.type === 'end') return 'EOF'
  if (token.type === 'keyword' || token.type === 'dot' || token.type === 'nil') return `<${token.text}>`
  const characters = [...token.text]
  return characters.length > 10 ? `${JSON.stringify(characters.slice(0, 10).join(''))}...` : JSON.stringify(token.text)
}
