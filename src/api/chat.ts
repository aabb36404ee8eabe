import { type Decoded, struct } from './fields.ts'
import type { DebugInfoBody, DoneReason, LogprobBody, MetricsBody, TruncationBody } from './generate.ts'
import { type MessageBody, messages, type ToolBody, type ToolCallBody, tools } from './message.ts'
import { type CompletionBody, completionFields } from './run-fields.ts'

export interface ChatRequestBody extends CompletionBody {
  messages?: MessageBody[]
  tools?: ToolBody[]
}

export interface ChatResponseBody extends MetricsBody, TruncationBody {
  model: string
  created_at: string
  message: ChatReplyMessageBody
  done: boolean
  done_reason?: DoneReason
  _debug_info?: DebugInfoBody
  logprobs?: LogprobBody[]
}

interface ChatReplyMessageBody {
  role: string
  content: string
  thinking?: string
  tool_calls?: ToolCallBody[]
}

export const chatRequest = struct('ChatRequest', { ...completionFields, messages, tools })

export type DecodedChat = Decoded<(typeof chatRequest)['fields']>
