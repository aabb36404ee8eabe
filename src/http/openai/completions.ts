// `POST /v1/completions`: prompts to texts. Each prompt has `n` choices, the best of `best_of` replies; a stream gives out all of them as they come.

import type { ChatEvent } from '../../chat/event.ts'
import type { GenerateRequest } from '../../service/service.ts'
import { cutShort } from '../cut-short.ts'
import { json, type Reply, type SseEvent } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import { peek } from '../peek.ts'
import { decodeRequest, toWarningHeaders } from '../request-fields.ts'
import { truncatedHeaders } from '../truncated.ts'
import { type Choice, runChoices } from './choices.ts'
import { LogprobColumns, type LogprobsBody } from './completion-logprobs.ts'
import { COMPLETION_FATES, type CompletionPlan, completionRequest, type Prompt, toCompletionPlan } from './completion-request.ts'
import type { OpenAiContext } from './context.ts'
import { JSON_WITHOUT_CHARSET } from './errors.ts'
import { createHead, type Head } from './head.ts'
import { runStage, streamReply } from './run.ts'
import { forChoice } from './run-fields.ts'
import { type FinishEvent, isEnd, NO_USAGE, sumUsage, toEndReason, toUsage, type UsageBody } from './usage.ts'

interface ChoiceBody {
  text: string
  index: number
  finish_reason: string | null
  logprobs: LogprobsBody | null
  reasoning?: string
}

/** One reply to one of the prompts, whole. */
interface CompletedReply {
  text: string
  reasoning: string
  logprobs: LogprobColumns
  finish: FinishEvent | undefined
  /** `load` where there was no prompt; null where it was only rendered. */
  finishReason: string | null
}

export async function handleCompletions(request: HttpRequest, context: OpenAiContext): Promise<Reply> {
  const { fields, warnings } = decodeRequest(await request.readBody(), completionRequest, COMPLETION_FATES)
  const plan = toCompletionPlan(fields, warnings)
  const headers = toWarningHeaders(warnings)
  return runStage(async () => {
    const echoed = plan.echo ? await readEchoes(plan, request, context) : plan.prompts.map(() => '')
    const replies = runReplies(plan, request, context)
    const begin = () => createHead('cmpl-', fields, context)
    if (fields.stream && !plan.request.debugRenderOnly) {
      const chunks = toChunks(replies, { plan, echoed, begin, withUsage: fields.stream_options?.include_usage === true })
      return streamReply(chunks, 'completions', { clock: context.clock, headers })
    }
    const { all } = await peek(replies)
    const body = await fold(all, { plan, echoed, head: await begin() })
    return json(body, { contentType: JSON_WITHOUT_CHARSET, headers: { ...headers, ...truncatedHeaders(body.usage) } })
  })
}

/** Replies are numbered through: `best_of` of the first prompt, then those of the next. */
function runReplies(plan: CompletionPlan, { signal }: HttpRequest, { service }: OpenAiContext): AsyncIterable<Choice<ChatEvent>> {
  const start = (index: number, stop: AbortSignal): AsyncIterable<ChatEvent> => {
    const prompt = plan.prompts[Math.floor(index / plan.bestOf)] ?? ''
    return service.generate(forChoice(withPrompt(plan.request, prompt), index % plan.bestOf), stop)
  }
  return runChoices(plan.prompts.length * plan.bestOf, start, signal)
}

function withPrompt(request: CompletionPlan['request'], prompt: Prompt): GenerateRequest {
  return typeof prompt === 'string' ? { ...request, prompt } : { ...request, prompt: '', promptTokens: prompt }
}

function readEchoes(plan: CompletionPlan, { signal }: HttpRequest, { service }: OpenAiContext): Promise<string[]> {
  const { model, options, keepAliveNs } = plan.request
  const run = { model, ...(options ? { options } : {}), ...(keepAliveNs === undefined ? {} : { keepAliveNs }) }
  return Promise.all(
    plan.prompts.map((prompt) => (typeof prompt === 'string' ? prompt : service.detokenize({ ...run, tokens: [...prompt] }, signal))),
  )
}

interface CompletionBody {
  choices: readonly ChoiceBody[]
  usage: UsageBody
  [head: string]: unknown
}

interface Answer {
  plan: CompletionPlan
  /** What each prompt's choices begin with. */
  echoed: readonly string[]
}

interface Stream extends Answer {
  begin: () => Promise<Head>
  withUsage: boolean
}

