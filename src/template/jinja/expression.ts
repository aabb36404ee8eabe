// Expressions of Jinja, by precedence: choice, or, and, not, comparison, + -, ~, * / // %, unary, **, then filters, tests and what follows a value.

import type { AppError } from '../../base/errors.ts'
import type { Arguments, BinaryOperator, CompareOperator, Expression, Filter } from './ast.ts'
import { jinjaError } from './error.ts'
import type { Token, TokenType } from './lex.ts'

/** Parsing and running recurse this deep. */
export const MAX_NESTING = 200

const COMPARISONS = ['==', '!=', '<', '<=', '>', '>=']
const CONSTANTS: Readonly<Record<string, boolean | null>> = { true: true, True: true, false: false, False: false, none: null, None: null }
const LEVELS: readonly (readonly string[])[] = [['+', '-'], ['~'], ['*', '/', '//', '%']]

export class ExpressionParser {
  private readonly source: string
  private readonly tokens: readonly Token[]
  private index = 0
  private nesting = 0

  constructor(source: string, tokens: readonly Token[]) {
    this.source = source
    this.tokens = tokens
  }

  /** `a, b` is a list; `a` alone is not. */
  protected expressionList(): Expression {
    const first = this.expression()
    if (this.peek().text !== ',' || this.peek().type !== 'operator') return first
    const items = [first]
    while (this.takeOperator(',')) if (!this.peek().type.startsWith('close')) items.push(this.expression())
    return { type: 'list', items }
  }

  protected expression(): Expression {
    this.enter()
    const value = this.expressionWithoutChoice()
    const chosen = this.takeWord('if') ? this.choice(value) : value
    this.leave()
    return chosen
  }

  protected expressionWithoutChoice(): Expression {
    let left = this.andExpression()
    while (this.takeWord('or')) left = { type: 'or', left, right: this.andExpression() }
    return left
  }

  protected filter(): Filter {
    let name = this.expect('name').text
    while (this.takeOperator('.')) name += `.${this.expect('name').text}`
    return { name, args: this.takeOperator('(') ? this.args() : { positional: [], named: [] } }
  }

  private choice(value: Expression): Expression {
    const test = this.expressionWithoutChoice()
    return { type: 'choice', test, value, ...(this.takeWord('else') ? { otherwise: this.expression() } : {}) }
  }

  private andExpression(): Expression {
    let left = this.notExpression()
    while (this.takeWord('and')) left = { type: 'and', left, right: this.notExpression() }
    return left
  }

  private notExpression(): Expression {
    if (!this.takeWord('not')) return this.comparison()
    this.enter()
    const operand = this.notExpression()
    this.leave()
    return { type: 'not', operand }
  }

  private comparison(): Expression {
    const first = this.binary(0)
    const rest: { operator: CompareOperator; value: Expression }[] = []
    for (;;) {
      const operator = this.takeComparison()
      if (!operator) break
      rest.push({ operator, value: this.binary(0) })
    }
    return rest.length === 0 ? first : { type: 'compare', first, rest }
  }

  private takeComparison(): CompareOperator | undefined {
    const token = this.peek()
    if (token.type === 'operator' && COMPARISONS.includes(token.text)) return this.advance().text as CompareOperator
    if (this.takeWord('in')) return 'in'
    if (token.type === 'name' && token.text === 'not' && this.peek(1).text === 'in') {
      this.index += 2
      return 'not in'
    }
    return undefined
  }

  private binary(level: number): Expression {
    const operators = LEVELS[level]
    if (!operators) return this.unary()
    let left = this.binary(level + 1)
    while (this.peek().type === 'operator' && operators.includes(this.peek().text)) {
      const operator = this.advance().text as BinaryOperator
      left = { type: 'binary', operator, left, right: this.binary(level + 1) }
    }
    return left
  }

  /** A sign binds tighter than the filters behind: -1|abs is 1. */
  private unary(): Expression {
    return this.filtersAndTests(this.signed())
  }

  private signed(): Expression {
    const sign = this.takeOperator('-') ? 'negative' : this.takeOperator('+') ? 'positive' : undefined
    if (sign) {
      this.enter()
      const operand = this.signed()
      this.leave()
      return { type: sign, operand }
    }
    const base = this.postfix(this.primary())
    return this.takeOperator('**') ? { type: 'binary', operator: '**', left: base, right: this.signed() } : base
  }

  private filtersAndTests(operand: Expression): Expression {
    let value = operand
    for (;;) {
      if (this.takeOperator('|')) value = this.postfix({ type: 'filtered', operand: value, filter: this.filter() })
      else if (this.takeWord('is')) value = this.test(value)
      else return value
    }
  }

  private test(operand: Expression): Expression {
    const isNegated = this.takeWord('not')
    const name = this.advance().text
    let args: Arguments = { positional: [], named: [] }
    if (this.takeOperator('(')) args = this.args()
    else if (this.startsTestArgument()) args.positional.push({ value: this.postfix(this.primary()), isSpread: false })
    return { type: 'test', operand, name, args, isNegated }
  }

  private startsTestArgument(): boolean {
    const { type, text } = this.peek()
    if (type === 'string' || type === 'number') return true
    if (type === 'operator') return text === '[' || text === '{'
    return type === 'name' && !['else', 'or', 'and', 'is', 'if', 'not', 'in'].includes(text)
  }

