// An Engine of a few lines for the loop's tests: it says what a script tells it, and insists on what the real one needs: that positions follow
// each other without a gap, that nothing is evaluated twice, that no sequence outgrows its context. Tokens are bytes, one end and one mark.

import { AppError } from '../../base/errors.ts'
import type { Batch, DraftEngine, Engine, EngineFacts, Sampler, SamplerOptions } from '../child/engine.ts'
import { type TokenPiece, toTokenPiece } from '../child/text-output.ts'
import type { ContextSize } from '../protocol.ts'

export const END_TOKEN = 256
/** A control token: silent unless it is preserved. */
export const MARK_TOKEN = 257
export const MARK_TEXT = '</think>'
/** Tokens from here on are the pieces of the script's option. */
export const FIRST_PIECE = 300

export interface ScriptedEngineOptions {
  contextTokens?: number
  trainContextTokens?: number
  /** What the engine says when it is to grow; default: yes. */
  canGrow?: boolean
  sequences?: number
  /** Those that are there from the start; default: all. */
  startSequences?: number
  batchTokens?: number
  pooling?: string
  canShift?: boolean
  canBranch?: boolean
  /** Tokens of more than one byte; the first is FIRST_PIECE. */
  pieces?: readonly (string | Uint8Array)[]
  /** The token after what a sequence holds; default: the letter a. */
  next?: (tokens: readonly number[], state: { grammar: boolean; preferred: readonly number[] }) => number
  /** Of the likeliest token. */
  lead?: number
  /** Called for each evaluation with the sequence of each token in the batch. */
  onDecode?: (sequences: readonly number[]) => void
}

interface BatchToken {
  token: number
  position: number
  sequence: number
  wantOutput: boolean
}

export class ScriptedEngine implements Engine, DraftEngine {
  facts: EngineFacts
  sequences: number
  readonly mostSequences: number
  readonly batchTokens: number
  readonly batch: Batch
  readonly canShift: boolean
  readonly canBranch: boolean
  /** What each sequence holds. */
  readonly memory: number[][]
  /** The batches so far, as sequence -> number of tokens. */
  readonly steps: Map<number, number>[] = []
  openSamplers = 0
  threads: number[] = []
  seen: number[] = []
  readonly #options: ScriptedEngineOptions
  readonly #tokens: BatchToken[] = []

  constructor(options: ScriptedEngineOptions = {}) {
    this.#options = options
    this.mostSequences = options.sequences ?? 2
    this.sequences = options.startSequences ?? this.mostSequences
    this.batchTokens = options.batchTokens ?? 64
    this.canShift = options.canShift ?? true
    this.canBranch = options.canBranch ?? true
    this.memory = Array.from({ length: this.mostSequences }, () => [])
    const contextTokens = options.contextTokens ?? 1000
    const trainContextTokens = options.trainContextTokens ?? FACTS.trainContextTokens
    const pooledTokens = Math.min(contextTokens, this.batchTokens)
    this.facts = { ...FACTS, contextTokens, trainContextTokens, pooling: options.pooling ?? 'none', pooledTokens }
    const tokens = this.#tokens
    this.batch = {
      get size() {
        return tokens.length
      },
      clear: () => {
        tokens.length = 0
      },
      add: (token, position, sequence, wantOutput) => {
        if (tokens.length >= this.batchTokens) throw new Error('the batch is full')
        return tokens.push({ token, position, sequence, wantOutput }) - 1
      },
    }
  }

  tokenize(text: string, { parseSpecial }: { addSpecial: boolean; parseSpecial: boolean }): number[] {
    const [before = '', ...after] = parseSpecial ? text.split(MARK_TEXT) : [text]
    return [...Buffer.from(before), ...after.flatMap((part) => [MARK_TOKEN, ...Buffer.from(part)])]
  }

  detokenize(tokens: readonly number[]): string {
    return Buffer.concat(tokens.map((token) => this.piece(token, true).bytes)).toString('utf8')
  }