async function* toChunks(replies: AsyncIterable<Choice<ChatEvent>>, stream: Stream): AsyncGenerator<SseEvent> {
  const { plan, echoed, begin, withUsage } = stream
  let head: Head | undefined
  const chunk = (choices: ChoiceBody[], usage: UsageBody): SseEvent => {
    const { id, created, ...rest } = head as Head
    return { json: { id, object: 'text_completion', created, choices, ...rest, ...(withUsage ? { usage } : {}) } }
  }
  const begun = new Map<number, LogprobColumns>()
  const finishes: FinishEvent[][] = plan.prompts.map(() => [])
  let ended = 0
  for await (const { index, event } of replies) {
    head ??= await begin()
    const promptIndex = Math.floor(index / plan.n)
    const columns = begun.get(index) ?? new LogprobColumns()
    const echo = begun.has(index) ? '' : (echoed[promptIndex] ?? '')
    begun.set(index, columns)
    const promptLogprobs = event.type === 'prompt' ? columns.take(event.tokens, plan.logprobs ?? 0) : undefined
    if (echo !== '' || promptLogprobs) {
      yield chunk([{ text: echo, index, finish_reason: null, logprobs: promptLogprobs ?? null }], NO_USAGE)
    }
    if (isEnd(event)) {
      ended++
      if (event.type === 'finish') finishes[promptIndex]?.push(event)
      yield chunk([{ text: '', index, finish_reason: toEndReason(event, false), logprobs: null }], NO_USAGE)
      continue
    }
    const body = toDelta(event, columns, plan)
    if (body) yield chunk([{ ...body, index, finish_reason: null }], NO_USAGE)
  }
  if (ended < plan.prompts.length * plan.n) throw cutShort()
  if (withUsage) yield chunk([], sumUsage(finishes.map(toUsage)))
  yield { text: '[DONE]' }
}

/** Undefined where there is nothing to say. */
function toDelta(
  event: ChatEvent,
  columns: LogprobColumns,
  plan: CompletionPlan,
): Pick<ChoiceBody, 'text' | 'logprobs' | 'reasoning'> | undefined {
  if (event.type === 'thinking-delta') return plan.showsThinking ? { text: '', logprobs: null, reasoning: event.text } : undefined
  if (event.type !== 'text-delta') return undefined
  const logprobs = plan.logprobs === undefined ? undefined : columns.take(event.logprobs ?? [], plan.logprobs)
  return { text: event.text, logprobs: logprobs ?? null }
}

async function fold(replies: AsyncIterable<Choice<ChatEvent>>, { plan, echoed, head }: Answer & { head: Head }): Promise<CompletionBody> {
  const { prompts, n, bestOf } = plan
  const events = Array.from({ length: prompts.length * bestOf }, (): ChatEvent[] => [])
  for await (const { index, event } of replies) events[index]?.push(event)
  const completed = events.map((some) => completeReply(some))
  const perPrompt = prompts.map((_, index) => completed.slice(index * bestOf, (index + 1) * bestOf))
  const choices = perPrompt.flatMap((some, index) =>
    takeBest(some, n).map((reply, place) => toChoiceBody(reply, { plan, echoed: echoed[index] ?? '', index: index * n + place })),
  )
  const usage = sumUsage(perPrompt.map((some) => toUsage(some.flatMap(({ finish }) => (finish ? [finish] : [])))))
  const isRun = completed.some(({ finish }) => finish !== undefined)
  const { id, created, model, ...rest } = head
  return { id, object: 'text_completion', created, model, ...rest, choices, usage: isRun ? usage : NO_USAGE }
}

function completeReply(events: readonly ChatEvent[]): CompletedReply {
  const reply: CompletedReply = { text: '', reasoning: '', logprobs: new LogprobColumns(), finish: undefined, finishReason: null }
  const last = events.at(-1)
  for (const event of events) {
    if (event.type === 'text-delta') reply.text += event.text
    else if (event.type === 'thinking-delta') reply.reasoning += event.text
    if (event.type === 'text-delta') reply.logprobs.add(event.logprobs ?? [])
    if (event.type === 'prompt') reply.logprobs.addPrompt(event.tokens)
  }
  if (last?.type === 'rendered') return reply
  if (!isEnd(last)) throw cutShort()
  return { ...reply, finish: last.type === 'finish' ? last : undefined, finishReason: toEndReason(last, false) }
}

/** The replies whose tokens were the most likely, on average. */
function takeBest(replies: readonly CompletedReply[], count: number): CompletedReply[] {
  if (replies.length === count) return [...replies]
  return replies.toSorted((a, b) => b.logprobs.mean - a.logprobs.mean).slice(0, count)
}

function toChoiceBody(reply: CompletedReply, { plan, echoed, index }: { plan: CompletionPlan; echoed: string; index: number }): ChoiceBody {
  return {
    text: echoed + reply.text,
    index,
    finish_reason: reply.finishReason,
    logprobs: plan.logprobs === undefined ? null : reply.logprobs.toBody(plan.logprobs),
    ...(plan.showsThinking && reply.reasoning !== '' ? { reasoning: reply.reasoning } : {}),
  }
}
