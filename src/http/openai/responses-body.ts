// The response object: what the request said, given back, and what the model made of it. All keys are always there.

import type { AppError } from '../../base/errors.ts'
import { createId } from '../ids.ts'
import { type DroppedBody, toDropped } from '../truncated.ts'
import { toErrorBody } from './errors.ts'
import type { OutputItem } from './responses-output.ts'
import type { WireResponsesRequest } from './responses-request.ts'
import type { FinishEvent } from './usage.ts'

export type ResponseStatus = 'in_progress' | 'completed' | 'incomplete' | 'failed'

interface ResponsesUsage extends DroppedBody {
  input_tokens: number
  input_tokens_details: { cached_tokens: number }
  output_tokens: number
  output_tokens_details: { reasoning_tokens: number }
  total_tokens: number
}

export interface ResponseBody {
  id: string
  object: 'response'
  created_at: number
  completed_at: number | null
  status: ResponseStatus
  incomplete_details: { reason: 'max_output_tokens' } | null
  error: { code: string; message: string } | null
  output: readonly OutputItem[]
  usage: ResponsesUsage | null
  [echoed: string]: unknown
}

/** A response that has begun. `nowMs` since 1970. */
export function beginResponse(wire: WireResponsesRequest, nowMs: number): ResponseBody {
  return {
    id: createId('resp_'),
    object: 'response',
    created_at: toSeconds(nowMs),
    completed_at: null,
    status: 'in_progress',
    incomplete_details: null,
    model: wire.model,
    // wire: an empty text is none.
    previous_response_id: wire.previous_response_id || null,
    instructions: wire.instructions || null,
    output: [],
    error: null,
    tools: (wire.tools ?? []).map((tool) => ({ strict: null, ...tool })),
    tool_choice: wire.tool_choice ?? 'auto',
    truncation: wire.truncation || 'disabled',
    parallel_tool_calls: wire.parallel_tool_calls ?? true,
    text: { ...wire.text, format: wire.text?.format ?? { type: 'text' } },
    // wire: 1 is what Ollama says where the request says nothing; the model's own value is in force.
    top_p: wire.top_p ?? 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    top_logprobs: wire.top_logprobs ?? 0,
    temperature: wire.temperature ?? 1,
    reasoning: toReasoning(wire),
    usage: null,
    max_output_tokens: wire.max_output_tokens ?? null,
    max_tool_calls: null,
    store: wire.store ?? false,
    background: false,
    service_tier: wire.service_tier === undefined || wire.service_tier === 'auto' ? 'default' : wire.service_tier,
    metadata: wire.metadata ?? {},
    safety_identifier: null,
    prompt_cache_key: null,
  }
}

/** `finish` is absent where nothing was run. */
export function endResponse(
  begun: ResponseBody,
  output: readonly OutputItem[],
  finish: FinishEvent | undefined,
  nowMs: number,
): ResponseBody {
  const isCut = finish !== undefined && finish.reason !== 'stop'
  return {
    ...begun,
    completed_at: isCut ? null : toSeconds(nowMs),
    status: isCut ? 'incomplete' : 'completed',
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    output,
    usage: toUsage(finish),
  }
}

export function failResponse(begun: ResponseBody, output: readonly OutputItem[], error: AppError): ResponseBody {
  const { code, message } = toErrorBody(error, 'responses').error
  return { ...begun, status: 'failed', output, error: { code: code ?? 'server_error', message } }
}

function toUsage(finish: FinishEvent | undefined): ResponsesUsage {
  const { promptTokens = 0, evalTokens = 0, cachedTokens = 0 } = finish?.timings ?? {}
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: evalTokens,
    output_tokens_details: { reasoning_tokens: finish?.thinkingTokens ?? 0 },
    total_tokens: promptTokens + evalTokens,
    ...toDropped(finish?.truncation),
  }
}

/** wire: null unless the request says how to reason; in a stream both keys are there, elsewhere those that were sent. */
function toReasoning({ reasoning: { effort, summary } = {}, stream }: WireResponsesRequest): object | null {
  if (!effort && !summary) return null
  if (stream) return { effort: effort || null, summary: summary || null }
  return { ...(effort ? { effort } : {}), ...(summary ? { summary } : {}) }
}

function toSeconds(ms: number): number {
  return Math.floor(ms / 1000)
}
