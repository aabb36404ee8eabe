// The reply to one call of /v1/messages, whole or as events: message_start before the first token, with the exact tokens of the prompt; pings while
// nothing else can be said; the reason and the true counts at the end.

import type { Clock } from '../../base/clock.ts'
import { type ChatEvent, isWritten } from '../../chat/event.ts'
import type { StartedChat } from '../../service/service.ts'
import { cutShort } from '../cut-short.ts'
import { createId } from '../ids.ts'
import { withSigns } from '../keep-alive.ts'
import { json, type Reply, type ReplyHeaders, type SseEvent } from '../kernel/reply.ts'
import { type DroppedBody, toDropped, truncatedHeaders } from '../truncated.ts'
import { Content, type ContentBlock, type Step } from './content.ts'
import { JSON_WITHOUT_CHARSET, streamFailure } from './errors.ts'
import type { MessagesCall } from './request.ts'

type FinishEvent = Extract<ChatEvent, { type: 'finish' }>
type StopReason = 'end_turn' | 'max_tokens' | 'stop_sequence' | 'tool_use' | 'model_context_window_exceeded'

interface UsageBody extends DroppedBody {
  input_tokens: number
  cache_creation_input_tokens: number
  cache_read_input_tokens: number
  output_tokens: number
  output_tokens_details: { thinking_tokens: number } | null
  cache_creation: null
  inference_geo: null
  server_tool_use: null
  service_tier: null
  speed: null
}

interface Ending {
  stop_reason: StopReason | null
  stop_sequence: string | null
  stop_details: null
  container: null
}

/** What only Anthropic's servers have something to say of; the clients' types require the keys. */
const NO_DETAILS = { stop_details: null, container: null } as const
const NO_SERVICE = { cache_creation: null, inference_geo: null, server_tool_use: null, service_tier: null, speed: null } as const

interface MessageBody extends Ending {
  id: string
  type: 'message'
  role: 'assistant'
  model: string
  content: readonly ContentBlock[]
  usage: UsageBody
  diagnostics: null
}

export interface ReplyContext {
  clock: Pick<Clock, 'after'>
  requestId: string
  headers: ReplyHeaders
}

export async function replyWhole(chat: StartedChat, call: MessagesCall, { headers }: ReplyContext): Promise<Reply> {
  const content = new Content(call)
  for await (const event of chat.events) {
    if (event.type === 'finish') {
      drain(content.end())
      const body = toMessage(call, { content: content.blocks, ...toEnding(event, call, content), usage: toUsage(event, call) })
      return json(body, { contentType: JSON_WITHOUT_CHARSET, headers: { ...headers, ...truncatedHeaders(body.usage) } })
    }
    if (isWritten(event)) drain(content.push(event))
  }
  throw cutShort()
}

export function replyStream(chat: StartedChat, call: MessagesCall, { clock, requestId, headers }: ReplyContext): Reply {
  const events = withSigns(toEvents(chat, call), () => ({ event: 'ping', json: { type: 'ping' } }), clock)
  return { kind: 'sse', events, headers, failure: streamFailure(requestId) }
}

async function* toEvents(chat: StartedChat, call: MessagesCall): AsyncGenerator<SseEvent> {
  const usage: UsageBody = {
    input_tokens: chat.promptTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 0,
    output_tokens_details: null,
    ...NO_SERVICE,
  }
  const message = toMessage(call, { content: [], stop_reason: null, stop_sequence: null, ...NO_DETAILS, usage })
  const content = new Content(call)
  let finished = false
  const source = chat.events[Symbol.asyncIterator]()
  try {
    yield toSse({ type: 'message_start', message })
    for (let item = await source.next(); !item.done; item = await source.next()) {
      const event = item.value
      if (isWritten(event)) yield* toStepEvents(content.push(event))
      if (event.type !== 'finish') continue
      finished = true
      yield* toStepEvents(content.end())
      yield toSse({ type: 'message_delta', delta: toEnding(event, call, content), usage: toUsage(event, call) })
    }
  } finally {
    // Also where the client left before the first event was asked for: the runner is kept for these events.
    await source.return?.()
  }
  if (!finished) throw cutShort()
  yield toSse({ type: 'message_stop' })
}

function* toStepEvents(steps: Iterable<Step>): Iterable<SseEvent> {
  for (const step of steps) yield toSse(step.type === 'content_block_stop' ? { type: step.type, index: step.index } : step)
}

function toSse<T extends { type: string }>(data: T): SseEvent {
  return { event: data.type, json: data }
}

function toMessage({ request }: MessagesCall, { content, usage, ...ending }: Ending & Pick<MessageBody, 'content' | 'usage'>): MessageBody {
  return { id: createId('msg_'), type: 'message', role: 'assistant', model: request.model, content, ...ending, usage, diagnostics: null }
}

/** A stop string of the Modelfile is the model's own way to end; only the client's is told. */
function toEnding({ reason, stopSequence, timings }: FinishEvent, call: MessagesCall, { blocks, endsInCutCall }: Content): Ending {
  const ended = (stop_reason: StopReason): Ending => ({ stop_reason, stop_sequence: null, ...NO_DETAILS })
  if (reason === 'stop') {
    if (blocks.some(({ type }) => type === 'tool_use')) return ended('tool_use')
    const isAsked = stopSequence !== undefined && call.stopSequences.includes(stopSequence)
    return isAsked ? { stop_reason: 'stop_sequence', stop_sequence: stopSequence, ...NO_DETAILS } : ended('end_turn')
  }
  if (reason === 'repetition' || isForced(call)) return ended('max_tokens')
  if (blocks.at(-1)?.type === 'tool_use' && !endsInCutCall) return ended('tool_use')
  return ended(timings.evalTokens < call.maxTokens ? 'model_context_window_exceeded' : 'max_tokens')
}

/** Calls that must be made are brought to an end shortly before the limit. */
function isForced({ request: { toolChoice } }: MessagesCall): boolean {
  return toolChoice === 'required' || typeof toolChoice === 'object'
}

/** Every prompt is cached as it comes, and nothing is billed: cached tokens are told apart where the client marked what it wants cached. */
function toUsage({ timings, thinkingTokens = 0, truncation }: FinishEvent, { countsCache }: MessagesCall): UsageBody {
  const cached = countsCache ? timings.cachedTokens : 0
  return {
    input_tokens: timings.promptTokens - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    output_tokens: timings.evalTokens,
    output_tokens_details: { thinking_tokens: thinkingTokens },
    ...NO_SERVICE,
    ...toDropped(truncation),
  }
}

function drain(steps: Iterable<Step>): void {
  for (const _step of steps);
}
