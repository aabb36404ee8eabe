// JSON Schema -> rules of a grammar. What a value may be is decided here; how it is written is decided in json-rules.ts.
//
// Objects are closed unless additionalProperties says otherwise, and properties come in the order of the schema: that is what generation needs,
// though the standard would allow more. A keyword is either expressed or refused with its path.

import { choice, type Expression, isNothing, nothing, repeat, sequence, text } from './expression.ts'
import type { GrammarWriter } from './grammar-writer.ts'
import type { JsonRules } from './json-rules.ts'
import { type Bounds, integersBetween, numbersBetween } from './number-range.ts'
import { readObject } from './object-rules.ts'
import { findOverlap } from './one-of.ts'
import {
  isSchema,
  readAlternatives,
  readCount,
  readNumber,
  resolveReference,
  type Schema,
  type SchemaType,
  toAssertions,
  typesOf,
} from './schema.ts'
import { childPath, schemaError } from './schema-error.ts'
import { isAllowed, mergeSchemas } from './schema-merge.ts'
import { readString } from './string-rules.ts'

export const MAX_SCHEMA_DEPTH = 64

export class SchemaReader {
  readonly root: unknown
  readonly writer: GrammarWriter
  readonly json: JsonRules
  readonly #references = new Map<string, Expression>()
  readonly #pathsByRule = new Map<string, string>()
  #depth = 0

  constructor(root: unknown, writer: GrammarWriter, json: JsonRules) {
    this.root = root
    this.writer = writer
    this.json = json
  }

  /** The path of the reference that a rule stands for. */
  pathOfRule(name: string): string | undefined {
    return this.#pathsByRule.get(name)
  }

