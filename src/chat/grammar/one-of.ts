// oneOf means "exactly one". A grammar can only say "one of them", which is the same where no value can be two of them: that must be seen here, or
// the schema is refused.

import { isSchema, readProperties, readRequired, resolveReference, type Schema, typesOf } from './schema.ts'

/** The first two alternatives that may overlap. Objects are closed, as they are generated. */
export function findOverlap(alternatives: readonly unknown[], root: unknown, path: string): [number, number] | undefined {
  for (let second = 1; second < alternatives.length; second++) {
    for (let first = 0; first < second; first++) {
      if (!areDisjoint(deref(alternatives[first], root, path), deref(alternatives[second], root, path), { root, path }))
        return [first, second]
    }
  }
  return undefined
}

interface Context {
  root: unknown
  path: string
}

function areDisjoint(a: Schema | undefined, b: Schema | undefined, context: Context): boolean {
  if (!a || !b) return false
  const [first, second] = [valuesOf(a), valuesOf(b)]
  if (first && second) return !first.some((value) => second.includes(value))
  const [typesA, typesB] = [kindsOf(a, context.path), kindsOf(b, context.path)]
  if (!typesA || !typesB) return false
  const shared = [...typesA.filter((type) => allows(b, type, typesB)), ...typesB.filter((type) => allows(a, type, typesA))]
  const haveObjects = typesA.includes('object') && typesB.includes('object')
  return shared.every((type) => type === 'object' && haveObjects && areDisjointObjects(a, b, context))
}

/** A schema without a type is written as the types whose keywords it has, but by the standard it allows every other type. */
function allows(schema: Schema, type: string, types: readonly string[]): boolean {
  return types.includes(type) || (schema.type === undefined && valuesOf(schema) === undefined)
}

/** One closed object lacks what the other requires, both ways; or a shared property tells them apart. */
function areDisjointObjects(a: Schema, b: Schema, context: Context): boolean {
  const [propertiesA, propertiesB] = [new Map(readProperties(a, context.path)), new Map(readProperties(b, context.path))]
  const [requiredA, requiredB] = [readRequired(a, context.path), readRequired(b, context.path)]
  const isClosed = (schema: Schema) => schema.additionalProperties === undefined || schema.additionalProperties === false
  const lacks = (schema: Schema, properties: ReadonlyMap<string, unknown>, required: readonly string[], other: readonly string[]) => {
    return isClosed(schema) && other.some((name) => !properties.has(name) && !required.includes(name))
  }
  if (lacks(a, propertiesA, requiredA, requiredB) && lacks(b, propertiesB, requiredB, requiredA)) return true
  return requiredA
    .filter((name) => requiredB.includes(name))
    .some((name) =>
      areDisjoint(
        deref(propertiesA.get(name), context.root, context.path),
        deref(propertiesB.get(name), context.root, context.path),
        context,
      ),
    )
}

function valuesOf(schema: Schema): string[] | undefined {
  if (schema.const !== undefined) return [JSON.stringify(schema.const)]
  return Array.isArray(schema.enum) ? schema.enum.map((value) => JSON.stringify(value)) : undefined
}

function kindsOf(schema: Schema, path: string): string[] | undefined {
  const values = valuesOf(schema)?.map((value) => kindOfValue(JSON.parse(value)))
  return values ?? typesOf(schema, path)?.map((type) => (type === 'integer' ? 'number' : type))
}

function kindOfValue(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

/** A plain schema behind references; undefined for what would have to be combined first. */
function deref(value: unknown, root: unknown, path: string): Schema | undefined {
  let schema = value
  for (let steps = 0; steps < 16 && isSchema(schema) && schema.$ref !== undefined; steps++)
    schema = resolveReference(root, schema.$ref, path)
  const isPlain =
    isSchema(schema) &&
    schema.nullable !== true &&
    ['$ref', 'allOf', 'anyOf', 'oneOf'].every((keyword) => (schema as Schema)[keyword] === undefined)
  return isPlain ? (schema as Schema) : undefined
}
