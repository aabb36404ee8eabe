// A response as events, in OpenAI's order: created and in progress before the first token, then the items as they grow, and one last event that says
// how it ended. Every event has the next number; a failure is an event like the others.

import type { Clock } from '../../base/clock.ts'
import { type ChatEvent, isWritten } from '../../chat/event.ts'
import { cutShort } from '../cut-short.ts'
import { withSigns } from '../keep-alive.ts'
import type { SseEvent, SseReply } from '../kernel/reply.ts'
import { streamFailure } from './errors.ts'
import { endResponse, failResponse, type ResponseBody } from './responses-body.ts'
import { ResponseOutput } from './responses-output.ts'
import type { FinishEvent } from './usage.ts'

export interface ResponseRun {
  begun: ResponseBody
  events: AsyncIterable<ChatEvent>
  clock: Pick<Clock, 'nowMs' | 'after'>
  /** The response has ended, whole. */
  keep(body: ResponseBody, output: ResponseOutput): void
}

/** Throws what the run throws. */
export async function foldResponse({ begun, events, clock, keep }: ResponseRun): Promise<ResponseBody> {
  const output = new ResponseOutput()
  const finish = await drain(events, output)
  const body = endResponse(begun, output.items, finish, clock.nowMs())
  keep(body, output)
  return body
}

export function streamResponse(run: ResponseRun, headers: SseReply['headers']): SseReply {
  const output = new ResponseOutput()
  let number = 0
  const numbered = (event: { type: string; [field: string]: unknown }): SseEvent => {
    const { type, ...fields } = event
    return { event: type, json: { type, sequence_number: number++, ...fields } }
  }
  return {
    kind: 'sse',
    events: withSigns<SseEvent>(toEvents(run, output, numbered), () => ({ comment: 'keep-alive' }), run.clock),
    failure: {
      early: streamFailure('responses').early,
      late: (error) => [numbered({ type: 'response.failed', response: failResponse(run.begun, output.items, error) })],
    },
    ...(headers ? { headers } : {}),
  }
}

type Numbered = (event: { type: string; [field: string]: unknown }) => SseEvent

async function* toEvents(
  { begun, events, clock, keep }: ResponseRun,
  output: ResponseOutput,
  numbered: Numbered,
): AsyncGenerator<SseEvent> {
  const source = events[Symbol.asyncIterator]()
  try {
    yield numbered({ type: 'response.created', response: begun })
    yield numbered({ type: 'response.in_progress', response: begun })
    let finish: FinishEvent | undefined
    let isOver = false
    for (let item = await source.next(); !item.done; item = await source.next()) {
      const event = item.value
      if (isWritten(event)) for (const one of output.push(event)) yield numbered(one)
      if (event.type === 'finish') finish = event
      isOver ||= !isWritten(event)
    }
    if (!isOver) throw cutShort()
    for (const one of output.end(isCut(finish) ? 'incomplete' : 'completed')) yield numbered(one)
    const body = endResponse(begun, output.items, finish, clock.nowMs())
    keep(body, output)
    yield numbered({ type: `response.${body.status}`, response: body })
  } finally {
    // Also where the client left before the first event was asked for: the runner is kept for these events.
    await source.return?.()
  }
}

async function drain(events: AsyncIterable<ChatEvent>, output: ResponseOutput): Promise<FinishEvent | undefined> {
  let finish: FinishEvent | undefined
  let isOver = false
  for await (const event of events) {
    if (isWritten(event)) for (const _event of output.push(event));
    if (event.type === 'finish') finish = event
    isOver ||= !isWritten(event)
  }
  if (!isOver) throw cutShort()
  for (const _event of output.end(isCut(finish) ? 'incomplete' : 'completed'));
  return finish
}

function isCut(finish: FinishEvent | undefined): boolean {
  return finish !== undefined && finish.reason !== 'stop'
}
