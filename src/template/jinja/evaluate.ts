// Expressions of a chat template to values, and the counters that bound a rendering. Lenient where llama.cpp is: parts of Undefined and None are
// Undefined, and in a sum with a text both count as empty.

import type { Arguments, BinaryOperator, CompareOperator, Expression, Filter } from './ast.ts'
import { type Call, MAX_TEXT_CHARACTERS } from './call.ts'
import { order, TESTS } from './conditions.ts'
import { jinjaError } from './error.ts'
import { FILTERS } from './filters.ts'
import { checkRoom, DICT_METHODS, LIST_METHODS } from './methods.ts'
import { formatPercent, TEXT_METHODS } from './text-methods.ts'
import {
  contains,
  Float,
  isEqual,
  isFloat,
  isTrue,
  type JinjaFunction,
  type JinjaValue,
  Namespace,
  toFloat,
  toItems,
  toNumber,
  toText,
  typeNameOf,
} from './value.ts'

export interface Scope {
  variables: Map<string, JinjaValue>
  parent?: Scope
}

export interface Evaluation {
  args: JinjaValue[]
  named: Map<string, JinjaValue>
}

/** Statements and expressions; long texts count too. A long history takes some hundred thousand; the limit is about a second. */
export const MAX_STEPS = 2_000_000
/** Statements and expressions inside each other, macros that call themselves included: what the stack can bear. */
export const MAX_DEPTH = 400
export const MAX_RANGE_ITEMS = 100_000

export class Evaluator {
  private steps = 0
  private characters = 0
  private depth = 0

  count(steps: number): void {
    this.steps += steps
    if (this.steps > MAX_STEPS) throw jinjaError(`it takes more than ${MAX_STEPS} steps`)
  }

  countText(text: string): string {
    this.characters += text.length
    if (this.characters > MAX_TEXT_CHARACTERS) throw jinjaError(`it makes more than ${MAX_TEXT_CHARACTERS} characters of text`)
    return text
  }

  enter(): void {
    this.depth += 1
    if (this.depth > MAX_DEPTH) throw jinjaError(`it nests deeper than ${MAX_DEPTH} levels`)
  }

  leave(): void {
    this.depth -= 1
  }

  evaluate(node: Expression, scope: Scope): JinjaValue {
    this.count(1)
    this.enter()
    const value = this.compute(node, scope)
    this.leave()
    return value
  }

  lookUp(name: string, scope: Scope): JinjaValue {
    for (let at: Scope | undefined = scope; at; at = at.parent) if (at.variables.has(name)) return at.variables.get(name)
    return Object.hasOwn(GLOBALS, name) ? GLOBALS[name] : undefined
  }

  evaluateArguments(node: Arguments, scope: Scope): Evaluation {
    const args = node.positional.flatMap(({ value, isSpread }) => {
      const item = this.evaluate(value, scope)
      return isSpread ? toItems(item) : [item]
    })
    return { args, named: new Map(node.named.map(({ name, value }) => [name, this.evaluate(value, scope)])) }
  }

  applyFilter(value: JinjaValue, filter: Filter, scope: Scope): JinjaValue {
    return this.filter(filter.name, value, this.evaluateArguments(filter.args, scope))
  }

  private compute(node: Expression, scope: Scope): JinjaValue {
    switch (node.type) {
      case 'literal':
        return node.isFloat && typeof node.value === 'number' ? toFloat(node.value) : node.value
      case 'name':
        return this.lookUp(node.name, scope)
      case 'list':
        return node.items.map((item) => this.evaluate(item, scope))
      case 'dict':
        return new Map(node.entries.map(({ key, value }) => [this.evaluate(key, scope), this.evaluate(value, scope)]))
      case 'choice':
        if (isTrue(this.evaluate(node.test, scope))) return this.evaluate(node.value, scope)
        return node.otherwise && this.evaluate(node.otherwise, scope)
      case 'and':
      case 'or': {
        const left = this.evaluate(node.left, scope)
        return isTrue(left) === (node.type === 'or') ? left : this.evaluate(node.right, scope)
      }
      case 'not':
        return !isTrue(this.evaluate(node.operand, scope))
      case 'negative':
      case 'positive':
        return this.signed(this.evaluate(node.operand, scope), node.type)
      case 'compare':
        return this.compare(node, scope)
      case 'binary':
        return this.binary(node.operator, this.evaluate(node.left, scope), this.evaluate(node.right, scope))
      case 'attribute':
        return this.member(this.evaluate(node.object, scope), node.name)
      case 'item':
        return this.item(this.evaluate(node.object, scope), this.evaluate(node.index, scope))
      case 'slice':
        return this.slice(node, scope)
      case 'invoke':
        return this.invoke(node, scope)
      case 'filtered':
        return this.applyFilter(this.evaluate(node.operand, scope), node.filter, scope)
      case 'test': {
        const value = this.evaluate(node.operand, scope)
        return this.test(node.name, value, this.evaluateArguments(node.args, scope).args) !== node.isNegated
      }
    }
  }

