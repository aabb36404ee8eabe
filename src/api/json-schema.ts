// JSON Schemas (2020-12, as OpenAPI 3.2 has them) of what goes over the wire. A schema with a title is one that documents name: it stands once among
// their components.

export type JsonSchema = Readonly<Record<string, unknown>>

/** A field that may also be null, which means that it is absent. */
export function nullable(schema: JsonSchema): JsonSchema {
  const { type, enum: words, title } = schema
  if (title !== undefined || (type === undefined && words === undefined)) {
    return Object.keys(schema).some((key) => key !== 'description') ? { anyOf: [schema, { type: 'null' }] } : schema
  }
  const types = type === undefined ? undefined : [type, 'null'].flat()
  return { ...schema, ...(types ? { type: types } : {}), ...(Array.isArray(words) ? { enum: [...words, null] } : {}) }
}