  read(schema: unknown, path: string): Expression {
    if (schema === true) return this.json.value
    if (schema === false) return nothing
    if (!isSchema(schema)) throw schemaError(path, 'schema must be an object')
    if (++this.#depth > MAX_SCHEMA_DEPTH) throw schemaError(path, `a schema nested deeper than ${MAX_SCHEMA_DEPTH} is not supported`)
    const expression = this.#readAssertions(toAssertions(schema, path), path)
    this.#depth--
    return expression
  }

  #readAssertions(schema: Schema, path: string): Expression {
    const { $ref, allOf: _, anyOf, oneOf, ...rest } = schema
    if ($ref !== undefined && Object.keys(schema).length === 1) return this.#readReference($ref, path)
    if ($ref !== undefined || schema.allOf !== undefined) {
      const parts = this.#collect(schema, path, 0)
      const [only] = parts
      if (parts.length === 1 && only !== undefined) return this.read(only, path)
      const merged = this.#merge(parts, path)
      return merged === false ? nothing : this.read(merged, path)
    }
    if (anyOf !== undefined) return this.#readAlternatives('anyOf', { ...rest, ...(oneOf === undefined ? {} : { oneOf }) }, schema, path)
    if (oneOf !== undefined) return this.#readAlternatives('oneOf', rest, schema, path)
    if (schema.const !== undefined || schema.enum !== undefined) return this.#readValues(schema, path)
    const types = typesOf(schema, path)
    if (!types) return this.json.value
    return choice(...types.map((type) => this.#readType(type, schema, types.length > 1 ? childPath(path, type) : path)))
  }

  #readReference(reference: unknown, path: string): Expression {
    const target = resolveReference(this.root, reference, path)
    const key = String(reference)
    const known = this.#references.get(key)
    if (known) return known
    const name = this.writer.reserve(key.replace(/^.*\//, '') || 'root')
    const rule: Expression = { kind: 'rule', name }
    this.#references.set(key, rule)
    this.#pathsByRule.set(name, key)
    const expression = this.read(target, key)
    if (isNothing(expression)) throw schemaError(key, 'no value is allowed here')
    this.writer.complete(name, expression)
    return rule
  }

  /** The schema, its $ref and its allOf as a list of schemas that have neither, or as the one reference that it is. */
  #collect(value: unknown, path: string, depth: number): Schema[] {
    if (depth > MAX_SCHEMA_DEPTH) throw schemaError(path, 'a reference to itself without content is not supported')
    if (typeof value === 'boolean') return value ? [] : [{ enum: [] }]
    if (!isSchema(value)) throw schemaError(path, 'schema must be an object')
    const { $ref, allOf, ...own } = toAssertions(value, path)
    const members = readAlternatives(value, 'allOf', path) ?? []
    const isPlain = Object.keys(own).length > 0
    if ($ref === undefined && !isPlain && members.length === 1 && isReference(members[0])) return [members[0]]
    return [
      ...($ref === undefined ? [] : this.#collect(resolveReference(this.root, $ref, path), String($ref), depth + 1)),
      ...members
        .flatMap((member, index) => this.#collect(member, childPath(path, 'allOf', index), depth + 1))
        .flatMap((part) => this.#inline(part, path, depth)),
      ...(isPlain ? [own] : []),
    ]
  }

  #inline(schema: Schema, path: string, depth: number): Schema[] {
    return isReference(schema) ? this.#collect(resolveReference(this.root, schema.$ref, path), String(schema.$ref), depth + 1) : [schema]
  }

  #merge(parts: readonly Schema[], path: string): Schema | false {
    let merged: Schema | false = {}
    for (const part of parts) {
      if (merged === false || (Array.isArray(part.enum) && part.enum.length === 0)) return false
      merged = mergeSchemas(merged, part, path)
    }
    return merged
  }

  /** Every alternative together with what stands beside it. */
  #readAlternatives(keyword: 'anyOf' | 'oneOf', base: Schema, schema: Schema, path: string): Expression {
    const alternatives = readAlternatives(schema, keyword, path) ?? []
    if (keyword === 'oneOf') {
      const overlap = findOverlap(alternatives, this.root, path)
      if (overlap) {
        const reason = `the alternatives ${overlap[0]} and ${overlap[1]} may allow the same value; use anyOf`
        throw schemaError(childPath(path, 'oneOf'), reason)
      }
    }
    const hasBase = Object.keys(base).length > 0
    const read = alternatives.map((alternative, index) => {
      return this.read(hasBase ? { allOf: [base, alternative] } : alternative, childPath(path, keyword, index))
    })
    return choice(...read)
  }

  #readValues(schema: Schema, path: string): Expression {
    const { const: constant, enum: values } = schema
    if (values !== undefined && (!Array.isArray(values) || values.length === 0)) throw schemaError(path, 'enum must be a non-empty array')
    const list: unknown[] = constant === undefined ? (values as unknown[]) : [constant]
    const isListed = (value: unknown) => !Array.isArray(values) || values.some((item) => JSON.stringify(item) === JSON.stringify(value))
    const allowed = list.filter(isListed).filter((value) => {
      const fits = isAllowed(value, schema, path)
      if (fits === undefined) throw schemaError(path, 'enum or const beside these keywords is not supported')
      return fits
    })
    return choice(...new Set(allowed.map((value) => JSON.stringify(value))))
  }

  #readType(type: SchemaType, schema: Schema, path: string): Expression {
    switch (type) {
      case 'null':
        return text('null')
      case 'boolean':
        return this.json.boolean
      case 'integer':
      case 'number':
        return this.#readNumber(type, schema, path)
      case 'string':
        return readString(schema, path, this.json)
      case 'array':
        return this.#readArray(schema, path)
      case 'object':
        return readObject(schema, path, this)
    }
  }

