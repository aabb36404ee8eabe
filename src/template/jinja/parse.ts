// Tokens -> statements. Throws `template_error` with the line. Expressions are in expression.ts.

import type { Filter, Parameter, SetTarget, Statement } from './ast.ts'
import { jinjaError } from './error.ts'
import { ExpressionParser } from './expression.ts'
import { lexJinja } from './lex.ts'

export interface JinjaTemplate {
  readonly statements: readonly Statement[]
}

/** A chat template has some ten KiB. */
export const MAX_SOURCE_CHARACTERS = 1024 * 1024

export function parseJinja(source: string): JinjaTemplate {
  if (source.length > MAX_SOURCE_CHARACTERS) throw jinjaError('it is larger than 1 MiB')
  const parser = new StatementParser(source, lexJinja(source))
  return { statements: parser.parseAll() }
}

class StatementParser extends ExpressionParser {
  parseAll(): Statement[] {
    const statements = this.statements([])
    if (this.peek().type !== 'end') throw this.unexpected()
    return statements
  }

  /** Up to a block that begins with one of the words; its word is the next token then. */
  private statements(ends: readonly string[]): Statement[] {
    const found: Statement[] = []
    this.enter()
    for (;;) {
      const token = this.peek()
      if (token.type === 'end') {
        if (ends.length > 0) throw this.fail(`${ends.join(' or ')} is missing`)
        break
      }
      if (token.type === 'text') {
        this.advance()
        found.push({ type: 'text', text: token.text })
      } else if (token.type === 'open-output') {
        this.advance()
        found.push({ type: 'output', value: this.expressionList() })
        this.expect('close-output')
      } else if (token.type === 'open-block') {
        if (ends.includes(this.peek(1).text)) {
          this.advance()
          break
        }
        this.advance()
        found.push(this.statement())
      } else throw this.unexpected()
    }
    this.leave()
    return found
  }

  private statement(): Statement {
    const word = this.expect('name').text
    switch (word) {
      case 'if':
        return this.ifStatement()
      case 'for':
        return this.forStatement()
      case 'set':
        return this.setStatement()
      case 'macro':
        return this.macroStatement()
      case 'call':
        return this.callStatement()
      case 'filter': {
        const filters = this.filters()
        return { type: 'filter', filters, body: this.body('endfilter') }
      }
      case 'generation':
        return { type: 'block', body: this.body('endgeneration') }
      case 'break':
      case 'continue':
        this.expect('close-block')
        return { type: word }
      case 'do': {
        const value = this.expression()
        this.expect('close-block')
        return { type: 'do', value }
      }
    }
    throw this.fail(`unknown statement "${word}"`)
  }

  private ifStatement(): Statement {
    const branches = [{ test: this.expression(), body: this.bodyUntil(['elif', 'else', 'endif']) }]
    let otherwise: Statement[] = []
    for (;;) {
      const word = this.advance().text
      if (word === 'elif') branches.push({ test: this.expression(), body: this.bodyUntil(['elif', 'else', 'endif']) })
      else {
        if (word === 'else') {
          otherwise = this.bodyUntil(['endif'])
          this.advance()
        }
        this.expect('close-block')
        return { type: 'if', branches, otherwise }
      }
    }
  }

  private forStatement(): Statement {
    const targets = this.names()
    this.expectWord('in')
    const iterable = this.expressionWithoutChoice()
    const condition = this.takeWord('if') ? this.expression() : undefined
    this.takeWord('recursive')
    const start = this.position()
    const body = this.bodyUntil(['else', 'endfor'])
    const otherwise = this.advance().text === 'else' ? this.bodyUntil(['endfor'], true) : []
    this.expect('close-block')
    const usesLoop = this.hasName('loop', start)
    return { type: 'for', targets, iterable, ...(condition ? { condition } : {}), usesLoop, body, otherwise }
  }

  private setStatement(): Statement {
    const targets = [this.setTarget()]
    while (this.takeOperator(',')) targets.push(this.setTarget())
    if (this.takeOperator('=')) {
      const value = this.expressionList()
      this.expect('close-block')
      return { type: 'set', targets, value }
    }
    const filters = this.takeOperator('|') ? this.filters() : []
    const [target] = targets
    if (!target || targets.length > 1) throw this.unexpected()
    return { type: 'set-block', target, filters, body: this.body('endset') }
  }

  private setTarget(): SetTarget {
    const name = this.expect('name').text
    return this.takeOperator('.') ? { name, attribute: this.expect('name').text } : { name }
  }

  private macroStatement(): Statement {
    const name = this.expect('name').text
    const parameters = this.parameters()
    return { type: 'macro', name, parameters, body: this.body('endmacro') }
  }

  private callStatement(): Statement {
    const parameters = this.peek().text === '(' ? this.parameters() : []
    const call = this.expression()
    return { type: 'call', call, parameters, body: this.body('endcall') }
  }

  private parameters(): Parameter[] {
    const parameters: Parameter[] = []
    this.expectOperator('(')
    while (!this.takeOperator(')')) {
      const name = this.expect('name').text
      parameters.push(this.takeOperator('=') ? { name, default: this.expression() } : { name })
      if (this.peek().text !== ')') this.expectOperator(',')
    }
    return parameters
  }

  private filters(): Filter[] {
    const filters = [this.filter()]
    while (this.takeOperator('|')) filters.push(this.filter())
    return filters
  }

  private names(): string[] {
    const isWrapped = this.takeOperator('(')
    const names = [this.expect('name').text]
    while (this.takeOperator(',')) names.push(this.expect('name').text)
    if (isWrapped) this.expectOperator(')')
    return names
  }

  private body(end: string): Statement[] {
    const body = this.bodyUntil([end], true)
    this.expect('close-block')
    return body
  }

  private bodyUntil(ends: readonly string[], takesEnd = false): Statement[] {
    this.expect('close-block')
    const body = this.statements(ends)
    if (takesEnd) this.advance()
    return body
  }
}