  private signed(value: JinjaValue, sign: 'negative' | 'positive'): JinjaValue {
    const number = toNumber(value)
    if (number === undefined) throw jinjaError(`${typeNameOf(value)} has no sign`)
    const result = sign === 'negative' ? -number : number
    return value instanceof Float ? new Float(result) : result
  }

  private compare(node: Expression & { type: 'compare' }, scope: Scope): boolean {
    let left = this.evaluate(node.first, scope)
    return node.rest.every(({ operator, value }) => {
      const right = this.evaluate(value, scope)
      const holds = compareBy(operator, left, right)
      left = right
      return holds
    })
  }

  private binary(operator: BinaryOperator, left: JinjaValue, right: JinjaValue): JinjaValue {
    if (operator === '~') return this.countText(toText(left) + toText(right))
    if (operator === '+' && (typeof left === 'string' || typeof right === 'string')) return this.countText(partText(left) + partText(right))
    if (operator === '+' && Array.isArray(left) && Array.isArray(right)) {
      checkRoom(left.length + right.length)
      this.count(left.length + right.length)
      return [...left, ...right]
    }
    if (operator === '%' && typeof left === 'string') return this.countText(formatPercent(left, Array.isArray(right) ? right : [right]))
    if (operator === '*' && typeof left === 'string') return this.repeat(left, right)
    if (operator === '*' && typeof right === 'string') return this.repeat(right, left)
    const [a, b] = [toNumber(left), toNumber(right)]
    if (a === undefined || b === undefined)
      throw jinjaError(`"${operator}" has no meaning for ${typeNameOf(left)} and ${typeNameOf(right)}`)
    const result = calculate(operator, a, b)
    return operator === '/' || isFloat(left) || isFloat(right) ? toFloat(result) : result
  }

  private repeat(text: string, times: JinjaValue): string {
    const count = Math.max(0, Math.trunc(toNumber(times) ?? 0))
    if (text.length * count > MAX_TEXT_CHARACTERS) throw jinjaError('a text is repeated too often')
    return this.countText(text.repeat(count))
  }

  /** An entry, or a method of the type. */
  private member(object: JinjaValue, name: string): JinjaValue {
    if (object instanceof Namespace) return object.fields.get(name)
    if (object instanceof Map && object.has(name)) return object.get(name)
    return this.method(object, name)
  }

  private method(object: JinjaValue, name: string): JinjaFunction | undefined {
    const bind = <T extends JinjaValue>(
      table: Readonly<Record<string, (value: T, call: Call) => JinjaValue>>,
      value: T,
    ): JinjaFunction | undefined => {
      const operation = Object.hasOwn(table, name) ? table[name] : undefined
      return (
        operation && ((args, named) => this.bounded(operation(value, this.toCall(args, named)), typeof value === 'string' ? value : ''))
      )
    }
    if (typeof object === 'string') return bind(TEXT_METHODS, object)
    if (Array.isArray(object)) return bind(LIST_METHODS, object)
    return object instanceof Map ? bind(DICT_METHODS, object) : undefined
  }

  private item(object: JinjaValue, index: JinjaValue): JinjaValue {
    if (object instanceof Map) return object.get(index instanceof Float ? index.value : index)
    if (object instanceof Namespace) return object.fields.get(toText(index))
    const number = toNumber(index)
    if (number === undefined || (!Array.isArray(object) && typeof object !== 'string')) return undefined
    if (typeof object === 'string') this.count(object.length >> 6)
    return (typeof object === 'string' ? Array.from(object) : object).at(number)
  }

  private slice(node: Expression & { type: 'slice' }, scope: Scope): JinjaValue {
    const object = this.evaluate(node.object, scope)
    const bound = (part: Expression | undefined): number | undefined => (part ? toNumber(this.evaluate(part, scope)) : undefined)
    const items = typeof object === 'string' ? Array.from(object) : toItems(object)
    this.count(items.length >> 4)
    const sliced = sliceItems(items, bound(node.from), bound(node.to), bound(node.step) ?? 1)
    return typeof object === 'string' ? sliced.join('') : sliced
  }

