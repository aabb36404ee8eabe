// What generate and chat share: the way from the wire's fields to the domain's, and from a sequence of events to one object or a stream of them.
// The stream ends with a record that says `done` or with one that says `error`, always.

import type { Decoded } from '../../api/fields.ts'
import type { completionFields } from '../../api/run-fields.ts'
import { AppError, type ErrorCode, toAppError } from '../../base/errors.ts'
import { isRecord } from '../../base/json.ts'
import type { ChatEvent } from '../../chat/event.ts'
import type { CompletionFields, OutputFormat, UnknownFormat } from '../../service/service.ts'
import { cutShort } from '../cut-short.ts'
import { json, type Reply } from '../kernel/reply.ts'
import { peek } from '../peek.ts'
import { TRUNCATED } from '../truncated.ts'
import { type Endpoint, JSON_WITHOUT_CHARSET, streamFailure, toErrorReply } from './errors.ts'
import type { FinishEvent } from './metrics.ts'
import { present } from './wire.ts'

type SingleEvent = Extract<ChatEvent, { type: 'loaded' | 'unloaded' | 'rendered' }>
type CutEvent = Extract<ChatEvent, { type: 'cut' }>
export type DeltaEvent = Exclude<ChatEvent, SingleEvent | CutEvent | FinishEvent>

/** Events as one endpoint's objects. */
export interface Projection {
  endpoint: Endpoint
  /** Load, unload and a rendered prompt are one object, also where a stream was asked for. */
  single(event: SingleEvent): object
  /** Undefined where there is nothing to say. */
  delta(event: DeltaEvent): object | undefined
  finish(event: FinishEvent): object
  /** All of it as one object. */
  fold(deltas: readonly DeltaEvent[], finish: FinishEvent): object
}

const MAX_TOP_LOGPROBS = 20
/** wire: these come from the run, where a streaming request has already lost the charset. */
const RUN_STAGE: readonly ErrorCode[] = ['invalid_format', 'context_exceeded', 'engine_error', 'runner_crashed']

/** Throws `invalid_request`. */
export function toCompletionFields(wire: Decoded<typeof completionFields>): CompletionFields {
  const topLogprobs = wire.top_logprobs ?? 0
  if (topLogprobs < 0 || topLogprobs > MAX_TOP_LOGPROBS)
    throw new AppError('invalid_request', `top_logprobs must be between 0 and ${MAX_TOP_LOGPROBS}`)
  return {
    model: wire.model ?? '',
    ...present({
      options: wire.options,
      keepAliveNs: wire.keep_alive,
      format: toOutputFormat(wire.format),
      think: wire.think,
      truncate: wire.truncate,
      shift: wire.shift,
      topLogprobs: wire.logprobs ? topLogprobs : undefined,
      debugRenderOnly: wire._debug_render_only,
    }),
    tellsCut: true,
  }
}

/** Resolves when the first event is there; what fails before is thrown and gets a status of its own. */
export async function replyWithEvents(events: AsyncIterable<ChatEvent>, projection: Projection, streams: boolean): Promise<Reply> {
  try {
    const { first, all } = await peek(events)
    if (first && isSingle(first)) {
      await all.return?.()
      return json(projection.single(first))
    }
    if (!streams) return await fold(all, projection)
    const headers = first?.type === 'cut' ? { headers: TRUNCATED } : {}
    return { kind: 'ndjson', records: toRecords(all, projection), failure: streamFailure(projection.endpoint), ...headers }
  } catch (thrown) {
    const error = toAppError(thrown)
    if (streams && RUN_STAGE.includes(error.code)) return toErrorReply(error, projection.endpoint, JSON_WITHOUT_CHARSET)
    throw error
  }
}

function toOutputFormat(value: unknown): OutputFormat | UnknownFormat | undefined {
  if (value === undefined || value === '') return undefined
  if (value === 'json') return { type: 'json' }
  return isRecord(value) ? { type: 'schema', schema: value } : { type: 'unknown', sent: JSON.stringify(value) }
}

async function* toRecords(events: AsyncIterable<ChatEvent>, projection: Projection): AsyncGenerator<object> {
  let finished = false
  for await (const event of events) {
    finished ||= event.type === 'finish'
    const record = project(event, projection)
    if (record) yield record
  }
  if (!finished) throw cutShort()
}

async function fold(events: AsyncIterable<ChatEvent>, projection: Projection): Promise<Reply> {
  const deltas: DeltaEvent[] = []
  for await (const event of events) {
    if (event.type === 'finish') {
      const body = projection.fold(deltas, event)
      return json(body, 'truncated' in body ? { headers: TRUNCATED } : {})
    }
    if (!isSingle(event) && event.type !== 'cut') deltas.push(event)
  }
  throw cutShort()
}

function project(event: ChatEvent, projection: Projection): object | undefined {
  if (event.type === 'finish') return projection.finish(event)
  if (event.type === 'cut') return undefined
  return isSingle(event) ? projection.single(event) : projection.delta(event)
}

function isSingle(event: ChatEvent): event is SingleEvent {
  return event.type === 'loaded' || event.type === 'unloaded' || event.type === 'rendered'
}
