// What the endpoints that run a model share.

import type { Clock } from '../../base/clock.ts'
import { AppError, toAppError } from '../../base/errors.ts'
import { SILENCE_BEFORE_STATUS_MS, withSigns } from '../keep-alive.ts'
import type { ReplyHeaders, SseEvent, SseReply } from '../kernel/reply.ts'
import { type Endpoint, RUN_STAGE, streamFailure } from './errors.ts'

/** wire: what fails once a request has been decoded is said without a charset. */
export async function runStage<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (thrown) {
    const error = toAppError(thrown)
    throw new AppError(error.code, error.message, { cause: error.cause ?? error, details: { ...error.details, stage: RUN_STAGE } })
  }
}

interface StreamContext {
  clock: Pick<Clock, 'after'>
  headers: ReplyHeaders | undefined
}

/** A stream that begins when the model does, or when that takes so long that somebody might take it for dead. */
export function streamReply(events: AsyncIterable<SseEvent>, endpoint: Endpoint, { clock, headers }: StreamContext): SseReply {
  return {
    kind: 'sse',
    events: withSigns<SseEvent>(events, () => ({ comment: 'keep-alive' }), clock, SILENCE_BEFORE_STATUS_MS),
    failure: streamFailure(endpoint),
    ...(headers ? { headers } : {}),
  }
}