  #readNumber(type: 'integer' | 'number', schema: Schema, path: string): Expression {
    const step = readNumber(schema, 'multipleOf', path)
    if (step !== undefined && !(type === 'integer' && step === 1))
      throw schemaError(childPath(path, 'multipleOf'), 'multipleOf is not supported')
    const [least, most] = schema.format === 'int32' ? [-(2 ** 31), 2 ** 31 - 1] : []
    const low = tighter(readNumber(schema, 'minimum', path) ?? least, readNumber(schema, 'exclusiveMinimum', path), 1)
    const high = tighter(readNumber(schema, 'maximum', path) ?? most, readNumber(schema, 'exclusiveMaximum', path), -1)
    const bounds: Bounds = { ...(low ? { low } : {}), ...(high ? { high } : {}) }
    if (!low && !high) return type === 'integer' ? this.json.integer : this.json.number
    if (type === 'integer') return integersBetween(bounds)
    const numbers = numbersBetween(bounds)
    if (!numbers) throw schemaError(path, 'a bound with more than 16 digits before or behind the point is not supported')
    return numbers
  }

  #readArray(schema: Schema, path: string): Expression {
    const isTuple = Array.isArray(schema.items)
    const prefix = isTuple ? schema.items : (schema.prefixItems ?? [])
    if (!Array.isArray(prefix)) throw schemaError(childPath(path, 'prefixItems'), 'prefixItems must be an array of schemas')
    const further = (isTuple ? schema.additionalItems : schema.items) ?? (schema.unevaluatedItems === false ? false : undefined)
    const min = readCount(schema, 'minItems', path) ?? 0
    const max = readCount(schema, 'maxItems', path)
    if (max !== undefined && max < min) return nothing
    if (schema.uniqueItems === true && (max === undefined || max > 1))
      throw schemaError(childPath(path, 'uniqueItems'), 'uniqueItems is not supported')
    if (isSchema(schema.unevaluatedItems)) throw schemaError(childPath(path, 'unevaluatedItems'), 'unevaluatedItems is not supported')
    if (prefix.length === 0 && further === undefined && min === 0 && max === undefined) return this.json.array
    // A tuple is closed like an object, unless it says what follows.
    const isOpen = prefix.length === 0 || (further !== undefined && further !== false) || min > prefix.length
    const item = isOpen ? this.read(further ?? true, childPath(path, 'items')) : nothing
    const heads = prefix.map((head, index) => this.read(head, childPath(path, isTuple ? 'items' : 'prefixItems', index)))
    // Not all of a tuple must be there, by the standard; what is generated has all of it, within maxItems.
    const fixed = heads.slice(0, max ?? heads.length)
    if (fixed.some(isNothing)) return nothing
    return this.json.brackets(this.#listOf(fixed, item, { min, max }))
  }

  #listOf(fixed: readonly Expression[], item: Expression, { min, max }: { min: number; max: number | undefined }): Expression {
    const named = this.writer.define('item', item)
    const further = sequence(this.json.comma, named)
    const more = (from: number): Expression => {
      const least = Math.max(0, min - from)
      const most = max === undefined ? undefined : max - from
      if (isNothing(item)) return least > 0 ? nothing : text('')
      return repeat(this.writer.define('more-items', further), least, most)
    }
    const head = sequence(...fixed.flatMap((part, index) => (index === 0 ? [part] : [this.json.comma, part])))
    if (fixed.length > 0) return max === fixed.length ? head : sequence(head, more(fixed.length))
    if (max === 0) return text('')
    const list = max === 1 ? named : sequence(named, more(1))
    return min === 0 ? repeat(list, 0, 1) : list
  }
}

function isReference(value: unknown): value is Schema {
  return isSchema(value) && typeof value.$ref === 'string' && Object.keys(value).length === 1
}

function tighter(inclusive: number | undefined, exclusive: number | undefined, direction: 1 | -1): Bounds['low'] {
  if (exclusive === undefined) return inclusive === undefined ? undefined : { value: inclusive, isExclusive: false }
  if (inclusive === undefined || (exclusive - inclusive) * direction >= 0) return { value: exclusive, isExclusive: true }
  return { value: inclusive, isExclusive: false }
}
