// The functions that a template may call: Go's own, and Ollama's json, currentDate, yesterdayDate, toTypeScriptType.
// and, or stop early and are part of exec.ts; they stand here for their names and arities.

import { AppError } from '../base/errors.ts'
import { formatText, printAll, printValue } from './format.ts'
import { compareText, GoValue, isTrue, itemsOf, type Kind, kindOf, memberOf, toJsonText, typeNameOf, type Value } from './value.ts'

export interface FunctionContext {
  nowMs: () => number
}

export interface TemplateFunction {
  least: number
  /** Absent: any number. */
  most?: number
  /** The first argument must be text. */
  firstIsText?: boolean
  call: (values: readonly Value[], context: FunctionContext) => Value
}

/** What a function refuses; exec.ts adds the place. */
export class FunctionError extends Error {}

const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  and: { least: 1, call: (values) => values.at(-1) },
  or: { least: 1, call: (values) => values.at(-1) },
  not: { least: 1, most: 1, call: ([value]) => !isTrue(value) },
  eq: { least: 1, call: (values) => isEqualToAny(values) },
  ne: { least: 2, most: 2, call: (values) => !isEqualToAny(values) },
  lt: { least: 2, most: 2, call: ([a, b]) => isLess(a, b) },
  le: { least: 2, most: 2, call: ([a, b]) => isLess(a, b) || isEqualToAny([a, b]) },
  gt: { least: 2, most: 2, call: ([a, b]) => !(isLess(a, b) || isEqualToAny([a, b])) },
  ge: { least: 2, most: 2, call: ([a, b]) => !isLess(a, b) },
  len: { least: 1, most: 1, call: ([value]) => length(value) },
  index: { least: 1, call: ([value, ...indexes]) => index(value, indexes) },
  slice: { least: 1, call: ([value, ...indexes]) => slice(value, indexes) },
  print: { least: 0, call: printAll },
  printf: { least: 1, firstIsText: true, call: ([format, ...values]) => formatText(String(format), values) },
  println: { least: 0, call: (values) => `${values.map(printValue).join(' ')}\n` },
  html: { least: 0, call: (values) => escapeHtml(printArguments(values)) },
  js: { least: 0, call: (values) => escapeJs(printArguments(values)) },
  urlquery: { least: 0, call: (values) => escapeQuery(printArguments(values)) },
  call: { least: 1, call: ([value]) => refuseCall(value) },
  json: { least: 1, most: 1, call: ([value]) => toJsonText(value) },
  currentDate: { least: 0, call: (_, context) => formatDate(context.nowMs(), 0) },
  yesterdayDate: { least: 0, call: (_, context) => formatDate(context.nowMs(), -1) },
  toTypeScriptType: { least: 1, most: 1, call: ([value]) => toTypeScriptType(value) },
}

export function isFunctionName(name: string): boolean {
  return Object.hasOwn(FUNCTIONS, name)
}

export function findFunction(name: string): TemplateFunction | undefined {
  return isFunctionName(name) ? FUNCTIONS[name] : undefined
}

function isEqualToAny([first, ...others]: readonly Value[]): boolean {
  if (others.length === 0) throw new FunctionError('missing argument for comparison')
  return others.some((other) => isEqual(first, other))
}

function isEqual(a: Value, b: Value): boolean {
  const [aKind, bKind] = [basicKindOf(a), basicKindOf(b)]
  const isAbsent = (value: Value): boolean => value === undefined || value === null
  if (aKind === 'other' && bKind === 'other') {
    if (isAbsent(a) || isAbsent(b)) return isNil(a) === isNil(b)
    throw new FunctionError(`non-comparable type ${printValue(b)}: ${typeNameOf(b)}`)
  }
  if (aKind === bKind) return a === b
  if (isAbsent(a) || isAbsent(b)) return false
  throw new FunctionError(`incompatible types for comparison: ${typeNameOf(a)} and ${typeNameOf(b)}`)
}

function isNil(value: Value): boolean {
  return value === undefined || value === null || (value instanceof GoValue && value.isNil)
}

function isLess(a: Value, b: Value): boolean {
  const [aKind, bKind] = [basicKindOf(a), basicKindOf(b)]
  if (aKind === 'other' || bKind === 'other') throw new FunctionError('invalid type for comparison')
  if (aKind !== bKind) throw new FunctionError(`incompatible types for comparison: ${typeNameOf(a)} and ${typeNameOf(b)}`)
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b) < 0
  if ((typeof a === 'bigint' || typeof a === 'number') && (typeof b === 'bigint' || typeof b === 'number')) return a < b
  throw new FunctionError('invalid type for comparison')
}

function basicKindOf(value: Value): Kind | 'other' {
  const kind = kindOf(value)
  return kind === 'bool' || kind === 'int' || kind === 'float' || kind === 'string' ? kind : 'other'
}

