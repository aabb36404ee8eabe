// An Engine of a few lines for the loop's tests: it says what a script tells it, and insists on what the real one needs: that positions follow
// each other (behind media with positions of several dimensions there may be a gap), that nothing is evaluated twice, that no sequence outgrows
// its context. Tokens are bytes, one end and one mark. A row of media is one number, which stands for it.

import { AppError } from '../../base/errors.ts'
import type {
  Batch,
  DraftEngine,
  Engine,
  EngineFacts,
  MediaRows,
  PreparedGrowth,
  Sampler,
  SamplerOptions,
  Threading,
} from '../child/engine.ts'
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
  /** A larger context is not there before. */
  growing?: Promise<void>
  sequences?: number
  /** Sequences share a memory for so many whole contexts; default: each has its own. */
  contexts?: number
  /** Default: as in any shared memory. */
  sharesCells?: boolean
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
  readonly sequences: number
  readonly isPooled: boolean
  contexts: number
  readonly sharesCells: boolean
  readonly batchTokens: number
  readonly batch: Batch
  readonly canShift: boolean
  readonly canBranch: boolean
  readonly hasSchedules = false
  /** What each sequence holds. */
  readonly memory: number[][]
  /** Where they lie. */
  readonly positions: number[][]
  /** In which cells. */
  readonly cells: number[][]
  /** The media so far. */
  readonly media: MediaRows[] = []
  /** The batches so far, as sequence -> number of tokens. */
  readonly steps: Map<number, number>[] = []
  openSamplers = 0
  /** Contexts that are neither in force nor discarded. */
  openGrowths = 0
  threads: number[] = []
  seen: number[] = []
  readonly #options: ScriptedEngineOptions
  readonly #tokens: BatchToken[] = []
  #lastCell = 0
  /** What the last evaluation has logits of: a sequence, so far. */
  readonly #outputs = new Map<number, { sequence: number; length: number }>()

  constructor(options: ScriptedEngineOptions = {}) {
    this.#options = options
    this.sequences = options.sequences ?? 2
    this.isPooled = options.contexts !== undefined
    this.contexts = options.contexts ?? this.sequences
    this.sharesCells = this.isPooled && (options.sharesCells ?? true)
    this.batchTokens = options.batchTokens ?? 64
    this.canShift = options.canShift ?? true
    this.canBranch = options.canBranch ?? true
    this.memory = Array.from({ length: this.sequences }, () => [])
    this.positions = Array.from({ length: this.sequences }, () => [])
    this.cells = Array.from({ length: this.sequences }, () => [])
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

  setThreading({ threads }: Threading): void {
    this.threads.push(threads)
  }

  decode(): void {
    this.#options.onDecode?.(this.#tokens.map((token) => token.sequence))
    const step = new Map<number, number>()
    this.#outputs.clear()
    for (const [index, { token, position, sequence, wantOutput }] of this.#tokens.entries()) {
      if (token < 0) throw new Error(`there is no token ${token}`)
      const last = this.positions[sequence]?.at(-1) ?? -1
      const isNext = position === last + 1 || (position > last && this.#mayHaveGaps(sequence))
      if (this.facts.pooling === 'none' && !isNext) throw new Error(`sequence ${sequence} ends at ${last}, and ${position} is not next`)
      this.#hold(sequence, token, position)
      if (wantOutput) this.#outputs.set(index, { sequence, length: (this.memory[sequence] as number[]).length })
      step.set(sequence, (step.get(sequence) ?? 0) + 1)
    }
    this.steps.push(step)
  }

  decodeMedia(media: MediaRows): void {
    const { sequence, count, rows, positions, bidirectional, wantOutput } = media
    if (count !== rows.length) throw new Error(`there are ${rows.length} rows, not ${count}`)
    if (count > this.batchTokens) throw new Error('the batch is full')
    if (bidirectional && positions.length === count && positions[0] !== (this.positions[sequence]?.at(-1) ?? -1) + 1)
      throw new Error('the run does not begin where the sequence ends')
    this.#options.onDecode?.(Array.from(rows, () => sequence))
    for (const [index, row] of rows.entries()) this.#hold(sequence, row, positions[index] as number)
    this.#outputs.clear()
    if (wantOutput) this.#outputs.set(count - 1, { sequence, length: (this.memory[sequence] as number[]).length })
    this.media.push({ ...media, rows: rows.slice() })
    this.steps.push(new Map([[sequence, count]]))
  }

  #hold(sequence: number, value: number, position: number): void {
    const held = this.memory[sequence] as number[]
    if (held.length >= this.facts.contextTokens) throw new Error(`sequence ${sequence} is full`)
    held.push(value)
    this.positions[sequence]?.push(position)
    this.cells[sequence]?.push(++this.#lastCell)
    this.#checkCells()
  }

  #checkCells(): void {
    if (!this.isPooled) return
    if (new Set(this.cells.flat()).size > this.facts.contextTokens * this.contexts) throw new Error('there are no more cells')
  }

  /** Behind media whose cells share a position. */
  #mayHaveGaps(sequence: number): boolean {
    return this.positions[sequence]?.some((position, index, all) => position === all[index + 1]) ?? false
  }

  keepFirst(sequence: number, position: number): boolean {
    const held = this.memory[sequence] as number[]
    const positions = this.positions[sequence] as number[]
    const isThere = position <= (positions.at(-1) ?? -1) + 1 || this.#mayHaveGaps(sequence)
    const at = positions.findIndex((each) => each >= position)
    const length = at < 0 ? held.length : at
    const kept = isThere && (this.canBranch || length === held.length || length === 0)
    held.length = kept ? length : 0
    positions.length = held.length
    ;(this.cells[sequence] as number[]).length = held.length
    return kept
  }

  canUndo(): boolean {
    return this.canBranch
  }

  copySequence(source: number, target: number): boolean {
    const cells = this.cells[source] as number[]
    this.memory[target] = [...(this.memory[source] as number[])]
    this.positions[target] = [...(this.positions[source] as number[])]
    this.cells[target] = this.sharesCells ? [...cells] : cells.map(() => ++this.#lastCell)
    this.#checkCells()
    return true
  }

  dropMiddle(sequence: number, from: number, count: number): void {
    const [lost = [], moved = []] = [this.cells[sequence]?.splice(from, count), this.cells[sequence]?.slice(from)]
    const others = new Set(this.cells.filter((_, other) => other !== sequence).flat())
    if (moved.some((cell) => others.has(cell))) throw new Error(`cells of sequence ${sequence} behind ${lost.length} are shared`)
    this.memory[sequence]?.splice(from, count)
    this.positions[sequence] = [...(this.memory[sequence] as number[]).keys()]
  }

  async prepareGrowth(size: ContextSize): Promise<PreparedGrowth | undefined> {
    this.#checkGrowth(size)
    await this.#options.growing
    if (this.#options.canGrow === false) return undefined
    this.openGrowths++
    const close = () => {
      this.openGrowths--
    }
    return { adopt: () => this.#adopt(size, close), discard: close }
  }

  #checkGrowth({ contextTokens, contexts }: ContextSize): void {
    const isLarger = contextTokens > this.facts.contextTokens || contexts > this.contexts
    const isSmaller = contextTokens < this.facts.contextTokens || contextTokens * contexts < this.facts.contextTokens * this.contexts
    if (!isLarger || isSmaller || contexts > this.sequences) throw new Error('a growth must grow')
    if (contextTokens > Math.max(this.facts.contextTokens, this.facts.trainContextTokens)) throw new Error('a growth must grow')
  }

  #adopt({ contextTokens, contexts }: ContextSize, close: () => void): boolean {
    close()
    if (!this.settled) return false
    if (contextTokens * contexts > this.facts.contextTokens * this.contexts)
      for (const [sequence, cells] of this.cells.entries()) this.cells[sequence] = cells.map(() => ++this.#lastCell)
    this.contexts = contexts
    this.facts = { ...this.facts, contextTokens }
    this.#checkCells()
    return true
  }

  readonly stateIdentity = 'scripted'
  /** A test sets it to false. */
  settled = true

  stateBytes(sequence: number): number {
    return (this.memory[sequence] as number[]).length * 8
  }

  leastStateLength(length: number): number {
    return this.canBranch ? 1 : length
  }

  readState(sequence: number, lastPosition: number, into: Uint8Array): boolean {
    const held = this.memory[sequence] as number[]
    const positions = this.positions[sequence] as number[]
    if (!this.settled || positions.at(-1) !== lastPosition) return false
    into.set(new Uint8Array(Int32Array.from([...held, ...positions]).buffer))
    return true
  }

  writeState(sequence: number, state: Uint8Array): boolean {
    const words = [...new Int32Array(state.slice().buffer)]
    const length = words.length / 2
    const fits = this.settled && length <= this.facts.contextTokens
    this.memory[sequence] = fits ? words.slice(0, length) : []
    this.positions[sequence] = fits ? words.slice(length) : []
    this.cells[sequence] = (this.memory[sequence] as number[]).map(() => ++this.#lastCell)
    this.#checkCells()
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
    const place = this.#outputs.get(index)
    if (!place) throw new Error('there are no logits at that place of the batch')
    const before = (this.memory[place.sequence] as number[]).slice(0, place.length)
    return this.#options.next?.(before, state) ?? 'a'.charCodeAt(0)
  }

  clear(): void {
    for (const held of [...this.memory, ...this.positions, ...this.cells]) held.length = 0
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
