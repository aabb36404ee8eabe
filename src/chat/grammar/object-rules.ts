// Objects of a schema: the properties in their order, each once, then further ones where they are allowed.

import { choice, type Expression, isNothing, nothing, optional, repeat, sequence, set, subtractRanges, text } from './expression.ts'
import { PLAIN_CHARACTERS } from './json-rules.ts'
import { isSchema, readCount, readProperties, readRequired, type Schema, typesOf } from './schema.ts'
import { childPath, schemaError } from './schema-error.ts'
import type { SchemaReader } from './schema-reader.ts'

interface Member {
  pair: Expression
  isRequired: boolean
}

export function readObject(schema: Schema, path: string, reader: SchemaReader): Expression {
  const { json, writer } = reader
  if (isSchema(schema.unevaluatedProperties))
    throw schemaError(childPath(path, 'unevaluatedProperties'), 'unevaluatedProperties is not supported')
  const required = readRequired(schema, path)
  const properties = withRequired(readProperties(schema, path), required, schema)
  if (properties.length > 0 && schema.propertyNames !== undefined && schema.propertyNames !== true)
    throw schemaError(childPath(path, 'propertyNames'), 'propertyNames beside properties is not supported')
  const hasFurther = isOpen(schema)
  const min = readCount(schema, 'minProperties', path) ?? 0
  const max = readCount(schema, 'maxProperties', path)
  if (
    properties.length === 0 &&
    hasFurther &&
    isAny(schema.additionalProperties) &&
    schema.propertyNames === undefined &&
    min === 0 &&
    max === undefined
  ) {
    return json.object
  }
  const members = properties.map(([name, property]): Member => {
    const value = writer.define(name, reader.read(property, childPath(path, 'properties', name)))
    const isRequired = required.includes(name)
    return { pair: writer.define(`${name}-kv`, sequence(JSON.stringify(name), json.space, ':', json.space, value)), isRequired }
  })
  if (members.some(({ pair, isRequired }) => isRequired && isNothing(pair))) return nothing
  const present = members.filter(({ pair }) => !isNothing(pair))
  const further = hasFurther ? readFurther(schema, path, reader) : nothing
  checkCounts({ min, max }, present, !isNothing(further), path)
  return json.braces(join(present, further, { min, max }, reader))
}

/** A required name without a schema of its own is one more property, of any value or of what further ones may be. */
function withRequired(properties: [string, unknown][], required: readonly string[], schema: Schema): [string, unknown][] {
  const names = new Set(properties.map(([name]) => name))
  const further = schema.additionalProperties ?? schema.unevaluatedProperties !== false
  return [...properties, ...required.filter((name) => !names.has(name)).map((name): [string, unknown] => [name, further])]
}

function isOpen(schema: Schema): boolean {
  const { additionalProperties } = schema
  if (additionalProperties !== undefined) return additionalProperties !== false
  // An object without a word about properties is any object.
  return schema.properties === undefined && schema.unevaluatedProperties !== false
}

function isAny(value: unknown): boolean {
  return value === undefined || value === true || (isSchema(value) && Object.keys(value).length === 0)
}

/** Refuses counts that do not hold by themselves and that a grammar cannot keep. */
function checkCounts(
  { min, max }: { min: number; max: number | undefined },
  members: readonly Member[],
  hasFurther: boolean,
  path: string,
): void {
  const least = members.filter((member) => member.isRequired).length
  // Two further properties may have the same key, and are one then: more than one cannot be promised.
  const isCountable = least === 0 && min === 1 && (members.length > 0 || hasFurther)
  if (min > least && !isCountable)
    throw schemaError(childPath(path, 'minProperties'), 'minProperties beside these properties is not supported')
  if (max !== undefined && (hasFurther ? members.length > 0 : members.length > max)) {
    throw schemaError(childPath(path, 'maxProperties'), 'maxProperties beside these properties is not supported')
  }
}

/** A further property: a key that no declared property has, and its value. */
function readFurther(schema: Schema, path: string, reader: SchemaReader): Expression {
  const { json, writer } = reader
  const names = readProperties(schema, path).map(([name]) => name)
  const value = reader.read(schema.additionalProperties ?? true, childPath(path, 'additionalProperties'))
  return writer.define(
    'further-kv',
    sequence(writer.define('key', readKey(schema, path, names, reader)), ':', json.space, writer.define('further', value)),
  )
}

