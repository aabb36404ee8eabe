// A JSON Schema as it was sent, and what its keywords mean to us. Unknown keywords are annotations, as the standard says; known ones that no
// grammar can express are refused wherever they stand.

import { childPath, schemaError } from './schema-error.ts'

export type Schema = Readonly<Record<string, unknown>>

export const SCHEMA_TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] as const
export type SchemaType = (typeof SCHEMA_TYPES)[number]

/** Keywords that restrict values of one type, by that type: a schema without `type` means the types whose keywords it has. */
const KEYWORDS_BY_TYPE: readonly (readonly [SchemaType, readonly string[]])[] = [
  [
    'object',
    ['properties', 'required', 'additionalProperties', 'propertyNames', 'minProperties', 'maxProperties', 'unevaluatedProperties'],
  ],
  ['array', ['items', 'prefixItems', 'additionalItems', 'minItems', 'maxItems', 'uniqueItems', 'unevaluatedItems']],
  ['string', ['minLength', 'maxLength', 'pattern']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
]

const COMBINING = ['$ref', 'allOf', 'anyOf', 'oneOf', 'type', 'enum', 'const', 'format'] as const

const REFUSED = [
  'not',
  'if',
  'then',
  'else',
  'dependentSchemas',
  'dependentRequired',
  'dependencies',
  'patternProperties',
  'contains',
  'minContains',
  'maxContains',
  '$dynamicRef',
  '$recursiveRef',
]

const ASSERTIONS: ReadonlySet<string> = new Set([...COMBINING, ...KEYWORDS_BY_TYPE.flatMap(([, keywords]) => keywords)])

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The schema without annotations, and OpenAPI's `nullable` as a type. Throws for keywords that no grammar expresses. */
export function toAssertions(schema: Schema, path: string): Schema {
  for (const keyword of REFUSED) {
    if (schema[keyword] !== undefined) throw schemaError(childPath(path, keyword), `${keyword} is not supported`)
  }
  const assertions = Object.fromEntries(Object.entries(schema).filter(([keyword, value]) => ASSERTIONS.has(keyword) && value !== undefined))
  if (schema.nullable !== true || schema.type === undefined) return assertions
  return { ...assertions, type: [...(typesOf(schema, path) ?? []), 'null'] }
}

/** Undefined where the schema has no word about types. */
export function typesOf(schema: Schema, path: string): readonly SchemaType[] | undefined {
  const { type } = schema
  if (type === undefined) {
    const implied = KEYWORDS_BY_TYPE.filter(([, keywords]) => keywords.some((keyword) => schema[keyword] !== undefined)).map(
      ([name]) => name,
    )
    if (implied.length > 0) return implied
    return typeof schema.format === 'string' ? ['string'] : undefined
  }
  const types = Array.isArray(type) ? type : [type]
  if (types.length === 0) throw schemaError(path, 'type must not be empty')
  return types.map((name) => {
    if (typeof name !== 'string') throw schemaError(path, 'type must be a string or an array of strings')
    const known = SCHEMA_TYPES.find((candidate) => candidate === name)
    if (known === undefined) throw schemaError(path, `unrecognized type ${name}`)
    return known
  })
}

export function readCount(schema: Schema, keyword: string, path: string): number | undefined {
  const value = schema[keyword]
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw schemaError(path, `${keyword} must be a non-negative integer`)
}

export function readNumber(schema: Schema, keyword: string, path: string): number | undefined {
  const value = schema[keyword]
  if (value === undefined) return undefined
  if (typeof value === 'number') return value
  throw schemaError(path, `${keyword} must be a number`)
}

/** The names in `required`, which may be absent. */
export function readRequired(schema: Schema, path: string): string[] {
  const { required } = schema
  if (required === undefined) return []
  if (Array.isArray(required) && required.every((name) => typeof name === 'string')) return [...new Set(required)]
  throw schemaError(path, 'required must be an array of strings')
}

export function readProperties(schema: Schema, path: string): [name: string, schema: unknown][] {
  const { properties } = schema
  if (properties === undefined) return []
  if (!isSchema(properties)) throw schemaError(path, 'properties must be an object')
  return Object.entries(properties)
}

export function readAlternatives(schema: Schema, keyword: 'allOf' | 'anyOf' | 'oneOf', path: string): unknown[] | undefined {
  const value = schema[keyword]
  if (value === undefined) return undefined
  if (!Array.isArray(value)) throw schemaError(childPath(path, keyword), 'must be an array of schemas')
  if (value.length === 0) throw schemaError(childPath(path, keyword), 'must not be empty')
  return value
}

/** What a reference points at: only into the same document. */
export function resolveReference(root: unknown, reference: unknown, path: string): unknown {
  if (typeof reference !== 'string') throw schemaError(path, '$ref must be a string')
  if (reference === '#') return root
  if (!reference.startsWith('#/'))
    throw schemaError(path, `unsupported $ref ${reference}, only references into the same document are supported`)
  let target: unknown = root
  for (const token of reference.slice(2).split('/')) {
    const key = decode(token).replaceAll('~1', '/').replaceAll('~0', '~')
    const isThere = typeof target === 'object' && target !== null && Object.hasOwn(target, key)
    if (!isThere) throw schemaError(path, `cannot resolve $ref ${reference}, ${key} not found`)
    target = (target as Readonly<Record<string, unknown>>)[key]
  }
  return target
}

function decode(token: string): string {
  try {
    return decodeURIComponent(token)
  } catch {
    return token
  }
}
