// Replies are data: a handler says what to answer, the kernel alone writes it. A stream brings both ways to fail: `early` while there is no status
// yet, `late` when records have been sent and only a record of the dialect's own can tell the client.

import type { AppError } from '../../base/errors.ts'

export type ReplyHeaders = Readonly<Record<string, string>>

interface Answer {
  status: number
  headers?: ReplyHeaders
}

export interface EmptyReply extends Answer {
  kind: 'empty'
}

/** Written as Go writes JSON, without a line feed at the end. */
export interface JsonReply extends Answer {
  kind: 'json'
  body: unknown
  /** `application/json; charset=utf-8` unless told. */
  contentType?: string
}

interface TextReply extends Answer {
  kind: 'text'
  text: string
  contentType: string
}

interface BytesReply extends Answer {
  kind: 'bytes'
  bytes: Uint8Array
  contentType: string
}

/** One JSON object per line. */
export interface NdjsonReply {
  kind: 'ndjson'
  records: AsyncIterable<unknown>
  headers?: ReplyHeaders
  failure: StreamFailure<unknown>
}

/** A comment is read by nobody; it says that the server lives. */
export type SseEvent = { event?: string; json: unknown } | { event?: string; text: string } | { comment: string }

export interface SseReply {
  kind: 'sse'
  events: AsyncIterable<SseEvent>
  headers?: ReplyHeaders
  failure: StreamFailure<SseEvent>
}

export interface StreamFailure<T> {
  /** Nothing was sent yet: a whole reply with a status of its own. */
  early(error: AppError): WholeReply
  /** The status was 200 long ago: what ends the stream, in order. */
  late(error: AppError): readonly T[]
}

export type WholeReply = EmptyReply | JsonReply | TextReply | BytesReply
export type StreamReply = NdjsonReply | SseReply
export type Reply = WholeReply | StreamReply

export const JSON_UTF8 = 'application/json; charset=utf-8'

export function json(body: unknown, options: { status?: number; contentType?: string; headers?: ReplyHeaders } = {}): JsonReply {
  return { kind: 'json', status: 200, body, ...options }
}

export function empty(status = 200): EmptyReply {
  return { kind: 'empty', status }
}

export function isStream(reply: Reply): reply is StreamReply {
  return reply.kind === 'ndjson' || reply.kind === 'sse'
}