  piece(token: number, special: boolean): TokenPiece {
    if (token === MARK_TOKEN || token === END_TOKEN) return toTokenPiece(Buffer.from(special && token === MARK_TOKEN ? MARK_TEXT : ''))
    const piece = token < FIRST_PIECE ? Uint8Array.of(token) : (this.#options.pieces?.[token - FIRST_PIECE] ?? '')
    return toTokenPiece(typeof piece === 'string' ? Buffer.from(piece) : piece)
  }

  isEnd(token: number): boolean {
    return token === END_TOKEN
  }

  refuseUnknown(tokens: readonly number[]): void {
    if (tokens.some((token) => token < 0)) throw new AppError('invalid_request', 'there is no such token')
  }

  setThreads(count: number): void {
    this.threads.push(count)
  }

  decode(): void {
    this.#options.onDecode?.(this.#tokens.map((token) => token.sequence))
    const step = new Map<number, number>()
    for (const { token, position, sequence } of this.#tokens) {
      if (sequence >= this.sequences) throw new Error(`there is no sequence ${sequence} yet`)
      const held = this.memory[sequence] as number[]
      if (this.facts.pooling === 'none' && held.length !== position)
        throw new Error(`sequence ${sequence} holds ${held.length} tokens, not ${position}`)
      if (held.length >= this.facts.contextTokens) throw new Error(`sequence ${sequence} is full`)
      held.push(token)
      step.set(sequence, (step.get(sequence) ?? 0) + 1)
    }
    this.steps.push(step)
  }

  keepFirst(sequence: number, length: number): boolean {
    const held = this.memory[sequence] as number[]
    const kept = length <= held.length && (this.canBranch || length === held.length || length === 0)
    held.length = kept ? length : 0
    return kept
  }

  canUndo(): boolean {
    return this.canBranch
  }

  copySequence(source: number, target: number): void {
    this.memory[target] = [...(this.memory[source] as number[])]
  }

  dropMiddle(sequence: number, from: number, count: number): void {
    this.memory[sequence]?.splice(from, count)
  }

  grow({ contextTokens, slots }: ContextSize): boolean {
    const isLarger = contextTokens > this.facts.contextTokens || slots > this.sequences
    const isSmaller = contextTokens < this.facts.contextTokens || slots < this.sequences
    if (!isLarger || isSmaller || slots > this.mostSequences) throw new Error('a growth must grow')
    if (contextTokens > Math.max(this.facts.contextTokens, this.facts.trainContextTokens)) throw new Error('a growth must grow')
    if (this.#options.canGrow === false) return false
    this.sequences = slots
    this.facts = { ...this.facts, contextTokens }
    return true
  }

  readonly stateIdentity = 'scripted'
  /** A test sets it to false. */
  settled = true

  stateBytes(sequence: number): number {
    return (this.memory[sequence] as number[]).length * 4
  }

  leastStateLength(length: number): number {
    return this.canBranch ? 1 : length
  }

  readState(sequence: number, length: number, into: Uint8Array): boolean {
    const held = this.memory[sequence] as number[]
    if (!this.settled || held.length !== length) return false
    into.set(new Uint8Array(Int32Array.from(held).buffer))
    return true
  }

  writeState(sequence: number, state: Uint8Array): boolean {
    const tokens = [...new Int32Array(state.slice().buffer)]
    const fits = this.settled && tokens.length <= this.facts.contextTokens
    this.memory[sequence] = fits ? tokens : []
    return fits
  }

  createSampler(options: SamplerOptions): Sampler {
    if (options.grammar === 'bad') throw new AppError('invalid_format', 'no grammar')
    const state = { grammar: options.grammar !== undefined && !options.grammarLater, preferred: [] as readonly number[] }
    this.openSamplers++
    return {
      see: (token) => void this.seen.push(token),
      sample: (index, preferred = []) => {
        state.preferred = preferred
        return this.#nextAt(index, state)
      },
      startGrammar: () => {
        state.grammar = true
      },
      close: () => {
        this.openSamplers--
      },
    }
  }

  likeliest(index: number) {
    return { token: this.#nextAt(index, { grammar: false, preferred: [] }), lead: this.#options.lead ?? 10 }
  }

  logprobs(_index: number, token: number, topCount: number) {
    return { logprob: -0.5, top: Array.from({ length: topCount }, (_, rank) => ({ token: token + rank, logprob: -0.5 - rank })) }
  }

  pooled(sequence: number): Float32Array {
    return Float32Array.from(this.memory[sequence] ?? [])
  }

  #nextAt(index: number, state: { grammar: boolean; preferred: readonly number[] }): number {
    const place = this.#tokens[index]
    if (!place?.wantOutput) throw new Error('there are no logits at that place of the batch')
    const before = (this.memory[place.sequence] as number[]).slice(0, place.position + 1)
    return this.#options.next?.(before, state) ?? 'a'.charCodeAt(0)
  }

  clear(): void {
    for (const held of this.memory) held.length = 0
  }
}

const FACTS: EngineFacts = {
  contextTokens: 1000,
  trainContextTokens: 1000,
  vocabularySize: 1000,
  embeddingLength: 4,
  pooling: 'none',
  addsBos: false,
  addsEos: false,
  addsSeparator: false,
  separatorToken: -1,
  bosToken: -1,
  eosToken: END_TOKEN,
  bosText: '',
  eosText: '',
  weightBytes: 1,
  pooledTokens: 64,
}
