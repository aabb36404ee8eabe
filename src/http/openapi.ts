// The document of all dialects, OpenAPI 3.2 (the first that has words for streams): paths from the tables of operations, requests from the fields that decode them, errors from the tables
// of codes. It is made of what the server runs on, so that a field cannot be accepted without standing in it.

import type { JsonSchema } from '../api/json-schema.ts'
import { nullable } from '../api/json-schema.ts'
import { AppError } from '../base/errors.ts'
import { OPTION_TYPES } from '../model/options.ts'
import { ANTHROPIC_DOCUMENT } from './anthropic/document.ts'
import { empty, json } from './kernel/reply.ts'
import type { Route } from './kernel/route.ts'
import { NATIVE_DOCUMENT } from './native/document.ts'
import { MAINTENANCE_DOCUMENT } from './native/maintenance-document.ts'
import { OPENAI_DOCUMENT } from './openai/document.ts'
import type { DialectDocument, Operation, ReplyDocument, RequestDocument } from './operation.ts'
import type { Fates } from './request-fields.ts'

export const DOCUMENT_PATH = '/openapi.json'

export const DIALECTS: readonly DialectDocument[] = [
  NATIVE_DOCUMENT,
  OPENAI_DOCUMENT,
  ANTHROPIC_DOCUMENT,
  MAINTENANCE_DOCUMENT,
  selfDocument(),
]

/** Made when it is first asked for. */
export function createDocumentRoute(version: string): Route {
  let document: object | undefined
  return {
    method: 'GET',
    path: DOCUMENT_PATH,
    handle() {
      document ??= toOpenApi(version)
      return json(document)
    },
    fail: () => empty(500),
  }
}

export function toOpenApi(version: string): object {
  const components = new Components()
  components.add('Options', optionsSchema())
  const paths: Record<string, Record<string, unknown>> = {}
  for (const dialect of DIALECTS) {
    for (const [key, operation] of Object.entries(dialect.operations)) {
      const [method = '', path = ''] = key.split(' ')
      const template = path.replace(/[:*](\w+)/g, '{$1}')
      paths[template] = { ...paths[template], [method.toLowerCase()]: toOperation({ key, operation, dialect }, components) }
    }
  }
  return {
    openapi: '3.2.0',
    info: { title: 'Llamero', version, description: DESCRIPTION },
    servers: [{ url: 'http://127.0.0.1:11434' }],
    tags: DIALECTS.map(({ tag, about }) => ({ name: tag, description: about })),
    paths,
    components: {
      responses: Object.fromEntries(DIALECTS.flatMap((dialect) => toSharedErrors(dialect, components))),
      schemas: components.schemas,
    },
  }
}

const DESCRIPTION = [
  'A local LLM server with three dialects over one engine.',
  'Bodies are JSON whatever their Content-Type. `null` means that a field is absent. The keys of a request are read in any case.',
  'What a request says and what changes nothing in the answer is named in the header `x-llamero-warnings`.',
  'A server that has a key (`LLAMERO_API_KEY`) asks for it everywhere but at `/`: as `Authorization: Bearer` or as `x-api-key`. Otherwise it answers 401.',
].join('\n\n')

/** Schemas with a title, each once. */
class Components {
  readonly schemas: Record<string, unknown> = {}

  add(name: string, schema: JsonSchema): JsonSchema {
    const known = this.schemas[name]
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) {
      throw new AppError('internal', `two schemas have the name ${name}`)
    }
    this.schemas[name] = schema
    return { $ref: `#/components/schemas/${name}` }
  }

  /** The schema with those that have a title replaced by where they stand. */
  hoist(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map((item) => this.hoist(item))
    if (typeof schema !== 'object' || schema === null) return schema
    const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, this.hoist(value)]))
    if (typeof inner.title !== 'string') return inner
    const { title, ...rest } = inner
    return this.add(title, rest)
  }
}

interface Described {
  key: string
  operation: Operation
  dialect: DialectDocument
}

