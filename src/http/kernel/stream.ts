// Writes a stream of records or events. The first one is awaited before the status, so that an early failure gets a status of its own; a
// later one becomes the dialect's own last record. A slow reader stops the source: nothing is taken from it before the last part has left.
// A source that does not listen to its signal cannot hold the reply: the wait ends with the signal.

import type { ServerResponse } from 'node:http'
import { type AbortRace, startAbortRace } from '../../base/abort.ts'
import { AppError, isAppError, toAppError } from '../../base/errors.ts'
import { toGoJson } from '../../base/go-json.ts'
import type { NdjsonReply, SseEvent, SseReply, StreamFailure, StreamReply } from './reply.ts'
import { type WriteContext, writeWhole } from './whole.ts'

/** Resolves with what ended the stream too early, or with undefined. Never rejects. */
export function writeStream(response: ServerResponse, reply: StreamReply, context: WriteContext): Promise<AppError | undefined> {
  return reply.kind === 'ndjson' ? writeParts(response, toNdjson(reply), context) : writeParts(response, toSse(reply), context)
}

interface Parts<T> {
  source: AsyncIterable<T>
  headers: Readonly<Record<string, string>>
  frame(part: T): string
  failure: StreamFailure<T>
}

function toNdjson({ records, headers = {}, failure }: NdjsonReply): Parts<unknown> {
  return {
    source: records,
    headers: { 'Content-Type': 'application/x-ndjson', ...headers },
    frame: (record) => `${toGoJson(record)}\n`,
    failure,
  }
}

function toSse({ events, headers = {}, failure }: SseReply): Parts<SseEvent> {
  return {
    source: events,
    headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', ...headers },
    frame: formatSseEvent,
    failure,
  }
}

function formatSseEvent(event: SseEvent): string {
  if ('comment' in event) return `: ${event.comment}\n\n`
  const data = 'json' in event ? toGoJson(event.json) : event.text
  return `${event.event === undefined ? '' : `event: ${event.event}\n`}data: ${data}\n\n`
}

async function writeParts<T>(response: ServerResponse, parts: Parts<T>, context: WriteContext): Promise<AppError | undefined> {
  const iterator = parts.source[Symbol.asyncIterator]()
  const untilAbort = startAbortRace(context.signal)
  const next = () => untilAbort.race(iterator.next())
  let started = false
  try {
    let item = await next()
    response.writeHead(200, { ...context.headers(), ...parts.headers })
    started = true
    if (item.done) response.flushHeaders()
    for (; !item.done; item = await next()) if (!hasRoomAfter(response, parts.frame(item.value))) await drained(response, untilAbort)
    response.end()
    return undefined
  } catch (thrown) {
    const error = streamError(thrown, context.signal)
    if (!started) await writeWhole(response, parts.failure.early(error), context)
    else
      endWith(
        response,
        parts.failure.late(error).map((part) => parts.frame(part)),
      )
    return error
  } finally {
    untilAbort.end()
    leave(iterator, context)
  }
}

/** Whether another part may follow at once. */
function hasRoomAfter(response: ServerResponse, text: string): boolean {
  return response.write(text) || response.destroyed
}

/** Throws `cancelled` when the client has gone. */
function drained(response: ServerResponse, untilAbort: AbortRace): Promise<void> {
  return untilAbort.race(new Promise((resolve) => response.once('drain', resolve)))
}

function endWith(response: ServerResponse, texts: readonly string[]): void {
  if (response.destroyed) return
  for (const text of texts) response.write(text)
  response.end()
}

/** The server's end outweighs the cancellation that it caused. */
export function streamError(thrown: unknown, signal: AbortSignal): AppError {
  const error = toAppError(thrown)
  return isAppError(error, 'cancelled') && signal.reason instanceof AppError ? signal.reason : error
}

/** Tells the source to clean up, without waiting: it may sit in a wait that only its own signal ends. */
function leave(iterator: AsyncIterator<unknown>, { log }: WriteContext): void {
  iterator.return?.().then(
    () => {},
    (error) => log.debug('the source of a stream failed while it was closed', { error: toAppError(error) }),
  )
}
