// JSON Schemas of replies, written beside the types they describe: a key that a type has and its schema lacks, or that one of them calls optional
// alone, is an error of the compiler.

import type { JsonSchema } from '../api/json-schema.ts'

export type Schema = JsonSchema & { readonly optional?: never }
interface Optional {
  readonly optional: Schema
}

/** A schema for each key; those that may be absent are marked. */
export type Shape<T> = { [K in keyof T]-?: object extends Pick<T, K> ? Optional : Schema }
type AnyShape = Readonly<Record<string, Optional | Schema>>

export const text: Schema = { type: 'string' }
export const whole: Schema = { type: 'integer' }
export const number: Schema = { type: 'number' }
export const flag: Schema = { type: 'boolean' }
export const nothing: Schema = { type: 'null' }
export const anything: Schema = {}
export const anyObject: Schema = { type: 'object' }
export const time: Schema = { type: 'string', format: 'date-time' }

/** With a title of the form `dialect.Name` it stands once among the components of a document. */
export function object<T>(title: string | undefined, shape: Shape<T>): Schema {
  return looseObject(title, shape)
}

/** An object that has no type of its own, so that nothing but tests holds the two together. */
export function looseObject(title: string | undefined, shape: AnyShape): Schema {
  const entries = Object.entries(shape)
  const required = entries.filter(([, value]) => !isOptional(value)).map(([key]) => key)
  return {
    ...(title === undefined ? {} : { title }),
    type: 'object',
    properties: Object.fromEntries(entries.map(([key, value]) => [key, isOptional(value) ? value.optional : value])),
    ...(required.length > 0 ? { required } : {}),
  }
}

export function optional(schema: Schema): Optional {
  return { optional: schema }
}

export function list(items: Schema): Schema {
  return { type: 'array', items }
}

export function map(values: Schema): Schema {
  return { type: 'object', additionalProperties: values }
}

export function oneOf(...words: readonly unknown[]): Schema {
  return { enum: words }
}

export function either(...schemas: readonly Schema[]): Schema {
  return { anyOf: schemas }
}

export function orNull(schema: Schema): Schema {
  return either(schema, nothing)
}

function isOptional(value: Optional | Schema): value is Optional {
  return value.optional !== undefined
}
