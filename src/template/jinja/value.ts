// Values of Jinja with Python's manners: how they print, compare and count as true. undefined is Jinja's Undefined, null is None; numbers are
// whole or not by their value, but a float that happens to be whole is a Float. Tuples are lists.

import { jinjaError } from './error.ts'

export type JinjaValue = undefined | null | boolean | number | string | Float | JinjaValue[] | JinjaMap | Namespace | JinjaFunction

export type JinjaMap = Map<JinjaValue, JinjaValue>
export type NamedValues = ReadonlyMap<string, JinjaValue>
export type JinjaFunction = (args: readonly JinjaValue[], named: NamedValues) => JinjaValue

export class Float {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

export class Namespace {
  readonly fields = new Map<string, JinjaValue>()
}

/** JSON of a client may nest deeper than the stack. */
const MAX_VALUE_DEPTH = 500

/** From plain JSON. */
export function toJinjaValue(value: unknown, depth = 0): JinjaValue {
  if (depth > MAX_VALUE_DEPTH) throw jinjaError(`a value nests deeper than ${MAX_VALUE_DEPTH} levels`)
  if (Array.isArray(value)) return value.map((item) => toJinjaValue(item, depth + 1))
  if (typeof value === 'object' && value !== null) {
    return new Map(Object.entries(value).map(([key, item]): [JinjaValue, JinjaValue] => [key, toJinjaValue(item, depth + 1)]))
  }
  return value as JinjaValue
}

export function toFloat(value: number): Float | number {
  return Number.isInteger(value) ? new Float(value) : value
}

export function isFloat(value: JinjaValue): boolean {
  return value instanceof Float || (typeof value === 'number' && !Number.isInteger(value))
}

/** Numbers and booleans as a number. */
export function toNumber(value: JinjaValue): number | undefined {
  if (typeof value === 'number') return value
  if (value instanceof Float) return value.value
  return typeof value === 'boolean' ? Number(value) : undefined
}

export function isTrue(value: JinjaValue): boolean {
  if (Array.isArray(value)) return value.length > 0
  if (value instanceof Map) return value.size > 0
  if (value instanceof Float) return value.value !== 0
  return Boolean(value)
}

export function typeNameOf(value: JinjaValue): string {
  if (value === undefined) return 'undefined'
  if (value === null) return 'none'
  if (typeof value === 'boolean' || typeof value === 'string' || typeof value === 'function') return typeof value
  if (Array.isArray(value)) return 'list'
  if (value instanceof Map) return 'dict'
  return value instanceof Namespace ? 'namespace' : isFloat(value) ? 'float' : 'integer'
}

/** str(value); Undefined is empty. */
export function toText(value: JinjaValue): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : toRepr(value, 0)
}

function toRepr(value: JinjaValue, depth: number): string {
  if (depth > MAX_VALUE_DEPTH) throw jinjaError(`a value nests deeper than ${MAX_VALUE_DEPTH} levels`)
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string') return value.includes("'") ? toJsonText(value) : `'${value}'`
  if (typeof value === 'number') return String(value)
  if (value instanceof Float) return formatFloat(value.value)
  if (Array.isArray(value)) return `[${value.map((item) => toRepr(item, depth + 1)).join(', ')}]`
  if (value instanceof Map)
    return `{${[...value].map(([key, item]) => `${toRepr(key, depth + 1)}: ${toRepr(item, depth + 1)}`).join(', ')}}`
  return value instanceof Namespace ? '<namespace>' : '<function>'
}

function formatFloat(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : String(value)
}

export interface JsonOptions {
  indent?: number
  itemSeparator?: string
  keySeparator?: string
  sortKeys?: boolean
  ensureAscii?: boolean
}

/** Python's json.dumps, without escapes for HTML. */
export function toJsonText(value: JinjaValue, options: JsonOptions = {}): string {
  const text = jsonOf(value, options, 0)
  if (!options.ensureAscii) return text
  return text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function jsonOf(value: JinjaValue, options: JsonOptions, depth: number): string {
  if (depth > MAX_VALUE_DEPTH) throw jinjaError(`a value nests deeper than ${MAX_VALUE_DEPTH} levels`)
  if (typeof value === 'boolean' || typeof value === 'number') return String(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof Float) return formatFloat(value.value)
  if (Array.isArray(value)) {
    const items = value.map((item) => jsonOf(item, options, depth + 1))
    return wrapJson('[', items, ']', { options, depth })
  }
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]): [string, JinjaValue] => [toText(key), item])
    if (options.sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    const items = entries.map(([key, item]) => JSON.stringify(key) + (options.keySeparator ?? ': ') + jsonOf(item, options, depth + 1))
    return wrapJson('{', items, '}', { options, depth })
  }
  return 'null'
}

function wrapJson(open: string, items: string[], close: string, { options, depth }: { options: JsonOptions; depth: number }): string {
  const { indent } = options
  if (indent === undefined || items.length === 0) return open + items.join(options.itemSeparator ?? ', ') + close
  const inner = `\n${' '.repeat(indent * (depth + 1))}`
  return `${open}${inner}${items.join((options.itemSeparator ?? ',') + inner)}\n${' '.repeat(indent * depth)}${close}`
}

export function isEqual(a: JinjaValue, b: JinjaValue, depth = 0): boolean {
  if (depth > MAX_VALUE_DEPTH) throw jinjaError(`a value nests deeper than ${MAX_VALUE_DEPTH} levels`)
  const [left, right] = [toNumber(a), toNumber(b)]
  if (left !== undefined && right !== undefined) return left === right
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, index) => isEqual(item, b[index], depth + 1))
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([key, item]) => b.has(key) && isEqual(item, b.get(key), depth + 1))
  }
  return a === b
}

/** -1, 0 or 1; undefined where the two have no order. */
export function compare(a: JinjaValue, b: JinjaValue): number | undefined {
  const [left, right] = [toNumber(a), toNumber(b)]
  if (left !== undefined && right !== undefined) return Math.sign(left - right)
  if (typeof a === 'string' && typeof b === 'string') return a === b ? 0 : a < b ? -1 : 1
  if (!Array.isArray(a) || !Array.isArray(b)) return undefined
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const order = compare(a[index], b[index])
    if (order !== 0) return order
  }
  return Math.sign(a.length - b.length)
}

/** Items of a list, keys of a dict, characters of a text, nothing of Undefined and None. */
export function toItems(value: JinjaValue): JinjaValue[] {
  if (Array.isArray(value)) return value
  if (value instanceof Map) return [...value.keys()]
  if (typeof value === 'string') return Array.from(value)
  if (value === undefined || value === null) return []
  throw jinjaError(`${typeNameOf(value)} is not iterable`)
}

export function contains(container: JinjaValue, item: JinjaValue): boolean {
  if (typeof container === 'string') return typeof item === 'string' && container.includes(item)
  if (Array.isArray(container)) return container.some((other) => isEqual(other, item))
  if (container instanceof Map) return container.has(item instanceof Float ? item.value : item)
  if (container === undefined) return false
  throw jinjaError(`"in" has no meaning for ${typeNameOf(container)}`)
}