function toOperation({ key, operation, dialect }: Described, components: Components): object {
  const { summary, takes, query = {}, gives } = operation
  const isHead = key.startsWith('HEAD ')
  const inPath = [...key.matchAll(/[:*](\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
  const inQuery = Object.entries(query).map(([name, description]) => ({ name, in: 'query', description, schema: { type: 'string' } }))
  const parameters = [...inPath, ...inQuery]
  const warnings = takes?.struct ? { 'x-llamero-warnings': 'Names of fields that changed nothing.' } : {}
  const replies = Object.entries(gives).map(([status, reply]) => [
    status,
    toReply({ ...reply, headers: { ...reply.headers, ...warnings } }, components),
  ])
  return {
    operationId: key.replace(/\W+/g, '_'),
    tags: [dialect.tag],
    summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(takes ? { requestBody: toRequestBody(takes, components) } : {}),
    responses: { ...Object.fromEntries(replies), ...toErrors(dialect.tag, isHead) },
  }
}

function toRequestBody(
  { struct, required = [], fates = {}, isFile = false, form, isOptional = false }: RequestDocument,
  components: Components,
) {
  if (form) return { required: true, content: { 'multipart/form-data': { schema: toFormSchema(form, required) } } }
  if (isFile || !struct)
    return { required: true, content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } } }
  const properties = Object.fromEntries(
    // What must be there may not be null.
    Object.entries(struct.fields).map(([name, { schema }]) => [name, required.includes(name) ? schema : nullable(schema)]),
  )
  const schema = { ...struct.schema, properties: { ...properties, ...toOthers(fates) }, ...(required.length > 0 ? { required } : {}) }
  // Without a field that must be there, null is as good as an object.
  const body = required.length > 0 ? schema : nullable(schema)
  return { required: !isOptional, content: { 'application/json': { schema: components.hoist(body) } } }
}

function toFormSchema(form: Readonly<Record<string, string>>, required: readonly string[]): JsonSchema {
  const properties = Object.entries(form).map(([name, description]) => {
    return [name, { type: 'string', ...(name === 'file' ? { format: 'binary' } : {}), description }]
  })
  return { type: 'object', properties: Object.fromEntries(properties), required: [...required] }
}

/** Fields that are known and not used: what changes nothing may be sent, what would change something may not. */
function toOthers(fates: Fates): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(fates).map(([name, fate]) => {
      if (fate === 'unused') return [name, { description: 'Changes nothing, and is named in the header.' }]
      const description = `Refused: ${fate.refusal}.`
      return [name, fate.unless ? { description } : { description, type: 'null' }]
    }),
  )
}

function toReply({ about, json: body, text, ndjson, sse, sseEnd, headers = {} }: ReplyDocument, components: Components): object {
  const content = {
    ...(body ? { 'application/json': { schema: components.hoist(body) } } : {}),
    ...(text ? { 'text/plain': { schema: { type: 'string' } } } : {}),
    ...(ndjson ? { 'application/x-ndjson': { itemSchema: components.hoist(ndjson) } } : {}),
    ...(sse ? { 'text/event-stream': { itemSchema: components.hoist(toEvent(sse, sseEnd)) } } : {}),
  }
  const named = Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }])
  return {
    description: about,
    ...(named.length > 0 ? { headers: Object.fromEntries(named) } : {}),
    ...(Object.keys(content).length > 0 ? { content } : {}),
  }
}

/** The JSON of an event is text inside it. */
function toEvent(content: JsonSchema, end: string | undefined): JsonSchema {
  const json = { type: 'string', contentMediaType: 'application/json', contentSchema: content }
  const data = end === undefined ? json : { anyOf: [json, { const: end }] }
  return { type: 'object', properties: { event: { type: 'string' }, data }, required: ['data'] }
}

/** An answer to HEAD has no body. */
function toErrors(tag: string, isHead: boolean): object {
  if (isHead) return { '4XX': { description: 'The request is at fault.' }, '5XX': { description: 'The server is at fault.' } }
  return Object.fromEntries(['4XX', '5XX'].map((range) => [range, { $ref: `#/components/responses/${tag}.${range}` }]))
}

function toSharedErrors({ tag, error, statuses }: DialectDocument, components: Components): [name: string, response: object][] {
  const content = { 'application/json': { schema: components.hoist(error) } }
  return Object.entries({ '4XX': 'The request is at fault', '5XX': 'The server is at fault' }).map(([range, words]) => {
    const codes = Object.entries(statuses).filter(([, status]) => String(status).startsWith(range.charAt(0)))
    const meanings = codes.map(([code, status]) => `${status} ${code}`).join(', ')
    return [`${tag}.${range}`, { description: `${words}: ${meanings}.`, content }]
  })
}

function optionsSchema(): JsonSchema {
  const schemas = {
    integer: { type: 'number', description: 'A whole number; a fraction is cut.' },
    float32: { type: 'number' },
    boolean: { type: 'boolean' },
    array: { type: 'array', items: { type: 'string' } },
  }
  const properties = Object.entries(OPTION_TYPES).map(([name, type]) => [name, nullable(schemas[type])])
  return {
    type: 'object',
    description: 'Options of the run. Those that nobody knows are named in the header.',
    properties: Object.fromEntries(properties),
  }
}

function selfDocument(): DialectDocument {
  return {
    ...NATIVE_DOCUMENT,
    tag: 'document',
    about: 'This document.',
    operations: {
      [`GET ${DOCUMENT_PATH}`]: { summary: 'This document', gives: { 200: { about: 'OpenAPI 3.2.', json: { type: 'object' } } } },
    },
  }
}
