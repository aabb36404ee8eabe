// A reply while it comes, record by record, and what it says of itself at its end.

import type { ChatResponseBody } from '../../src/api/chat.ts'
import type { DoneReason } from '../../src/api/generate.ts'
import type { ToolCallBody } from '../../src/api/message.ts'
import { formatAmount, formatCount, formatDuration } from '../base/format.ts'

export interface Reply {
  kind: 'reply'
  model: string
  text: string
  thinking: string
  calls: ToolCallBody[]
  /** `stopped`: by the user, or because the page was left. */
  state: 'running' | 'whole' | 'stopped' | 'failed'
  error?: string
  figures?: Figures
}

/** What is zero or unknown is not there. */
export interface Figures {
  reason?: DoneReason
  /** As this page has seen it, with the way between. */
  firstTokenMs?: number
  totalMs?: number
  loadMs?: number
  promptTokens?: number
  cachedTokens?: number
  replyTokens?: number
  tokensPerSecond?: number
  droppedMessages?: number
  droppedTokens?: number
}

/** Below it, a model was there already. */
const LOAD_WORTH_TELLING_MS = 50

export function beginReply(model: string): Reply {
  return { kind: 'reply', model, text: '', thinking: '', calls: [], state: 'running' }
}

/** `sinceAskedMs` is what has passed since the request was sent. */
export function addRecord(reply: Reply, record: ChatResponseBody, sinceAskedMs: number): Reply {
  const { content = '', thinking = '', tool_calls: calls = [] } = record.message ?? {}
  const hasBegun = content !== '' || thinking !== '' || calls.length > 0
  const isFirst = hasBegun && reply.figures?.firstTokenMs === undefined
  const figures = {
    ...reply.figures,
    ...(isFirst ? { firstTokenMs: sinceAskedMs } : {}),
    ...(record.done ? { ...toFigures(record), totalMs: sinceAskedMs } : {}),
  }
  return {
    ...reply,
    text: reply.text + content,
    thinking: reply.thinking + thinking,
    calls: calls.length > 0 ? [...reply.calls, ...calls] : reply.calls,
    state: record.done ? 'whole' : reply.state,
    ...(Object.keys(figures).length > 0 ? { figures } : {}),
  }
}

/** A reply that ended without its last record. */
export function endReply(reply: Reply, end: { state: 'stopped' | 'failed'; error?: string }): Reply {
  return reply.state === 'running' ? { ...reply, ...end } : reply
}

export function describeFigures({
  replyTokens,
  tokensPerSecond,
  firstTokenMs,
  promptTokens,
  cachedTokens,
  loadMs,
  totalMs,
}: Figures): string[] {
  return [
    replyTokens === undefined ? [] : [formatAmount(replyTokens, 'token')],
    tokensPerSecond === undefined ? [] : [`${tokensPerSecond.toFixed(1)} tokens/s`],
    firstTokenMs === undefined ? [] : [`first after ${formatDuration(firstTokenMs)}`],
    promptTokens === undefined
      ? []
      : [`prompt ${formatAmount(promptTokens, 'token')}${cachedTokens ? `, ${formatCount(cachedTokens)} of them known` : ''}`],
    loadMs === undefined || loadMs < LOAD_WORTH_TELLING_MS ? [] : [`model loaded in ${formatDuration(loadMs)}`],
    totalMs === undefined ? [] : [`${formatDuration(totalMs)} in all`],
  ].flat()
}

/** What somebody who reads the reply should know. */
export function describeCuts({ reason, droppedMessages, droppedTokens }: Figures): string[] {
  const dropped = [
    ...(droppedMessages ? [formatAmount(droppedMessages, 'earlier message')] : []),
    ...(droppedTokens ? [formatAmount(droppedTokens, 'token')] : []),
  ]
  return [
    ...(dropped.length > 0 ? [`The talk is longer than the context: ${dropped.join(' and ')} left out of the prompt.`] : []),
    ...(reason === 'length' ? ['The reply was cut off: it reached its longest length or the end of the context.'] : []),
    ...(reason === 'repetition' ? ['The server ended the reply, since the model only repeated itself.'] : []),
  ]
}

function toFigures(record: ChatResponseBody): Figures {
  const { eval_count: count, eval_duration: evalNs, load_duration: loadNs } = record
  return {
    ...(record.done_reason ? { reason: record.done_reason } : {}),
    ...(loadNs ? { loadMs: loadNs / 1e6 } : {}),
    ...(record.prompt_eval_count ? { promptTokens: record.prompt_eval_count } : {}),
    ...(record.prompt_eval_cached_count ? { cachedTokens: record.prompt_eval_cached_count } : {}),
    ...(count ? { replyTokens: count } : {}),
    ...(count && evalNs ? { tokensPerSecond: count / (evalNs / 1e9) } : {}),
    ...(record.prompt_dropped_messages ? { droppedMessages: record.prompt_dropped_messages } : {}),
    ...(record.prompt_dropped_tokens ? { droppedTokens: record.prompt_dropped_tokens } : {}),
  }
}