  private invoke(node: Expression & { type: 'invoke' }, scope: Scope): JinjaValue {
    const { args, named } = this.evaluateArguments(node.args, scope)
    let callee: JinjaValue
    if (node.callee.type === 'attribute') {
      const object = this.evaluate(node.callee.object, scope)
      callee = this.member(object, node.callee.name)
      if (typeof callee !== 'function') callee = this.method(object, node.callee.name)
    } else callee = this.evaluate(node.callee, scope)
    if (typeof callee !== 'function') throw jinjaError(`${describe(node.callee)} is not a function`)
    return callee(args, named)
  }

  private filter(name: string, value: JinjaValue, { args, named }: Evaluation): JinjaValue {
    const operation = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined
    if (operation) return this.bounded(operation(value, this.toCall(args, named)), typeof value === 'string' ? value : '')
    const method = this.method(value, name)
    if (!method) throw jinjaError(`unknown filter "${name}"`)
    return method(args, named)
  }

  private test(name: string, value: JinjaValue, args: readonly JinjaValue[]): boolean {
    const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined
    if (!test) throw jinjaError(`unknown test "${name}"`)
    return test(value, args)
  }

  private toCall(args: readonly JinjaValue[], named: ReadonlyMap<string, JinjaValue>): Call {
    return {
      args,
      named,
      filter: (name, value, filterArgs) => this.filter(name, value, { args: [...filterArgs], named: new Map() }),
      test: (name, value, testArgs) => this.test(name, value, testArgs),
    }
  }

  /** What work on texts and lists costs. */
  private bounded(result: JinjaValue, input: string): JinjaValue {
    this.count(input.length >> 6)
    if (typeof result === 'string') this.countText(result)
    if (Array.isArray(result)) {
      checkRoom(result.length)
      this.count(result.length >> 2)
    }
    return result
  }
}

const GLOBALS: Readonly<Record<string, JinjaFunction>> = {
  range: ([first, second, third]) => listRange(first, second, third),
  namespace: ([fields], named) => {
    const namespace = new Namespace()
    if (fields instanceof Map) for (const [name, value] of fields) namespace.fields.set(toText(name), value)
    for (const [name, value] of named) namespace.fields.set(name, value)
    return namespace
  },
  dict: ([entries], named) => new Map([...(entries instanceof Map ? entries : []), ...named]),
}

function listRange(first: JinjaValue, second: JinjaValue, third: JinjaValue): JinjaValue {
  const [from, to] = second === undefined ? [0, toNumber(first)] : [toNumber(first), toNumber(second)]
  const step = third === undefined ? 1 : toNumber(third)
  if (from === undefined || to === undefined || !step) throw jinjaError('range() needs numbers, and a step that is not 0')
  const length = Math.max(0, Math.ceil((to - from) / step))
  if (!(length <= MAX_RANGE_ITEMS)) throw jinjaError(`range() of more than ${MAX_RANGE_ITEMS} items`)
  return Array.from({ length }, (_, index) => from + index * step)
}

function compareBy(operator: CompareOperator, left: JinjaValue, right: JinjaValue): boolean {
  switch (operator) {
    case '==':
      return isEqual(left, right)
    case '!=':
      return !isEqual(left, right)
    case 'in':
      return contains(right, left)
    case 'not in':
      return !contains(right, left)
    case '<':
      return order(left, right) < 0
    case '<=':
      return order(left, right) <= 0
    case '>':
      return order(left, right) > 0
    case '>=':
      return order(left, right) >= 0
  }
}

function calculate(operator: BinaryOperator, a: number, b: number): number {
  if ((operator === '/' || operator === '//' || operator === '%') && b === 0) throw jinjaError('division by zero')
  switch (operator) {
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    case '//':
      return Math.floor(a / b)
    case '%':
      return a - b * Math.floor(a / b)
    case '**':
      return a ** b
    default:
      return a + b
  }
}

/** Python's x[from:to:step]. */
function sliceItems(items: readonly JinjaValue[], from: number | undefined, to: number | undefined, step: number): JinjaValue[] {
  if (step === 0) throw jinjaError('a slice with a step of 0')
  if (step === 1) return items.slice(from ?? 0, to ?? items.length)
  const limit = step > 0 ? items.length : items.length - 1
  const clamp = (index: number): number => Math.max(step > 0 ? 0 : -1, Math.min(limit, index < 0 ? index + items.length : index))
  const start = from === undefined ? (step > 0 ? 0 : items.length - 1) : clamp(from)
  const end = to === undefined ? (step > 0 ? items.length : -1) : clamp(to)
  const picked: JinjaValue[] = []
  for (let index = start; step > 0 ? index < end : index > end; index += step) picked.push(items[index])
  return picked
}

function partText(value: JinjaValue): string {
  return value === null ? '' : toText(value)
}

function describe(node: Expression): string {
  if (node.type === 'name') return `"${node.name}"`
  return node.type === 'attribute' ? `"${node.name}"` : 'a value'
}
