import type { ChatEvent, Logprob, TokenLogprob, Truncation } from '../../chat/event.ts'
import { type DroppedBody, toDropped } from '../truncated.ts'

export type FinishEvent = Extract<ChatEvent, { type: 'finish' }>
/** The last of a reply; a request without a prompt only loads or unloads the model. */
export type EndEvent = Extract<ChatEvent, { type: 'finish' | 'loaded' | 'unloaded' }>

export interface UsageBody extends DroppedBody {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  prompt_tokens_details?: { cached_tokens: number }
  completion_tokens_details?: { reasoning_tokens: number }
}

export interface LogprobBody extends TokenLogprob {
  top_logprobs?: TokenLogprob[]
}

/** What refuses is no voice of its own here: nothing is said of it. */
export interface LogprobsBody {
  content: LogprobBody[]
  refusal: null
}

export const NO_USAGE: UsageBody = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }

/** Of the replies to one prompt: its tokens count once. */
export function toUsage(replies: readonly FinishEvent[]): UsageBody {
  const prompt = replies.reduce((most, { timings }) => Math.max(most, timings.promptTokens), 0)
  const written = replies.reduce((sum, { timings }) => sum + timings.evalTokens, 0)
  const dropped = (key: keyof Truncation) => replies.reduce((most, { truncation }) => Math.max(most, truncation?.[key] ?? 0), 0)
  return {
    prompt_tokens: prompt,
    completion_tokens: written,
    total_tokens: prompt + written,
    prompt_tokens_details: { cached_tokens: replies[0]?.timings.cachedTokens ?? 0 },
    completion_tokens_details: { reasoning_tokens: replies.reduce((sum, { thinkingTokens = 0 }) => sum + thinkingTokens, 0) },
    ...toDropped({ droppedMessages: dropped('droppedMessages'), droppedTokens: dropped('droppedTokens') }),
  }
}

export function sumUsage(usages: readonly UsageBody[]): UsageBody {
  const sum = (read: (usage: UsageBody) => number): number => usages.reduce((total, usage) => total + read(usage), 0)
  return {
    prompt_tokens: sum((usage) => usage.prompt_tokens),
    completion_tokens: sum((usage) => usage.completion_tokens),
    total_tokens: sum((usage) => usage.total_tokens),
    prompt_tokens_details: { cached_tokens: sum((usage) => usage.prompt_tokens_details?.cached_tokens ?? 0) },
    completion_tokens_details: { reasoning_tokens: sum((usage) => usage.completion_tokens_details?.reasoning_tokens ?? 0) },
    ...toDropped({
      droppedMessages: sum((usage) => usage.prompt_dropped_messages ?? 0),
      droppedTokens: sum((usage) => usage.prompt_dropped_tokens ?? 0),
    }),
  }
}

export function isEnd(event: ChatEvent | undefined): event is EndEvent {
  return event?.type === 'finish' || event?.type === 'loaded' || event?.type === 'unloaded'
}

/** An answer that was cut because it went in circles is one that was cut. wire: without a reply there are Ollama's words for what happened. */
export function toEndReason(event: EndEvent, hasCalls: boolean): 'stop' | 'length' | 'tool_calls' | 'load' | 'unload' {
  if (event.type !== 'finish') return event.type === 'loaded' ? 'load' : 'unload'
  if (event.reason !== 'stop') return 'length'
  return hasCalls ? 'tool_calls' : 'stop'
}

export function toLogprobsBody(content: LogprobBody[]): LogprobsBody {
  return { content, refusal: null }
}

/** wire: `bytes` and `top_logprobs` vanish where they are empty. */
export function toLogprobBody({ token, logprob, bytes, top }: Logprob): LogprobBody {
  return { ...toTokenLogprob({ token, logprob, bytes }), ...(top && top.length > 0 ? { top_logprobs: top.map(toTokenLogprob) } : {}) }
}

function toTokenLogprob({ token, logprob, bytes }: TokenLogprob): TokenLogprob {
  return { token, logprob, bytes }
}