function readKey(schema: Schema, path: string, names: readonly string[], reader: SchemaReader): Expression {
  const taken = [...new Set([...names, ...readRequired(schema, path)])]
  const { propertyNames } = schema
  if (propertyNames === undefined || propertyNames === true) return taken.length === 0 ? reader.json.string : stringExcept(taken, reader)
  const place = childPath(path, 'propertyNames')
  if (!isSchema(propertyNames)) return nothing
  const isText = typesOf(propertyNames, place)?.every((type) => type === 'string')
  return reader.read(isText ? propertyNames : { allOf: [propertyNames, { type: 'string' }] }, place)
}

function join(
  members: readonly Member[],
  further: Expression,
  { min, max }: { min: number; max: number | undefined },
  reader: SchemaReader,
): Expression {
  const { comma } = reader.json
  const anyFurther = (least: number, most: number | undefined) =>
    repeat(reader.writer.define('more', sequence(comma, further)), least, most)
  if (members.length === 0) {
    if (isNothing(further) || max === 0) return min > 0 ? nothing : text('')
    const list = sequence(further, anyFurther(0, max === undefined ? undefined : max - 1))
    return min === 0 ? repeat(list, 0, 1) : list
  }
  const first = members.findIndex((member) => member.isRequired)
  if (first >= 0) {
    const parts = members.map(({ pair, isRequired }, index) => {
      if (index < first) return optional(pair, comma)
      if (index === first) return pair
      return isRequired ? sequence(comma, pair) : optional(comma, pair)
    })
    return sequence(...parts, isNothing(further) ? '' : anyFurther(0, undefined))
  }
  return joinOptional(members, further, min, reader)
}

/** Any of the members may be the first; what may follow each is a rule of its own, so that the grammar grows with them and not with their square. */
function joinOptional(members: readonly Member[], further: Expression, min: number, reader: SchemaReader): Expression {
  const { comma } = reader.json
  let rest: Expression = isNothing(further) ? text('') : repeat(reader.writer.define('more', sequence(comma, further)), 0, undefined)
  const starts: Expression[] = isNothing(further) ? [] : [sequence(further, rest)]
  for (const { pair } of members.toReversed()) {
    starts.unshift(sequence(pair, rest))
    rest = reader.writer.define('rest', sequence(optional(comma, pair), rest))
  }
  return min > 0 ? choice(...starts) : repeat(choice(...starts), 0, 1)
}

/** A JSON string that is none of the names: a tree of their characters, left at the first one that differs. */
function stringExcept(names: readonly string[], reader: SchemaReader): Expression {
  const units = names.map(
    (name) =>
      JSON.stringify(name)
        .slice(1, -1)
        .match(/\\u[0-9a-fA-F]{4}|\\.|[\s\S]/gu) ?? [],
  )
  return sequence('"', contentExcept(units, reader), '"')
}

function contentExcept(names: readonly (readonly string[])[], reader: SchemaReader): Expression {
  const { character } = reader.json
  const firsts = [...new Set(names.map((name) => name[0]).filter((unit) => unit !== undefined))]
  const branches = firsts.map((unit) => {
    const rests = names.filter((name) => name[0] === unit).map((name) => name.slice(1))
    return sequence(unit, contentExcept(rests, reader))
  })
  const others = sequence(characterExcept(firsts), repeat(character, 0, undefined))
  const isName = names.some((name) => name.length === 0)
  return isName ? choice(...branches, others) : repeat(choice(...branches, others), 0, 1)
}

/** One character, in the shortest way to write it: \u could write a character that is left out. */
function characterExcept(units: readonly string[]): Expression {
  const points = units.filter((unit) => !unit.startsWith('\\')).map((unit) => unit.codePointAt(0) ?? 0)
  const ranges = subtractRanges(
    PLAIN_CHARACTERS,
    points.map((point) => [point, point]),
  )
  const escapes = ['"', '\\', 'b', 'f', 'n', 'r', 't'].filter((letter) => !units.includes(`\\${letter}`))
  return choice({ kind: 'set', ranges }, escapes.length > 0 ? sequence('\\', set(...escapes)) : nothing)
}
