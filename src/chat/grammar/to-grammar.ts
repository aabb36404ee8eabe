// `format` of a request -> the grammar that the runner's sampler obeys.

import { type Expression, isNothing } from './expression.ts'
import { GrammarWriter } from './grammar-writer.ts'
import { JsonRules } from './json-rules.ts'
import { isSchema } from './schema.ts'
import { schemaError } from './schema-error.ts'
import { SchemaReader } from './schema-reader.ts'

export type GrammarFormat = { type: 'json' } | { type: 'schema'; schema: unknown }

/** Throws `invalid_format` for a schema that no grammar expresses; details.path is the place in it. */
export function toGrammar(format: GrammarFormat): string {
  const writer = new GrammarWriter()
  const root = writer.reserve('root')
  const { expression, reader } = readFormat(format, writer, new JsonRules(writer))
  writer.complete(root, expression)
  refuseBroken(writer, reader)
  return writer.toText()
}

/** A format as a part of a larger grammar. */
export function readFormat(
  format: GrammarFormat,
  writer: GrammarWriter,
  json: JsonRules,
): { expression: Expression; reader: SchemaReader } {
  const reader = new SchemaReader(rootOf(format), writer, json)
  const expression = reader.read(reader.root, '#')
  if (isNothing(expression)) throw schemaError('#', 'no value is allowed')
  return { expression, reader }
}

export function refuseBroken(writer: GrammarWriter, reader?: SchemaReader): void {
  const broken = writer.findBroken()
  if (!broken) return
  const reason =
    broken.problem === 'endless'
      ? 'a value would have to contain itself without end'
      : 'a reference to itself without content is not supported'
  throw schemaError(reader?.pathOfRule(broken.name) ?? '#', reason)
}

// wire: an empty schema means any object, as "json" does.
function rootOf(format: GrammarFormat): unknown {
  if (format.type === 'json') return { type: 'object' }
  return isSchema(format.schema) && Object.keys(format.schema).length === 0 ? { type: 'object' } : format.schema
}
