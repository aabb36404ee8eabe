// Strings of a schema: by length, by pattern or by format, not by two of these unless one follows from the other.

import { type Expression, nothing, sequence } from './expression.ts'
import type { JsonRules } from './json-rules.ts'
import { PatternError, type PatternNode, parsePattern, patternLength, toExpression } from './pattern.ts'
import { readCount, type Schema } from './schema.ts'
import { childPath, schemaError } from './schema-error.ts'
import { findStringFormat, isRefusedFormat } from './string-format.ts'

interface Lengths {
  min: number
  max: number | undefined
}

export function readString(schema: Schema, path: string, json: JsonRules): Expression {
  const lengths: Lengths = { min: readCount(schema, 'minLength', path) ?? 0, max: readCount(schema, 'maxLength', path) }
  const format = readFormat(schema, path)
  if (schema.pattern !== undefined) {
    if (format) throw schemaError(childPath(path, 'pattern'), 'pattern beside format is not supported')
    return readPattern(schema.pattern, path, lengths)
  }
  if (!format) return lengths.max !== undefined && lengths.max < lengths.min ? nothing : json.stringOf(lengths.min, lengths.max)
  if (format.minLength < lengths.min) throw schemaError(childPath(path, 'minLength'), 'minLength beside this format is not supported')
  if (format.maxLength > (lengths.max ?? Number.POSITIVE_INFINITY)) {
    throw schemaError(childPath(path, 'maxLength'), `maxLength below ${format.maxLength} beside this format is not supported`)
  }
  return sequence('"', format.content, '"')
}

function readFormat(schema: Schema, path: string): ReturnType<typeof findStringFormat> {
  if (schema.format === undefined) return undefined
  if (typeof schema.format !== 'string') throw schemaError(path, 'format must be a string')
  if (isRefusedFormat(schema.format)) throw schemaError(childPath(path, 'format'), `the format ${schema.format} is not supported`)
  return findStringFormat(schema.format)
}

function readPattern(pattern: unknown, path: string, lengths: Lengths): Expression {
  if (typeof pattern !== 'string') throw schemaError(path, 'pattern must be a string')
  try {
    const node = tighten(parsePattern(pattern), lengths)
    const { min, max } = patternLength(node)
    if (min < lengths.min) throw schemaError(childPath(path, 'minLength'), 'minLength beside this pattern is not supported')
    if (max > (lengths.max ?? Number.POSITIVE_INFINITY))
      throw schemaError(childPath(path, 'maxLength'), 'maxLength beside this pattern is not supported')
    return sequence('"', toExpression(node), '"')
  } catch (error) {
    if (error instanceof PatternError) throw schemaError(childPath(path, 'pattern'), error.message)
    throw error
  }
}

/** `^[a-z]+$` with lengths is `^[a-z]{m,n}$`: the one shape in which both are common. */
function tighten(node: PatternNode, { min, max }: Lengths): PatternNode {
  if (node.kind === 'sequence' && node.items.length === 1 && node.items[0]) return tighten(node.items[0], { min, max })
  if (node.kind !== 'repeat' || node.item.kind !== 'set') return node
  const most = Math.min(node.max ?? Number.POSITIVE_INFINITY, max ?? Number.POSITIVE_INFINITY)
  const least = Math.max(node.min, min)
  return most < least ? node : { ...node, min: least, max: Number.isFinite(most) ? most : undefined }
}
