// One schema that means what two mean together (allOf, and keywords beside anyOf or $ref). `false` stands for "no value".
//
// Merging sees keywords only: a reference must have been resolved. Two patterns or two formats cannot be merged and are refused.

import {
  isSchema,
  readAlternatives,
  readCount,
  readNumber,
  readProperties,
  readRequired,
  type Schema,
  type SchemaType,
  typesOf,
} from './schema.ts'
import { childPath, schemaError } from './schema-error.ts'

/** anyOf times anyOf. */
const MAX_ALTERNATIVES = 256

export function mergeSchemas(a: Schema, b: Schema, path: string): Schema | false {
  const types = mergeTypes(a, b, path)
  const values = mergeValues(a, b)
  if (types?.length === 0 || values?.length === 0) return false
  const merged: Record<string, unknown> = { ...a, ...b, ...mergeObjects(a, b, path), ...mergeArrays(a, b), ...mergeBounds(a, b, path) }
  const alternatives = mergeAlternatives(a, b, path)
  delete merged.const
  if (types) merged.type = types
  if (values) merged.enum = values
  if (alternatives) merged.anyOf = alternatives
  for (const keyword of ['pattern', 'format', 'oneOf', 'multipleOf'] as const) {
    if (a[keyword] !== undefined && b[keyword] !== undefined && JSON.stringify(a[keyword]) !== JSON.stringify(b[keyword])) {
      throw schemaError(childPath(path, keyword), `two different ${keyword} for one value are not supported`)
    }
  }
  return merged
}

function mergeTypes(a: Schema, b: Schema, path: string): SchemaType[] | undefined {
  const [first, second] = [a.type === undefined ? undefined : typesOf(a, path), b.type === undefined ? undefined : typesOf(b, path)]
  if (!first || !second) return first || second ? [...(first ?? second ?? [])] : undefined
  const both = first.filter((type) => second.includes(type) || (type === 'integer' && second.includes('number')))
  const integer: SchemaType[] = first.includes('number') && second.includes('integer') && !both.includes('integer') ? ['integer'] : []
  return [...both, ...integer]
}

/** `enum` and `const` are lists of values; the merged list has what is in both. */
function mergeValues(a: Schema, b: Schema): unknown[] | undefined {
  const lists = [a, b].flatMap((schema) => [
    ...(schema.const === undefined ? [] : [[schema.const]]),
    ...(Array.isArray(schema.enum) ? [schema.enum] : []),
  ])
  const [first, ...others] = lists
  return first?.filter((value) => others.every((list) => list.some((item) => JSON.stringify(item) === JSON.stringify(value))))
}

function mergeObjects(a: Schema, b: Schema, path: string): Schema {
  const [first, second] = [new Map(readProperties(a, path)), new Map(readProperties(b, path))]
  const names = new Set([...first.keys(), ...second.keys()])
  const properties = [...names].map((name) => {
    const parts = [schemaOf(name, first, a), schemaOf(name, second, b)].filter((part) => part !== undefined && part !== true)
    return [name, parts.length === 1 ? parts[0] : { allOf: parts.length === 0 ? [{}] : parts }] as const
  })
  const additional = bothOf(a.additionalProperties, b.additionalProperties)
  return {
    ...(names.size > 0 ? { properties: Object.fromEntries(properties) } : {}),
    ...(a.required !== undefined || b.required !== undefined
      ? { required: [...new Set([...readRequired(a, path), ...readRequired(b, path)])] }
      : {}),
    ...(additional === undefined ? {} : { additionalProperties: additional }),
    ...(a.propertyNames !== undefined && b.propertyNames !== undefined
      ? { propertyNames: { allOf: [a.propertyNames, b.propertyNames] } }
      : {}),
  }
}

/** What one schema says about a property: its own word, else its word about further ones. */
function schemaOf(name: string, properties: ReadonlyMap<string, unknown>, schema: Schema): unknown {
  return properties.has(name) ? properties.get(name) : schema.additionalProperties
}

