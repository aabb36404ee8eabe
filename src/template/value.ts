// Values as a Go template sees them. Go's types live in JavaScript ones: int = bigint, float64 = number, []byte = Uint8Array,
// map[string]any and []any = plain objects and arrays as JSON gives them. What has a Go name or prints in a way of its own is a GoValue.
// undefined = no value at all; null = an interface that holds nil: both print alike, but asking null for a field is an error.

import { AppError } from '../base/errors.ts'
import { toGoJson } from '../base/go-json.ts'

export type Value =
  | undefined
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | GoValue
  | readonly Value[]
  | { readonly [key: string]: Value }

export interface GoValueOptions {
  /** How Go names the type in errors. */
  typeName: string
  /** What printing shows; absent = Go's own form. */
  text?: () => string
  /** JSON of the value; absent = by its parts. */
  json?: () => string
  /** A nil slice or map. */
  isNil?: boolean
}

/** `struct`: content is a record of fields. `map`: a record of entries. `list`: an array. */
export class GoValue {
  readonly kind: 'struct' | 'map' | 'list'
  readonly content: readonly Value[] | { readonly [key: string]: Value }
  readonly typeName: string
  readonly text: (() => string) | undefined
  readonly json: (() => string) | undefined
  readonly isNil: boolean

  constructor(kind: GoValue['kind'], content: readonly Value[] | { readonly [key: string]: Value }, options: GoValueOptions) {
    this.kind = kind
    this.content = content
    this.typeName = options.typeName
    this.text = options.text
    this.json = options.json
    this.isNil = options.isNil ?? false
  }
}

export type Kind = 'invalid' | 'bool' | 'int' | 'float' | 'string' | 'list' | 'map' | 'struct'

/** JSON of a client may nest deeper than the stack. */
const MAX_VALUE_DEPTH = 500

export function kindOf(value: Value): Kind {
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return 'float'
    case 'string':
      return 'string'
    case 'object':
      if (value === null) return 'invalid'
      if (value instanceof GoValue) return value.kind
      return Array.isArray(value) || value instanceof Uint8Array ? 'list' : 'map'
    default:
      return 'invalid'
  }
}

export function typeNameOf(value: Value): string {
  if (value instanceof GoValue) return value.typeName
  if (value instanceof Uint8Array) return '[]uint8'
  const names = { invalid: '<nil>', bool: 'bool', int: 'int', float: 'float64', string: 'string', list: '[]interface {}', struct: 'struct' }
  const kind = kindOf(value)
  return kind === 'map' ? 'map[string]interface {}' : names[kind]
}

/** Items of a list, undefined for anything else. */
export function itemsOf(value: Value): readonly Value[] | undefined {
  if (Array.isArray(value)) return value
  if (value instanceof Uint8Array) return Array.from(value, BigInt)
  return value instanceof GoValue && value.kind === 'list' ? (value.content as readonly Value[]) : undefined
}

/** Entries of a map in Go's order, by the bytes of their keys; undefined for anything else. */
export function entriesOf(value: Value): [string, Value][] | undefined {
  if (kindOf(value) !== 'map') return undefined
  const entries: [string, Value][] = Object.entries(value instanceof GoValue ? value.content : (value as object))
  return entries.sort(([a], [b]) => compareText(a, b))
}

/** A map's entry or a struct's field; undefined = there is none. */
export function memberOf(value: Value, name: string): { value: Value } | undefined {
  const kind = kindOf(value)
  if (kind !== 'map' && kind !== 'struct') return undefined
  const content = (value instanceof GoValue ? value.content : value) as { readonly [key: string]: Value }
  return Object.hasOwn(content, name) ? { value: content[name] } : undefined
}

export function isTrue(value: Value): boolean {
  if (value === undefined || value === null) return false
  if (value instanceof Uint8Array) return value.length > 0
  if (typeof value !== 'object') return Boolean(value) || Number.isNaN(value)
  if (Array.isArray(value)) return value.length > 0
  if (value instanceof GoValue && value.kind === 'struct') return true
  return Object.keys(value instanceof GoValue ? value.content : value).length > 0
}

/** Order of UTF-8 bytes, which is not that of UTF-16 units. */
export function compareText(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** encoding/json: keys of maps sorted, < > & escaped, []byte in base64. Throws `template_error` where the value nests too deep. */
export function toJsonText(value: Value, depth = 0): string {
  if (depth > MAX_VALUE_DEPTH) throw new AppError('template_error', `template: the value nests deeper than ${MAX_VALUE_DEPTH} levels`)
  if (value === undefined || value === null) return 'null'
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object') return toGoJson(value)
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`
  if (value instanceof GoValue) {
    if (value.json) return value.json()
    if (value.isNil) return 'null'
    if (value.kind === 'struct') return toJsonObject(Object.entries(value.content), depth)
  }
  const items = itemsOf(value)
  if (items) return `[${items.map((item) => toJsonText(item, depth + 1)).join(',')}]`
  return toJsonObject(entriesOf(value) ?? [], depth)
}

function toJsonObject(entries: [string, Value][], depth: number): string {
  return `{${entries.map(([key, item]) => `${toGoJson(key)}:${toJsonText(item, depth + 1)}`).join(',')}}`
}
