// What a document says of a route beside its path: the fields it takes, from the table that decodes them, and what it answers.

import type { Fields, Struct } from '../api/fields.ts'
import type { Method } from './kernel/route.ts'
import type { Fates } from './request-fields.ts'
import type { Schema } from './schema.ts'

export interface Operation {
  summary: string
  takes?: RequestDocument
  /** Names and meanings of query parameters. */
  query?: Readonly<Record<string, string>>
  gives: Readonly<Record<number, ReplyDocument>>
}

export interface RequestDocument {
  struct?: Struct<Fields>
  required?: readonly string[]
  fates?: Fates
  /** The body is a file. */
  isFile?: boolean
  /** The body is a form with these fields, of which `file` is a file. */
  form?: Readonly<Record<string, string>>
  /** Requests that work and say nothing may come without a body. */
  isOptional?: boolean
}

/** An answer without a body says so with no schema at all. */
export interface ReplyDocument {
  about: string
  json?: Schema
  text?: true
  /** One record of a stream. */
  ndjson?: Schema
  /** The data of one event of a stream. */
  sse?: Schema
  /** The data of its last event, where that is no JSON. */
  sseEnd?: string
  headers?: Readonly<Record<string, string>>
}

export type Operations = Readonly<Record<`${Method} ${string}`, Operation>>

export interface DialectDocument {
  tag: string
  about: string
  operations: Operations
  /** The body of an answer that is an error. */
  error: Schema
  /** Statuses of errors, with what they mean. */
  statuses: Readonly<Record<string, number>>
}
