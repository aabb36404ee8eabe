// The messages between the server and a runner's process, both ways: plain data that `serialization: 'advanced'` carries. The parent numbers
// its requests; every request ends with exactly one answer unless it was cancelled. The child sends what one decode step made in one message.

import type { ErrorCode } from '../base/errors.ts'
import type {
  CompletionChunk,
  CompletionRequest,
  ContextSize,
  EmbeddingResult,
  EngineReport,
  LoadSpec,
  QuantizeSpec,
  RunnerFacts,
} from './runner.ts'

export type {
  CompletionChunk,
  CompletionRequest,
  ContextSize,
  DraftSpec,
  EmbeddingResult,
  EngineReport,
  LoadSpec,
  PrefixCacheSpec,
  QuantizeSpec,
  RunnerFacts,
  RunnerLogprob,
  RunnerPromptLogprob,
  Sampling,
} from './runner.ts'

export type ToChild =
  | { type: 'load'; spec: LoadSpec }
  /** Is there an engine that this program can use? In place of a load. */
  | { type: 'probe' }
  /** In place of a load. The process hears nothing until it is done: to call it off is to kill it. */
  | { type: 'quantize'; spec: QuantizeSpec }
  | { type: 'complete'; id: number; request: CompletionRequest }
  /** The reader is slow: make no more tokens for this request until `resume`. */
  | { type: 'pause'; id: number }
  | { type: 'resume'; id: number }
  /** No answer follows. */
  | { type: 'cancel'; id: number }
  | { type: 'embed'; id: number; inputs: readonly (readonly number[])[] }
  | { type: 'tokenize'; id: number; text: string; addSpecial: boolean; parseSpecial: boolean; images?: readonly Uint8Array[] }
  | { type: 'detokenize'; id: number; tokens: readonly number[] }
  /** The answer to `grow`. */
  | { type: 'growth'; granted: boolean }
  | { type: 'close' }

export type ToParent =
  | { type: 'ready'; facts: ChildFacts }
  /** So did what was asked for in place of a load. */
  | { type: 'load-failed'; failure: Failure }
  | { type: 'probed'; report: EngineReport }
  | { type: 'quantized' }
  | { type: 'step'; chunks: StepChunk[] }
  | { type: 'result'; id: number; result: Result }
  | { type: 'failure'; id: number; failure: Failure }
  /** A request needs a larger context, or waits for a slot. One growth is asked for at a time. */
  | { type: 'grow'; size: ContextSize }
  | { type: 'grown'; size: ContextSize }

/** The parent adds the sizes, which it reads from the engine's log. */
export type ChildFacts = Omit<RunnerFacts, 'processId' | 'sizeBytes' | 'sizeVramBytes'> & {
  weightBytes: number
  /** Why the draft model is left out. */
  draftProblem?: string
}

export interface StepChunk {
  id: number
  /** May not wait for the next step. */
  urgent?: boolean
  chunk: CompletionChunk
}

export type Result = { type: 'embedded'; result: EmbeddingResult } | { type: 'tokens'; tokens: number[] } | { type: 'text'; text: string }

/** An AppError on its way through a process boundary. */
export interface Failure {
  code: ErrorCode
  message: string
  details: Readonly<Record<string, unknown>>
}

/** Written to standard error when the model stands, so that the reader of the engine's log knows it has read all of the load. */
export const LOADED_MARK = 'llamero-runner: loaded'
export type ModelRole = 'model' | 'draft'

/** Around what the engine writes about a larger context; without the second the old one stays in force. */
export const GROWTH_MARKS: Readonly<Record<ModelRole, { begin: string; end: string }>> = {
  model: { begin: 'llamero-runner: the context grows', end: 'llamero-runner: the context has grown' },
  draft: { begin: "llamero-runner: the draft model's context grows", end: "llamero-runner: the draft model's context has grown" },
}
/** What follows is about the draft model, up to the end of the load; with the second, nothing of it stays. */
export const DRAFT_MARK = 'llamero-runner: the draft model loads'
export const DRAFT_GONE_MARK = 'llamero-runner: the draft model is left out'