function mergeArrays(a: Schema, b: Schema): Schema {
  const [first, second] = [prefixOf(a), prefixOf(b)]
  const prefix = Array.from({ length: Math.max(first.length, second.length) }, (_, index) => {
    return bothOf(index < first.length ? first[index] : itemsOf(a), index < second.length ? second[index] : itemsOf(b)) ?? {}
  })
  const items = bothOf(itemsOf(a), itemsOf(b))
  if (prefix.length > 0) return { prefixItems: prefix, items }
  return items === undefined ? {} : { items }
}

function prefixOf(schema: Schema): readonly unknown[] {
  if (Array.isArray(schema.prefixItems)) return schema.prefixItems
  return Array.isArray(schema.items) ? schema.items : []
}

function itemsOf(schema: Schema): unknown {
  return Array.isArray(schema.items) ? schema.additionalItems : schema.items
}

function bothOf(a: unknown, b: unknown): unknown {
  if (a === undefined || a === true) return b ?? a
  if (b === undefined || b === true) return a
  return a === false || b === false ? false : { allOf: [a, b] }
}

function mergeBounds(a: Schema, b: Schema, path: string): Schema {
  const merged: Record<string, number> = {}
  const keep = (keyword: string, values: (number | undefined)[], pick: (...values: number[]) => number) => {
    const given = values.filter((value) => value !== undefined)
    if (given.length > 0) merged[keyword] = pick(...given)
  }
  for (const keyword of ['minLength', 'minItems', 'minProperties'])
    keep(keyword, [readCount(a, keyword, path), readCount(b, keyword, path)], Math.max)
  for (const keyword of ['maxLength', 'maxItems', 'maxProperties'])
    keep(keyword, [readCount(a, keyword, path), readCount(b, keyword, path)], Math.min)
  for (const keyword of ['minimum', 'exclusiveMinimum'])
    keep(keyword, [readNumber(a, keyword, path), readNumber(b, keyword, path)], Math.max)
  for (const keyword of ['maximum', 'exclusiveMaximum'])
    keep(keyword, [readNumber(a, keyword, path), readNumber(b, keyword, path)], Math.min)
  return merged
}

function mergeAlternatives(a: Schema, b: Schema, path: string): unknown[] | undefined {
  const [first, second] = [readAlternatives(a, 'anyOf', path), readAlternatives(b, 'anyOf', path)]
  if (!first || !second) return undefined
  if (first.length * second.length > MAX_ALTERNATIVES) throw schemaError(childPath(path, 'anyOf'), 'too many combinations of alternatives')
  return first.flatMap((one) => second.map((other) => ({ allOf: [one, other] })))
}

/** Whether a value of `enum` or `const` fulfils the keywords beside it; undefined where that takes more than a look. */
export function isAllowed(value: unknown, schema: Schema, path: string): boolean | undefined {
  const types = schema.type === undefined ? undefined : typesOf(schema, path)
  if (types && !types.some((type) => hasType(value, type))) return false
  if (isSchema(value) || Array.isArray(value)) {
    const rest = Object.keys(schema).filter((keyword) => !['type', 'enum', 'const'].includes(keyword))
    return rest.length === 0 ? true : undefined
  }
  if (typeof value === 'number') {
    const {
      minimum = Number.NEGATIVE_INFINITY,
      maximum = Number.POSITIVE_INFINITY,
      exclusiveMinimum = Number.NEGATIVE_INFINITY,
      exclusiveMaximum = Number.POSITIVE_INFINITY,
    } = mergeBounds(schema, {}, path) as Record<string, number>
    const step = readNumber(schema, 'multipleOf', path) ?? 0
    return (
      value >= minimum &&
      value <= maximum &&
      value > exclusiveMinimum &&
      value < exclusiveMaximum &&
      (step === 0 || Number.isInteger(value / step))
    )
  }
  if (typeof value !== 'string') return true
  const length = [...value].length
  // Running a client's pattern could take for ever.
  if (schema.pattern !== undefined || schema.format !== undefined) return undefined
  return (
    length >= (readCount(schema, 'minLength', path) ?? 0) && length <= (readCount(schema, 'maxLength', path) ?? Number.POSITIVE_INFINITY)
  )
}

function hasType(value: unknown, type: SchemaType): boolean {
  if (value === null) return type === 'null'
  if (Array.isArray(value)) return type === 'array'
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}