  private postfix(start: Expression): Expression {
    let value = start
    for (;;) {
      if (this.takeOperator('.')) {
        const token = this.advance()
        if (token.type !== 'name' && token.type !== 'number') throw this.fail('a name is missing after "."')
        value =
          token.type === 'name'
            ? { type: 'attribute', object: value, name: token.text }
            : { type: 'item', object: value, index: { type: 'literal', value: Number(token.text) } }
      } else if (this.takeOperator('[')) value = this.subscript(value)
      else if (this.takeOperator('(')) value = { type: 'invoke', callee: value, args: this.args() }
      else return value
    }
  }

  private subscript(object: Expression): Expression {
    const parts: (Expression | undefined)[] = [undefined]
    while (!this.takeOperator(']')) {
      if (this.takeOperator(':')) parts.push(undefined)
      else if (parts.at(-1) === undefined) parts[parts.length - 1] = this.expression()
      else throw this.unexpected()
    }
    const [from, to, step] = parts
    if (parts.length > 3) throw this.fail('a slice has three parts at most')
    if (parts.length === 1) {
      if (!from) throw this.fail('an index is missing')
      return { type: 'item', object, index: from }
    }
    return { type: 'slice', object, ...(from ? { from } : {}), ...(to ? { to } : {}), ...(step ? { step } : {}) }
  }

  private primary(): Expression {
    const token = this.advance()
    if (token.type === 'string') {
      let value = token.text
      while (this.peek().type === 'string') value += this.advance().text
      return { type: 'literal', value }
    }
    if (token.type === 'number') {
      return { type: 'literal', value: Number(token.text.replaceAll('_', '')), isFloat: /[.eE]/.test(token.text) }
    }
    if (token.type === 'name') {
      const constant = Object.hasOwn(CONSTANTS, token.text) ? CONSTANTS[token.text] : undefined
      return constant === undefined ? { type: 'name', name: token.text } : { type: 'literal', value: constant }
    }
    if (token.type === 'operator' && token.text === '(') return this.group()
    if (token.type === 'operator' && token.text === '[') return { type: 'list', items: this.items(']') }
    if (token.type === 'operator' && token.text === '{') return this.dict()
    this.index -= 1
    throw this.unexpected()
  }

  private group(): Expression {
    if (this.takeOperator(')')) return { type: 'list', items: [] }
    const first = this.expression()
    if (this.takeOperator(')')) return first
    this.expectOperator(',')
    return { type: 'list', items: [first, ...this.items(')')] }
  }

  private items(close: string): Expression[] {
    const items: Expression[] = []
    while (!this.takeOperator(close)) {
      items.push(this.expression())
      if (this.peek().text !== close) this.expectOperator(',')
    }
    return items
  }

  private dict(): Expression {
    const entries: { key: Expression; value: Expression }[] = []
    while (!this.takeOperator('}')) {
      const key = this.expression()
      this.expectOperator(':')
      entries.push({ key, value: this.expression() })
      if (this.peek().text !== '}') this.expectOperator(',')
    }
    return { type: 'dict', entries }
  }

  private args(): Arguments {
    const args: Arguments = { positional: [], named: [] }
    while (!this.takeOperator(')')) {
      if (this.peek().type === 'name' && this.peek(1).type === 'operator' && this.peek(1).text === '=') {
        const name = this.advance().text
        this.advance()
        args.named.push({ name, value: this.expression() })
      } else {
        const isSpread = this.takeOperator('*')
        args.positional.push({ value: this.expression(), isSpread })
      }
      if (this.peek().text !== ')') this.expectOperator(',')
    }
    return args
  }

  protected enter(): void {
    this.nesting += 1
    if (this.nesting > MAX_NESTING) throw this.fail(`it nests deeper than ${MAX_NESTING} levels`)
  }

  protected leave(): void {
    this.nesting -= 1
  }

  /** Where the parser stands, for hasName. */
  protected position(): number {
    return this.index
  }

  /** Whether a name stands between that position and here. */
  protected hasName(name: string, from: number): boolean {
    return this.tokens.slice(from, this.index).some((token) => token.type === 'name' && token.text === name)
  }

  protected peek(offset = 0): Token {
    return this.tokens[Math.min(this.index + offset, this.tokens.length - 1)] as Token
  }

  protected advance(): Token {
    const token = this.peek()
    this.index += 1
    return token
  }

  protected takeOperator(text: string): boolean {
    return this.take('operator', text)
  }

  protected takeWord(text: string): boolean {
    return this.take('name', text)
  }

  protected expectOperator(text: string): void {
    if (!this.takeOperator(text)) throw this.unexpected()
  }

  protected expectWord(text: string): void {
    if (!this.takeWord(text)) throw this.unexpected()
  }

  protected expect(type: TokenType): Token {
    if (this.peek().type !== type) throw this.unexpected()
    return this.advance()
  }

  protected unexpected(): AppError {
    const token = this.peek()
    return this.fail(token.type === 'end' ? 'it ends too early' : `unexpected ${JSON.stringify(token.text)}`)
  }

  protected fail(problem: string): AppError {
    return jinjaError(problem, this.source, this.peek().at)
  }

  private take(type: TokenType, text: string): boolean {
    const token = this.peek()
    if (token.type !== type || token.text !== text) return false
    this.index += 1
    return true
  }
}