/** Of text: its bytes. */
function length(value: Value): bigint {
  if (typeof value === 'string') return BigInt(Buffer.byteLength(value))
  const items = itemsOf(value)
  if (items) return BigInt(items.length)
  if (kindOf(value) === 'map') return BigInt(Object.keys(value instanceof GoValue ? value.content : (value as object)).length)
  if (kindOf(value) === 'invalid') throw new FunctionError('len of nil pointer')
  throw new FunctionError(`len of type ${typeNameOf(value)}`)
}

function index(value: Value, indexes: readonly Value[]): Value {
  if (value === undefined || value === null) throw new FunctionError('index of untyped nil')
  let item: Value = value
  for (const position of indexes) {
    if (item === undefined || item === null) throw new FunctionError('index of nil pointer')
    if (kindOf(item) === 'map') {
      if (typeof position !== 'string') throw new FunctionError(`value has type ${typeNameOf(position)}; should be string`)
      item = memberOf(item, position)?.value ?? null
      continue
    }
    const items: readonly Value[] | undefined = typeof item === 'string' ? Array.from(Buffer.from(item), BigInt) : itemsOf(item)
    if (!items) throw new FunctionError(`can't index item of type ${typeNameOf(item)}`)
    item = items[toIndex(position, items.length - 1)]
  }
  return item
}

function slice(value: Value, indexes: readonly Value[]): Value {
  if (value === undefined || value === null) throw new FunctionError('slice of untyped nil')
  if (indexes.length > 3) throw new FunctionError(`too many slice indexes: ${indexes.length}`)
  const source = typeof value === 'string' ? Buffer.from(value) : itemsOf(value)
  if (!source) throw new FunctionError(`can't slice item of type ${typeNameOf(value)}`)
  if (typeof value === 'string' && indexes.length === 3) throw new FunctionError('cannot 3-index slice a string')
  const positions = indexes.map((position) => toIndex(position, source.length))
  const [from = 0, to = source.length, capacity = source.length] = positions
  if (from > to) throw new FunctionError(`invalid slice index: ${from} > ${to}`)
  if (to > capacity) throw new FunctionError(`invalid slice index: ${to} > ${capacity}`)
  return Buffer.isBuffer(source) ? source.subarray(from, to).toString('utf8') : source.slice(from, to)
}

function toIndex(position: Value, most: number): number {
  if (position === undefined || position === null) throw new FunctionError('cannot index slice/array with nil')
  if (typeof position !== 'bigint') throw new FunctionError(`cannot index slice/array with type ${typeNameOf(position)}`)
  if (position < 0n || position > BigInt(most)) throw new FunctionError(`index out of range: ${position}`)
  return Number(position)
}

function printArguments(values: readonly Value[]): string {
  return printAll(values.map((value) => value ?? '<no value>'))
}

function escapeHtml(text: string): string {
  const escapes: Readonly<Record<string, string>> = {
    '"': '&#34;',
    "'": '&#39;',
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '\0': '\uFFFD',
  }
  return text.replace(/["'&<>\0]/g, (character) => escapes[character] ?? character)
}

function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=\x00-\x1f]|[^\x00-\x7f]/gu, (character) => {
    if (character === '\\' || character === "'" || character === '"') return `\\${character}`
    const code = character.codePointAt(0) ?? 0
    if (code >= 0x80 && !/[\p{C}\p{Z}]/u.test(character)) return character
    return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
  })
}

function escapeQuery(text: string): string {
  const escaped = encodeURIComponent(Buffer.from(text).toString('utf8'))
  return escaped.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll('%20', '+')
}

function refuseCall(value: Value): never {
  if (value === undefined || value === null) throw new FunctionError('call of nil')
  throw new FunctionError(`non-function of type ${typeNameOf(value)}`)
}

/** The local day, as YYYY-MM-DD. */
function formatDate(nowMs: number, days: number): string {
  const date = new Date(nowMs)
  date.setDate(date.getDate() + days)
  const two = (part: number): string => String(part).padStart(2, '0')
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

const TYPESCRIPT_TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  array: 'any[]',
  object: 'Record<string, any>',
  null: 'null',
}

/** Of a property of a tool (a struct with AnyOf and Type); anything else is `any`. */
function toTypeScriptType(value: Value, depth = 0): string {
  if (depth > 100) throw new AppError('template_error', 'template: anyOf nests too deep')
  if (kindOf(value) !== 'struct') return 'any'
  const options = itemsOf(memberOf(value, 'AnyOf')?.value) ?? []
  if (options.length > 0) return options.map((option) => toTypeScriptType(option, depth + 1)).join(' | ')
  const types = itemsOf(memberOf(value, 'Type')?.value) ?? []
  if (types.length === 0) return 'any'
  return types.map((type) => (typeof type === 'string' && TYPESCRIPT_TYPES[type]) || 'any').join(' | ')
}
