// A table of named rules that becomes the text of a llama.cpp grammar (GBNF).
//
// llama.cpp has traps, and this file keeps out of them: a count above 2,000 in {m,n} is refused or, as an upper bound, silently dropped, so large
// counts become rules of smaller ones; counts of groups multiply, so a counted group becomes a rule; a rule that begins with itself, or a loop
// around something that may be empty, hangs or is refused, so check() looks for both, and for rules that can never end.

import { AppError } from '../../base/errors.ts'
import { type Expression, isNothing, repeat, sequence } from './expression.ts'

export const MAX_RULES = 10_000
export const MAX_GRAMMAR_CHARACTERS = 4 * 1024 * 1024

/** Copies of an item in one {m,n}; more are counted in chunks. */
const CHUNK = 64

export class GrammarWriter {
  readonly #expressions = new Map<string, Expression>()
  readonly #texts = new Map<string, string>()
  readonly #namesByText = new Map<string, string>()
  /** What the next rule with this hint is numbered with. */
  readonly #counts = new Map<string, number>()
  #characters = 0

  /** The name of a rule for the expression; equal expressions share one. The hint is for the reader of the grammar. */
  define(hint: string, expression: Expression): Expression {
    if (expression.kind === 'rule' || expression.kind === 'text' || isNothing(expression)) return expression
    const printed = this.#print(expression)
    const known = this.#namesByText.get(printed)
    if (known !== undefined) return { kind: 'rule', name: known }
    const name = this.reserve(hint)
    this.#store(name, expression, printed)
    return { kind: 'rule', name }
  }

