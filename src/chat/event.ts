// THE stream union: every completion, in every dialect, is a sequence of these. It begins with at most one of `loaded`, `unloaded`, `rendered`
// (which then is all there is), or with `cut` and the `prompt` where they were asked for, goes on with deltas and calls, and ends with exactly one `finish`. A failure throws an AppError instead.

import type { ToolCall } from './message.ts'

export interface TokenLogprob {
  /** Text of the token; may hold half a character, then `bytes` is the truth. */
  token: string
  logprob: number
  bytes: number[]
}

export interface Logprob extends TokenLogprob {
  /** Only where the request asked for alternatives; most likely first. */
  top?: TokenLogprob[]
}

export interface Timings {
  /** Nanoseconds, all of them. */
  totalNs: number
  loadNs: number
  promptEvalNs: number
  evalNs: number
  /** Tokens of the prompt, cached ones included. */
  promptTokens: number
  cachedTokens: number
  evalTokens: number
}

/** What was cut so that the prompt fits. */
export interface Truncation {
  droppedMessages: number
  droppedTokens: number
}

export type FinishReason = 'stop' | 'length' | 'repetition'

/** A call while it is written, only where the request wants that. Its pieces together are the JSON of its arguments. */
export type CallPiece =
  | { type: 'tool-call-begun'; id: string; index: number; name: string }
  | { type: 'tool-call-piece'; index: number; text: string }
  /** In place of the whole call: what was written is no JSON object, mostly since the reply has ended. */
  | { type: 'tool-call-cut'; index: number; logprobs?: Logprob[] }

/** The first token follows nothing. */
export interface PromptLogprob extends Omit<Logprob, 'logprob'> {
  logprob: number | null
}

export type ChatEvent =
  | { type: 'loaded' }
  | { type: 'unloaded' }
  | { type: 'rendered'; prompt: string; imageCount: number }
  /** Before all that is written, where something of the prompt was left out; only where the request wants it. `finish` tells the whole. */
  | { type: 'cut'; truncation: Truncation }
  /** Some of the prompt's tokens, in order, before all that is written; only where the request wants them. */
  | { type: 'prompt'; tokens: PromptLogprob[] }
  | { type: 'thinking-delta'; text: string; logprobs?: Logprob[] }
  | { type: 'text-delta'; text: string; logprobs?: Logprob[] }
  | CallPiece
  /** Whole; where it was begun, behind its pieces. */
  | { type: 'tool-call'; call: ToolCall; logprobs?: Logprob[] }
  | {
      type: 'finish'
      reason: FinishReason
      /** The stop string that ended the text, where one did. */
      stopSequence?: string
      timings: Timings
      /** How many of the tokens were thinking; absent where there was none. */
      thinkingTokens?: number
      truncation?: Truncation
      /** Tokens of prompt and reply (`/api/generate` without raw). */
      context?: number[]
    }

/** What the model has written, and not how its run went. */
export type WrittenEvent = Exclude<ChatEvent, { type: 'loaded' | 'unloaded' | 'rendered' | 'cut' | 'prompt' | 'finish' }>

const RUN_EVENTS: ReadonlySet<ChatEvent['type']> = new Set<ChatEvent['type']>(['loaded', 'unloaded', 'rendered', 'cut', 'prompt', 'finish'])

export function isWritten(event: ChatEvent): event is WrittenEvent {
  return !RUN_EVENTS.has(event.type)
}
