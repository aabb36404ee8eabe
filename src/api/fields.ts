// What the fields of a request are, in one small language: each field decodes a JSON value, knows its zero value and its JSON Schema.
// A wrong type is said as Go says it, which needs the name of the Go type and the path to the field; why not zod: docs/decisions/0006.

import { AppError } from '../base/errors.ts'
import { isRecord } from '../base/json.ts'
import { type JsonSchema, nullable } from './json-schema.ts'

/** Where a value stands in the body. */
export interface Place {
  /** Name of the Go struct that an error names. */
  struct: string
  /** Dotted path of keys below the root; empty at the root. */
  path: string
  /** Below a type that decodes itself, errors keep the name of the struct above it. */
  sealed?: boolean
  /** The body, for the spelling of a number that JavaScript cannot hold. */
  text: string
  /** Gets the paths of keys that no struct has. */
  unused?: Set<string>
}

export interface Field<T> {
  /** What null means inside a list or a map. */
  readonly zero: T
  readonly schema: JsonSchema
  /** `value` is never null. Throws `invalid_request`. */
  decode(value: unknown, place: Place): T
}

export type Fields = Readonly<Record<string, Field<unknown>>>
export type Decoded<F extends Fields> = { [K in keyof F]?: F[K] extends Field<infer T> ? T : never }

export interface Struct<F extends Fields> extends Field<Decoded<F>> {
  readonly goType: string
  readonly fields: F
}

export interface StructOptions {
  /** The type decodes itself (Go's UnmarshalJSON) under this name. */
  decodesItselfAs?: string
  /** `api` unless told. */
  goPackage?: string
  /** How Go writes the type where it has no name there: errors of its fields name none either. */
  goLiteral?: string
}

/** An object with these fields: keys in any case, unknown ones ignored, null ones absent. */
export function struct<F extends Fields>(
  name: string,
  fields: F,
  { decodesItselfAs, goPackage = 'api', goLiteral }: StructOptions = {},
): Struct<F> {
  const goType = goLiteral ?? `${goPackage}.${decodesItselfAs ?? name}`
  const goName = goLiteral === undefined ? name : ''
  const keys = new Map(Object.keys(fields).map((key) => [key.toLowerCase(), key]))
  return {
    goType,
    fields,
    zero: {},
    schema: {
      title: `${goPackage}.${name}`,
      type: 'object',
      properties: Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, nullable(field.schema)])),
    },
    decode(value, place) {
      if (!isRecord(value)) throw wrongType(value, place, goType)
      const sealed = place.sealed === true || decodesItselfAs !== undefined
      const result: Record<string, unknown> = {}
      for (const [sent, item] of Object.entries(value)) {
        const key = keys.get(sent.toLowerCase())
        if (item === null) continue
        if (key === undefined) {
          place.unused?.add(joinPath(place.path, sent))
          continue
        }
        const inner = {
          ...place,
          struct: sealed && place.path !== '' ? place.struct : goName,
          path: joinPath(place.path, key),
          sealed,
        }
        result[key] = fields[key]?.decode(item, inner)
      }
      return result as Decoded<F>
    },
  }
}

export const text: Field<string> = scalar('string', '', { type: 'string' }, (value) => typeof value === 'string')
export const number: Field<number> = {
  zero: 0,
  schema: { type: 'number', format: 'double' },
  decode(value, place) {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw wrongType(value, place, 'float64')
    return value
  },
}
/** wire: Go names the size that it reads into. */
export const singleNumber: Field<number> = {
  zero: 0,
  schema: { type: 'number', format: 'float' },
  decode(value, place) {
    if (typeof value !== 'number') throw wrongType(value, place, 'float32')
    if (!Number.isFinite(Math.fround(value))) throw wrongType(value, place, 'float32', true)
    return value
  },
}
export const flag: Field<boolean> = scalar('bool', false, { type: 'boolean' }, (value) => typeof value === 'boolean')

/** Any JSON value; a number beyond a double is refused. */
export const anything: Field<unknown> = {
  zero: null,
  schema: {},
  decode(value, place) {
    if (holdsInfinity(value)) throw wrongType(Number.POSITIVE_INFINITY, place, 'float64')
    return value
  },
}

/** The same field under a schema that says more: for values that are looked at later, and for words about a field. */
export function described<T>(field: Field<T>, schema: JsonSchema): Field<T> {
  return { ...field, schema }
}

/** Any JSON value, kept as it is and looked at later. */
export const rawJson: Field<unknown> = { zero: null, schema: {}, decode: (value) => value }

export const integer: Field<number> = {
  zero: 0,
  schema: { type: 'integer', format: 'int64' },
  decode(value, place) {
    if (typeof value !== 'number') throw wrongType(value, place, 'int')
    if (!Number.isInteger(value) || Math.abs(value) >= 2 ** 63) throw wrongType(value, place, 'int', true)
    return value
  },
}

/** A JSON object with values of any kind. */
export const record: Field<Record<string, unknown>> = {
  zero: {},
  schema: { type: 'object' },
  decode(value, place) {
    if (!isRecord(value)) throw wrongType(value, place, 'map[string]interface {}')
    anything.decode(value, place)
    return value
  },
}

export const textMap: Field<Record<string, string>> = {
  zero: {},
  schema: { type: 'object', additionalProperties: { type: ['string', 'null'] } },
  decode(value, place) {
    if (!isRecord(value)) throw wrongType(value, place, 'map[string]string')
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, item === null ? '' : text.decode(item, place)]))
  },
}

/** `goType` is the type of the whole list; some of Go's slices name their element where a scalar stands. */
export function list<T>(item: Field<T>, goType: string): Field<T[]> {
  return {
    zero: [],
    schema: { type: 'array', items: nullable(item.schema) },
    decode(value, place) {
      if (!Array.isArray(value)) throw wrongType(value, place, goType)
      return value.map((element) => (element === null ? item.zero : item.decode(element, place)))
    },
  }
}

/** `spelled`: the number itself belongs into the message. */
export function wrongType(value: unknown, place: Place, goType: string, spelled = false): AppError {
  const kind = kindOf(value)
  // Go tries to read a number only where it wants one.
  const isSpelled = kind === 'number' && (spelled || (!Number.isFinite(value) && /^(?:float|int)/.test(goType)))
  const what = isSpelled ? `number ${spell(Number(value), place)}` : kind
  const where = place.path === '' ? 'Go value' : `Go struct field ${place.struct}.${place.path}`
  return new AppError('invalid_request', `json: cannot unmarshal ${what} into ${where} of type ${goType}`, {
    details: { param: place.path },
  })
}

export function joinPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function scalar<T>(goType: string, zero: T, schema: JsonSchema, accepts: (value: unknown) => boolean): Field<T> {
  return {
    zero,
    schema,
    decode(value, place) {
      if (!accepts(value)) throw wrongType(value, place, goType)
      return value as T
    },
  }
}

export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

/** As the body has it: JavaScript keeps neither all digits nor what is beyond a double. */
function spell(value: number, place: Place): string {
  for (const [literal] of place.text.matchAll(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)) {
    if (Number.isFinite(value) ? Number(literal) === value : !Number.isFinite(Number(literal))) return literal
  }
  return String(value)
}

/** A number beyond a double, which JavaScript reads as infinite and cannot write. */
export function holdsInfinity(root: unknown): boolean {
  const pending = [root]
  while (pending.length > 0) {
    const value = pending.pop()
    if (typeof value === 'number' && !Number.isFinite(value)) return true
    if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) pending.push(item)
  }
  return false
}
