import { type Decoded, flag, integer, list, struct, text } from './fields.ts'
import type { ToolCallBody } from './message.ts'
import { type CompletionBody, completionFields, images } from './run-fields.ts'

export interface GenerateRequestBody extends CompletionBody {
  prompt?: string
  suffix?: string
  system?: string
  template?: string
  context?: number[]
  raw?: boolean
  /** Base64. */
  images?: string[]
}

/** Absent where they are zero. Durations are nanoseconds. */
export interface MetricsBody {
  total_duration?: number
  load_duration?: number
  prompt_eval_count?: number
  /** Of `prompt_eval_count`, the tokens that needed no evaluation. Llamero's own. */
  prompt_eval_cached_count?: number
  prompt_eval_duration?: number
  eval_count?: number
  eval_duration?: number
}

/** On the last record, and only where something was cut so that the prompt fits. Llamero's own. */
export interface TruncationBody {
  truncated?: boolean
  prompt_dropped_messages?: number
  prompt_dropped_tokens?: number
}

export interface TokenLogprobBody {
  token: string
  logprob: number
  bytes?: number[]
}

export interface LogprobBody extends TokenLogprobBody {
  top_logprobs?: TokenLogprobBody[]
}

export type DoneReason = 'stop' | 'length' | 'repetition' | 'load' | 'unload'

export interface GenerateResponseBody extends MetricsBody, TruncationBody {
  model: string
  created_at: string
  response: string
  thinking?: string
  done: boolean
  done_reason?: DoneReason
  context?: number[]
  tool_calls?: ToolCallBody[]
  _debug_info?: DebugInfoBody
  logprobs?: LogprobBody[]
}

export interface DebugInfoBody {
  rendered_template: string
  image_count?: number
}

export const generateRequest = struct('GenerateRequest', {
  ...completionFields,
  prompt: text,
  suffix: text,
  system: text,
  template: text,
  context: list(integer, '[]int'),
  raw: flag,
  images,
})

export type DecodedGenerate = Decoded<(typeof generateRequest)['fields']>
