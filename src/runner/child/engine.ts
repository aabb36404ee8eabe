// What the loop needs of an engine, in the house's words. llama/engine.ts is llama.cpp; the loop's own tests use one of a few lines.
// Synchronous but for the making of a larger context, beside which the others go on: a runner has nothing else to do while the engine computes.

import type { ContextSize, RunnerFacts, Sampling } from '../protocol.ts'
import type { TokenizeOptions } from './segment-memo.ts'
import type { TokenPiece } from './text-output.ts'

export interface Engine {
  /** The same object as long as the context does not grow. */
  readonly facts: EngineFacts
  /** Sequences that can be decoded together. */
  readonly sequences: number
  /** Sequences share one memory; else each has one of its own. */
  readonly isPooled: boolean
  /** So many whole contexts there is memory for; as many as sequences at most. */
  readonly contexts: number
  /** What a copied sequence has in common with its source is there once. */
  readonly sharesCells: boolean
  /** Tokens that one batch holds at most. */
  readonly batchTokens: number
  readonly batch: Batch
  /** Positions behind a removed part can move up. */
  readonly canShift: boolean
  /** Sequences can be copied and cut in their middle (false for recurrent memories). */
  readonly canBranch: boolean

  tokenize(text: string, options: TokenizeOptions): number[]
  detokenize(tokens: readonly number[]): string
  /** `special`: a control token comes out as its text, not as nothing. */
  piece(token: number, special: boolean): TokenPiece
  isEnd(token: number): boolean
  /** Throws `invalid_request` for an id that the vocabulary does not have. */
  refuseUnknown(tokens: readonly number[]): void

  /** Both ways to share a step's rows can be had. */
  readonly hasSchedules: boolean
  setThreading(threading: Threading): void
  /** Evaluates the batch. Throws `engine_error`; the sequences in the batch are then of no more use. */
  decode(): void
  /** Evaluates media in place of a batch; the logits, where they are wanted, are at the place of the last row. Throws as `decode` does. */
  decodeMedia(rows: MediaRows): void

  /** Forgets all from that position on; false when that cannot be done, and then the sequence is empty. */
  keepFirst(sequence: number, position: number): boolean
  /** Whether tokens from that position on can be taken back after they were evaluated. */
  canUndo(position: number): boolean
  /** The target becomes what the source is; false when that cannot be done, and then it is empty. */
  copySequence(source: number, target: number): boolean
  /** Drops `count` tokens from position `from` on and moves the rest up. Not where there are media. */
  dropMiddle(sequence: number, from: number, count: number): void
  /** Makes a larger context, or memory for more of them, while this one goes on. Undefined when that cannot be had. One at a time. */
  prepareGrowth(size: ContextSize): Promise<PreparedGrowth | undefined>

  /** What else than the model and the way it is loaded decides where a state fits. May change when the context grows. */
  readonly stateIdentity: string
  /** False between a copy or a shift and the next evaluation: states can be neither read nor written then. */
  readonly settled: boolean
  /** What the state of a sequence would take. */
  stateBytes(sequence: number): number
  /** A state of so many tokens can be cut down to this length and no further. */
  leastStateLength(length: number): number
  /** Copies what the sequence holds, which is as large as `stateBytes` says; false where that is not its last position. */
  readState(sequence: number, lastPosition: number, into: Uint8Array): boolean
  /** The sequence becomes what was read; false when it does not fit, and then the sequence is empty. */
  writeState(sequence: number, state: Uint8Array): boolean

  /** Throws `invalid_format` for a grammar that does not parse, `invalid_option` for options that the engine refuses. */
  createSampler(options: SamplerOptions): Sampler
  /** Log-probability of the token among the logits at that place of the last batch, and the most likely ones. */
  logprobs(index: number, token: number, topCount: number): { logprob: number; top: { token: number; logprob: number }[] }
  /** The pooled vector of a sequence of the last batch. */
  pooled(sequence: number): Float32Array
  clear(): void
}

/** How the threads of a step share the rows of a matrix: in small pieces as they come to them, or in one part for each. */
export type Schedule = 'dynamic' | 'static'

export interface Threading {
  threads: number
  schedule: Schedule
}

/** A context beside the one in force. One of the two is called, once. */
export interface PreparedGrowth {
  /**
   * Between two evaluations, where the engine is `settled`: each sequence holds what it held, in cells of its own. False when that cannot be
   * done, and then nothing has changed.
   */
  adopt(): boolean
  discard(): void
}

/** What a draft model needs of its engine. */
export interface DraftEngine
  extends Pick<
    Engine,
    | 'facts'
    | 'sequences'
    | 'contexts'
    | 'batchTokens'
    | 'batch'
    | 'isEnd'
    | 'setThreading'
    | 'decode'
    | 'keepFirst'
    | 'copySequence'
    | 'prepareGrowth'
  > {
  /** The token with the highest logit at that place of the last batch, and by how much it leads. */
  likeliest(index: number): { token: number; lead: number }
}

export type EngineFacts = Omit<RunnerFacts, 'processId' | 'loadNs' | 'sizeBytes' | 'sizeVramBytes'> & {
  /** The weights alone. */
  weightBytes: number
  /** Tokens of one input that pooling can take. */
  pooledTokens: number
}

export interface Batch {
  readonly size: number
  clear(): void
  /** Returns its place in the batch. */
  add(token: number, position: number, sequence: number, wantOutput: boolean): number
}

/** A run of media, or a piece of one: what stands in the place of tokens. */
export interface MediaRows {
  sequence: number
  count: number
  /** One row after the other. */
  rows: Float32Array
  /** One for each row; where the model has positions of several dimensions, all of one dimension after those of another. */
  positions: Int32Array
  /** Each row sees those behind it, too; then there are no more than a batch holds. */
  bidirectional: boolean
  /** Of the last row. */
  wantOutput: boolean
}

export interface SamplerOptions {
  sampling: Sampling
  grammar?: string
  /** The grammar waits for `startGrammar`. */
  grammarLater?: boolean
  /** Special tokens that come out as text: a grammar may have them. The others are silent. */
  spokenTokens?: ReadonlySet<number>
}

export interface Sampler {
  /** A token of the prompt: penalties see it. */
  see(token: number): void
  /**
   * The next token, from the logits at that place of the last batch; where there is a grammar, the first of `preferred` that it allows.
   * Throws `engine_error` when the grammar leaves none.
   */
  sample(index: number, preferred?: readonly number[]): number
  startGrammar(): void
  close(): void
}
