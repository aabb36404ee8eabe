import type { LogprobBody, MetricsBody, TokenLogprobBody, TruncationBody } from '../../api/generate.ts'
import type { ToolCallBody } from '../../api/message.ts'
import type { ChatEvent, Logprob, Timings, TokenLogprob } from '../../chat/event.ts'
import type { ToolCall } from '../../chat/message.ts'
import { toDropped } from '../truncated.ts'
import { omitEmpty, wholeNs } from './wire.ts'

export type FinishEvent = Extract<ChatEvent, { type: 'finish' }>

export function toMetrics(timings: Timings): MetricsBody {
  return omitEmpty({
    total_duration: wholeNs(timings.totalNs),
    load_duration: wholeNs(timings.loadNs),
    prompt_eval_count: timings.promptTokens,
    prompt_eval_cached_count: timings.cachedTokens,
    prompt_eval_duration: wholeNs(timings.promptEvalNs),
    eval_count: timings.evalTokens,
    eval_duration: wholeNs(timings.evalNs),
  })
}

export function toTruncation({ truncation }: FinishEvent): TruncationBody {
  const dropped = toDropped(truncation)
  return Object.keys(dropped).length === 0 ? {} : { truncated: true, ...dropped }
}

export function toLogprobs(logprobs: readonly Logprob[] | undefined): LogprobBody[] | undefined {
  return logprobs?.map((logprob) => ({ ...toTokenLogprob(logprob), ...omitEmpty({ top_logprobs: logprob.top?.map(toTokenLogprob) }) }))
}

export function toToolCallBody({ id, function: { index, name, arguments: values } }: ToolCall): ToolCallBody {
  return { ...omitEmpty({ id }), function: { index, name, arguments: values } }
}

function toTokenLogprob({ token, logprob, bytes }: TokenLogprob): TokenLogprobBody {
  return { token, logprob, ...omitEmpty({ bytes }) }
}
