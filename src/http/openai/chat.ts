// `POST /v1/chat/completions`: the events of chats as one object or as a stream of chunks: deltas, the first with the role, one finish per choice, the
// usage where it was asked for, and [DONE] at the end, always.

import type { ChatEvent } from '../../chat/event.ts'
import type { ChatRequest } from '../../service/service.ts'
import { cutShort } from '../cut-short.ts'
import { json, type Reply, type SseEvent } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import { peek } from '../peek.ts'
import { decodeRequest, toWarningHeaders } from '../request-fields.ts'
import { truncatedHeaders } from '../truncated.ts'
import { CHAT_FATES, chatCompletionRequest, readTopLogprobs, toChatRequest } from './chat-request.ts'
import { type Choice, runChoices } from './choices.ts'
import type { OpenAiContext } from './context.ts'
import { JSON_WITHOUT_CHARSET } from './errors.ts'
import { createHead, type Head } from './head.ts'
import { runStage, streamReply } from './run.ts'
import { forChoice, readCount } from './run-fields.ts'
import { beginToolCallBody, type ToolCallBody, type ToolCallPiece, toToolCallBody } from './tools.ts'
import {
  type EndEvent,
  type FinishEvent,
  isEnd,
  type LogprobBody,
  type LogprobsBody,
  NO_USAGE,
  toEndReason,
  toLogprobBody,
  toLogprobsBody,
  toUsage,
  type UsageBody,
} from './usage.ts'

interface MessageBody {
  role: string
  content: string
  refusal: null
  reasoning?: string
  tool_calls?: ToolCallBody[]
}

interface Delta extends Partial<Omit<MessageBody, 'refusal' | 'tool_calls'>> {
  tool_calls?: (ToolCallBody | ToolCallPiece)[]
}

interface ChoiceBody {
  index: number
  message: MessageBody
  finish_reason: string | null
  logprobs: LogprobsBody | null
}

interface CompletionBody {
  choices: readonly ChoiceBody[]
  usage: UsageBody
  [head: string]: unknown
}

type Rendered = Extract<ChatEvent, { type: 'rendered' }>

export async function handleChat(request: HttpRequest, context: OpenAiContext): Promise<Reply> {
  const { fields, warnings } = decodeRequest(await request.readBody(), chatCompletionRequest, CHAT_FATES)
  const domain = toChatRequest(fields, warnings)
  const count = readCount(fields.n, 'n')
  const headers = toWarningHeaders(warnings)
  return runStage(async () => {
    const topLogprobs = readTopLogprobs(fields)
    const asked: ChatRequest = { ...domain, ...(topLogprobs === undefined ? {} : { topLogprobs }) }
    const events = runChoices(count, (index, signal) => context.service.chat(forChoice(asked, index), signal), request.signal)
    const begin = () => createHead('chatcmpl-', fields, context)
    if (fields.stream && !asked.debugRenderOnly) {
      const chunks = toChunks(events, { begin, count, withUsage: fields.stream_options?.include_usage === true })
      return streamReply(chunks, 'chat', { clock: context.clock, headers })
    }
    const { first, all } = await peek(events)
    const head = await begin()
    if (first?.event.type === 'rendered') {
      await all.return?.()
      return json(toRenderedBody(head, first.event), { contentType: JSON_WITHOUT_CHARSET, ...(headers ? { headers } : {}) })
    }
    const body = await fold(all, head, count)
    return json(body, { contentType: JSON_WITHOUT_CHARSET, headers: { ...headers, ...truncatedHeaders(body.usage) } })
  })
}

interface Stream {
  begin: () => Promise<Head>
  count: number
  withUsage: boolean
}

async function* toChunks(choices: AsyncIterable<Choice<ChatEvent>>, { begin, count, withUsage }: Stream): AsyncGenerator<SseEvent> {
  let head: Head | undefined
  const chunk = (fields: object): SseEvent => {
    const { id, created, model, ...rest } = head as Head
    return { json: { id, object: 'chat.completion.chunk', created, model, ...rest, ...fields } }
  }
  const begun = new Set<number>()
  /** wire: the first delta of a choice has the role, beside whatever else it says. */
  const withRole = (index: number, delta: Delta): Delta => {
    if (begun.has(index)) return delta
    begun.add(index)
    return { role: 'assistant', content: '', ...delta }
  }
  const calls = new CallDeltas()
  const finishes: FinishEvent[] = []
  let ended = 0
  for await (const { index, event } of choices) {
    head ??= await begin()
    if (isEnd(event)) {
      if (!begun.has(index)) yield chunk({ choices: [{ index, delta: withRole(index, {}), finish_reason: null }] })
      ended++
      if (event.type === 'finish') finishes.push(event)
      yield chunk({ choices: [{ index, delta: {}, finish_reason: toEndReason(event, calls.has(index)) }] })
      continue
    }
    const delta = toDelta(event) ?? calls.toDelta(index, event)
    const logprobs = 'logprobs' in event && event.logprobs ? { logprobs: toLogprobsBody(event.logprobs.map(toLogprobBody)) } : undefined
    if (delta || logprobs) yield chunk({ choices: [{ index, delta: withRole(index, delta ?? {}), finish_reason: null, ...logprobs }] })
  }
  if (ended < count) throw cutShort()
  if (withUsage) yield chunk({ choices: [], usage: toUsage(finishes) })
  yield { text: '[DONE]' }
}

