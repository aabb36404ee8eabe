// What a model writes becomes events: thinking, text, tool calls. One small file per family implements it; generic.ts serves the others.
// A parser never loses text: what turns out not to be a call or a tag comes out as text. Every cut of the same reply gives the same events
// (adjacent deltas of one kind joined).

import type { CallPiece, Logprob } from '../event.ts'
import type { Think, Tool, ToolCall } from '../message.ts'

export type ReplyEvent =
  | { type: 'thinking-delta'; text: string; logprobs?: Logprob[] }
  | { type: 'text-delta'; text: string; logprobs?: Logprob[] }
  | CallPiece
  | { type: 'tool-call'; call: ToolCall; logprobs?: Logprob[] }

export interface ReplyParser {
  push(text: string, logprobs?: Logprob[]): ReplyEvent[]
  /** The reply is over: everything held back comes out. */
  end(): ReplyEvent[]
}

/** What the prompt's end does not show. `thinking`: it ends inside of it. `family`: nothing there tells, so that the habit of the model's family counts. */
export type ReplyStart = 'thinking' | 'family'

export interface ReplyParserOptions {
  tools: readonly Tool[]
  think?: Think
  /** The prompt's last characters, to see whether it already opened the thinking. */
  promptTail: string
  start?: ReplyStart
  /** Source of call ids: `call_` and 8 of [a-z0-9]. */
  createCallId: () => string
  /** Calls whose arguments have so many characters are given in pieces while they are written, where the family's can be; none without it. */
  streamsCallsFrom?: number
  /** Told when something that began as a call had to come out as text. */
  warn?: (message: string) => void
}