  /** A name for a rule that is defined later with complete(): rules may refer to one another. */
  reserve(hint: string): string {
    const base =
      hint
        .replace(/[^a-zA-Z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '')
        .slice(0, 40) || 'rule'
    let count = this.#counts.get(base) ?? 1
    let name = count === 1 ? base : `${base}-${count}`
    // A name that ends in a number may stand there already.
    while (this.#expressions.has(name)) name = `${base}-${++count}`
    this.#counts.set(base, count + 1)
    this.#expressions.set(name, { kind: 'choice', items: [] })
    if (this.#expressions.size > MAX_RULES) throw tooLarge()
    return name
  }

  complete(name: string, expression: Expression): void {
    this.#store(name, expression, this.#print(expression))
  }

  /** Rules that no text fulfils, and rules that begin with themselves. */
  findBroken(): { name: string; problem: 'endless' | 'left-recursive' } | undefined {
    const productive = this.#fixpoint(isProductive)
    for (const name of this.#expressions.keys()) if (!productive.has(name)) return { name, problem: 'endless' }
    const loop = this.#findLeftRecursion()
    return loop === undefined ? undefined : { name: loop, problem: 'left-recursive' }
  }

  toText(): string {
    return [...this.#texts].map(([name, printed]) => `${name} ::= ${printed}\n`).join('')
  }

  #store(name: string, expression: Expression, printed: string): void {
    this.#expressions.set(name, expression)
    this.#texts.set(name, printed)
    this.#namesByText.set(printed, name)
    this.#characters += printed.length
    if (this.#characters > MAX_GRAMMAR_CHARACTERS) throw tooLarge()
  }

  #print(expression: Expression): string {
    switch (expression.kind) {
      case 'text':
        return printText(expression.text)
      case 'set':
        return printSet(expression.ranges)
      case 'rule':
        return expression.name
      case 'sequence':
        return expression.items.map((item) => this.#printPart(item)).join(' ')
      case 'choice':
        return expression.items.map((item) => (item.kind === 'choice' ? this.#printPart(item) : this.#print(item))).join(' | ')
      case 'repeat':
        return this.#printRepeat(expression.item, expression.min, expression.max)
    }
  }

  #printPart(item: Expression): string {
    return item.kind === 'choice' || item.kind === 'sequence' ? `(${this.#print(item)})` : this.#print(item)
  }

  #printRepeat(item: Expression, min: number, max: number | undefined): string {
    if (max === undefined && min <= 1) return `${this.#printAtom(item)}${min === 0 ? '*' : '+'}`
    if (min === 0 && max === 1) return `${this.#printAtom(item)}?`
    const counted = item.kind === 'set' ? item : this.define('item', item)
    if (max === undefined) return `${this.#printCount(counted, min)} ${this.#print(counted)}*`
    if (max <= CHUNK * 2) return `${this.#print(counted)}{${min === max ? min : `${min},${max}`}}`
    return [min > 0 ? this.#printCount(counted, min) : '', max > min ? this.#printUpTo(counted, max - min) : ''].filter(Boolean).join(' ')
  }

  /** Exactly so many. */
  #printCount(item: Expression, count: number): string {
    if (count <= CHUNK * 2) return `${this.#print(item)}{${count}}`
    const chunk = this.define('chunk', repeat(item, CHUNK, CHUNK))
    return this.#print(
      sequence(repeat(chunk, Math.floor(count / CHUNK), Math.floor(count / CHUNK)), repeat(item, count % CHUNK, count % CHUNK)),
    )
  }

  /** Any number up to `count`: whole chunks, then a rest that may be as long as a chunk and what is left over. */
  #printUpTo(item: Expression, count: number): string {
    if (count <= CHUNK * 2) return `${this.#print(item)}{0,${count}}`
    const chunk = this.define('chunk', repeat(item, CHUNK, CHUNK))
    const chunks = Math.floor(count / CHUNK) - 1
    return this.#print(sequence(repeat(chunk, 0, chunks), repeat(item, 0, count - chunks * CHUNK)))
  }

  #printAtom(item: Expression): string {
    const isAtom = item.kind === 'set' || item.kind === 'rule' || (item.kind === 'text' && item.text.length === 1)
    if (isAtom) return this.#print(item)
    // llama.cpp counts the rules inside a group: one with counts in it becomes a rule.
    const printed = this.#print(item)
    return printed.includes('{') ? this.#print(this.define('group', item)) : `(${printed})`
  }

  #fixpoint(holds: (expression: Expression, names: ReadonlySet<string>) => boolean): Set<string> {
    const names = new Set<string>()
    let size: number
    do {
      size = names.size
      for (const [name, expression] of this.#expressions) if (!names.has(name) && holds(expression, names)) names.add(name)
    } while (names.size > size)
    return names
  }

  /** Walks from rule to the rules that it may begin with; a rule that is met while it is still open begins with itself. */
  #findLeftRecursion(): string | undefined {
    const nullable = this.#fixpoint(isNullable)
    const states = new Map<string, 'open' | 'done'>()
    const waiting = [...this.#expressions.keys()].map((name) => ({ name, isLeaving: false }))
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { name, isLeaving } = next
      if (isLeaving) states.set(name, 'done')
      else if (!states.has(name)) {
        states.set(name, 'open')
        waiting.push({ name, isLeaving: true })
        for (const first of firstRules(this.#expressions.get(name), nullable)) {
          if (states.get(first) === 'open') return first
          if (!states.has(first)) waiting.push({ name: first, isLeaving: false })
        }
      }
    }
    return undefined
  }
}

function tooLarge(): AppError {
  return new AppError('invalid_format', 'the JSON schema is too large for a grammar')
}

function isProductive(expression: Expression, productive: ReadonlySet<string>): boolean {
  switch (expression.kind) {
    case 'text':
    case 'set':
      return true
    case 'rule':
      return productive.has(expression.name)
    case 'sequence':
      return expression.items.every((item) => isProductive(item, productive))
    case 'choice':
      return expression.items.some((item) => isProductive(item, productive))
    case 'repeat':
      return expression.min === 0 || isProductive(expression.item, productive)
  }
}

function isNullable(expression: Expression, nullable: ReadonlySet<string>): boolean {
  switch (expression.kind) {
    case 'text':
      return expression.text === ''
    case 'set':
      return false
    case 'rule':
      return nullable.has(expression.name)
    case 'sequence':
      return expression.items.every((item) => isNullable(item, nullable))
    case 'choice':
      return expression.items.some((item) => isNullable(item, nullable))
    case 'repeat':
      return expression.min === 0 || isNullable(expression.item, nullable)
  }
}

/** The rules that a text of the expression may begin with. */
function firstRules(expression: Expression | undefined, nullable: ReadonlySet<string>): string[] {
  switch (expression?.kind) {
    case 'rule':
      return [expression.name]
    case 'choice':
      return expression.items.flatMap((item) => firstRules(item, nullable))
    case 'repeat':
      return firstRules(expression.item, nullable)
    case 'sequence': {
      const last = expression.items.findIndex((item) => !isNullable(item, nullable))
      return expression.items.slice(0, last < 0 ? undefined : last + 1).flatMap((item) => firstRules(item, nullable))
    }
    default:
      return []
  }
}

function printText(value: string): string {
  return `"${[...value].map((character) => (character === '"' || character === '\\' ? `\\${character}` : printCharacter(character))).join('')}"`
}

function printSet(ranges: readonly (readonly [number, number])[]): string {
  return `[${ranges.map(([from, to]) => (from === to ? printInSet(from) : `${printInSet(from)}-${printInSet(to)}`)).join('')}]`
}

function printInSet(codePoint: number): string {
  const character = String.fromCodePoint(codePoint)
  return /[A-Za-z0-9_ .,:+/]/.test(character) ? character : escapeCodePoint(codePoint)
}

function printCharacter(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0
  return codePoint < 0x20 || codePoint === 0x7f || (codePoint >= 0xd800 && codePoint <= 0xdfff) ? escapeCodePoint(codePoint) : character
}

function escapeCodePoint(codePoint: number): string {
  const hex = codePoint.toString(16).toUpperCase()
  if (codePoint <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return codePoint <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