/** Undefined for calls, and for what a chat never says. */
function toDelta(event: ChatEvent): Delta | undefined {
  if (event.type === 'text-delta') return { content: event.text }
  return event.type === 'thinking-delta' ? { content: '', reasoning: event.text } : undefined
}

/** A call that was given in pieces is not given again when it is whole. */
class CallDeltas {
  /** Choice -> its calls that have begun. */
  readonly #begun = new Map<number, Set<number>>()

  /** Whether the choice has calls. */
  has(choice: number): boolean {
    return this.#begun.has(choice)
  }

  toDelta(choice: number, event: ChatEvent): Delta | undefined {
    switch (event.type) {
      case 'tool-call-begun':
        this.#begin(choice, event.index)
        return { content: '', tool_calls: [beginToolCallBody(event)] }
      case 'tool-call-piece':
        return { tool_calls: [{ index: event.index, function: { arguments: event.text } }] }
      case 'tool-call':
        return this.#begin(choice, event.call.function.index) ? { content: '', tool_calls: [toToolCallBody(event.call)] } : undefined
      default:
        return undefined
    }
  }

  /** False where it had begun. */
  #begin(choice: number, call: number): boolean {
    const begun = this.#begun.get(choice) ?? new Set()
    this.#begun.set(choice, begun)
    return begun.size < begun.add(call).size
  }
}

async function fold(choices: AsyncIterable<Choice<ChatEvent>>, head: Head, count: number): Promise<CompletionBody> {
  const replies = Array.from({ length: count }, (): ChatEvent[] => [])
  for await (const { index, event } of choices) replies[index]?.push(event)
  const bodies: ChoiceBody[] = []
  const finishes: FinishEvent[] = []
  for (const [index, events] of replies.entries()) {
    const end = events.at(-1)
    if (!isEnd(end)) throw cutShort()
    if (end.type === 'finish') finishes.push(end)
    bodies.push(foldChoice(index, events, end))
  }
  return toCompletionBody(head, bodies, toUsage(finishes))
}

function foldChoice(index: number, events: readonly ChatEvent[], end: EndEvent): ChoiceBody {
  const message = { content: '', reasoning: '' }
  const calls: ToolCallBody[] = []
  const logprobs: LogprobBody[] = []
  for (const event of events) {
    if (event.type === 'text-delta') message.content += event.text
    else if (event.type === 'thinking-delta') message.reasoning += event.text
    else if (event.type === 'tool-call') calls.push(toToolCallBody(event.call))
    if ('logprobs' in event) for (const logprob of event.logprobs ?? []) logprobs.push(toLogprobBody(logprob))
  }
  return {
    index,
    message: {
      role: 'assistant',
      content: message.content,
      refusal: null,
      ...(message.reasoning === '' ? {} : { reasoning: message.reasoning }),
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    },
    finish_reason: toEndReason(end, calls.length > 0),
    logprobs: logprobs.length > 0 ? toLogprobsBody(logprobs) : null,
  }
}

function toCompletionBody({ id, created, model, ...rest }: Head, choices: ChoiceBody[], usage: UsageBody): CompletionBody {
  return { id, object: 'chat.completion', created, model, ...rest, choices, usage }
}

/** wire: the message of a rendered prompt has no role. */
function toRenderedBody(head: Head, { prompt, imageCount }: Rendered): object {
  const choice: ChoiceBody = { index: 0, message: { role: '', content: '', refusal: null }, finish_reason: null, logprobs: null }
  return {
    ...toCompletionBody(head, [choice], NO_USAGE),
    _debug_info: { rendered_template: prompt, ...(imageCount > 0 ? { image_count: imageCount } : {}) },
  }
}
