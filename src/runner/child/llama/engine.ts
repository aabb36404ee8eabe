// The Engine over llama.cpp: one model, one context, one batch. A completion context has a memory of its own for each sequence, so that a slot
// attends to its own tokens only and may keep its prefix while others work; an embedding context has one memory for all, since nothing stays
// in it. A draft model is an engine of its own beside the other, in the same process.

import { writeSync } from 'node:fs'
import { AppError } from '../../../base/errors.ts'
import { type ContextSize, type DraftSpec, GROWTH_MARKS, type LoadSpec, type ModelRole } from '../../protocol.ts'
import type { DraftEngine, Engine, EngineFacts, MediaRows, PreparedGrowth, SamplerOptions, Threading } from '../engine.ts'
import { likeliestOf, logprobsOf } from '../logprobs.ts'
import { SegmentMemo, type TokenizeOptions } from '../segment-memo.ts'
import {
  type AdapterPointer,
  type BatchStruct,
  bindApi,
  type ContextPointer,
  type LlamaApi,
  type MemoryPointer,
  type ModelPointer,
} from './api.ts'
import { LlamaBatch } from './batch.ts'
import { CandidateList } from './candidate-list.ts'
import { EngineThreads, openThreads, type SharedThreads } from './engine-threads.ts'
import { type Library, loadLibrary } from './library.ts'
import { applyAdapters, createContext, createLargerContext, loadAdapters, loadModel, type MemoryPlan, memoryPlan } from './load.ts'
import { viewFloats } from './native-memory.ts'
import { LlamaRows } from './rows.ts'
import { createSampler } from './sampler.ts'
import type { SamplingContext } from './sampler-chain.ts'
import { readSegmentMarks } from './segment-marks.ts'
import { identifyState, moveState, prepareMemory, readState, stateBytes, writeState } from './sequence-state.ts'
import { checkSameVocabulary, Vocabulary } from './vocabulary.ts'

/** More tokens than are ever evaluated ahead. */
const SPECULATION_MARGIN = 64
const STANDARD_ERROR = 2
/** Kinds of rotary positions that have several dimensions (M-RoPE, interleaved or not), by their numbers in the engine. */
const ROTARY_DIMENSIONS: Readonly<Record<number, number>> = { 8: 4, 40: 4 }

/** `most`: threads of a step. */
export async function createLlamaEngine(spec: LoadSpec, most: number): Promise<LlamaEngine> {
  const library = await loadLibrary({ gpu: spec.gpuLayers !== 0 })
  const api = bindApi(library)
  api.backendInit()
  const model = loadModel(api, spec)
  const plan = memoryPlan(api, model, spec)
  const { context, pooling } = createContext(api, model, { spec, plan, threads: most })
  const adapters = loadAdapters(api, model, spec)
  if (!applyAdapters(api, context, adapters)) throw new AppError('load_failed', 'the engine cannot apply an adapter to this model')
  // What reads images computes in a thread of its own.
  const threads = openThreads(library, { most, isAlone: spec.projectorPath === undefined })
  return new LlamaEngine(api, { library, model, context, spec, pooling, threads, adapters, plan, role: 'model' })
}

interface EngineParts {
  library: Library
  model: ModelPointer
  context: ContextPointer
  spec: LoadSpec
  pooling: string
  threads: SharedThreads
  adapters: readonly AdapterPointer[]
  plan: MemoryPlan
  role: ModelRole
}

export class LlamaEngine implements Engine, DraftEngine {
  readonly sequences: number
  readonly isPooled: boolean
  readonly sharesCells: boolean
  readonly batchTokens: number
  readonly batch: LlamaBatch
  readonly canShift: boolean
  readonly canBranch: boolean
  readonly #api: LlamaApi
  readonly #parts: EngineParts
  #facts: EngineFacts
  #context: ContextPointer
  #memory: MemoryPointer | null
  readonly #vocabulary: Vocabulary
  readonly #segments: SegmentMemo
  readonly #slidingWindow: number
  readonly #sampling: SamplingContext
  #rows: LlamaRows | undefined
  readonly #threads: EngineThreads
  #contexts: number
  /** Copies and shifts that the engine has only noted: it carries them out with the next evaluation. */
  #hasNotedChanges = false

  constructor(api: LlamaApi, parts: EngineParts) {
    const { model, context, spec } = parts
    this.#api = api
    this.#parts = parts
    this.#context = context
    this.#memory = api.contextMemory(context)
    this.#threads = new EngineThreads(api, parts.threads)
    const vocabulary = api.modelGetVocab(model)
    this.#vocabulary = new Vocabulary(api, vocabulary)
    this.#segments = new SegmentMemo({
      tokenize: (text, options) => this.#vocabulary.tokenize(text, options),
      readMarks: () => readSegmentMarks(api, model),
    })
    this.#slidingWindow = api.modelSlidingWindow(model)
    this.sequences = parts.plan.sequences
    this.isPooled = parts.plan.isPooled
    this.#contexts = parts.plan.contexts
    this.batchTokens = api.contextBatch(context)
    this.batch = new LlamaBatch(this.batchTokens, this.sequences)
    this.canShift = this.#memory !== null && api.memoryCanShift(this.#memory)
    this.canBranch = this.#memory !== null && !api.modelIsRecurrent(model) && !api.modelIsHybrid(model)
    // What several sequences have, a sliding window never gives up, so that it would fill.
    this.sharesCells = this.isPooled && this.canBranch && this.#slidingWindow <= 0
    this.#facts = this.#readFacts(spec.contextTokens)
    this.#sampling = {
      api,
      context,
      vocabulary,
      vocabularySize: this.#vocabulary.size,
      contextTokens: this.#facts.contextTokens,
      candidates: new CandidateList(this.#vocabulary.size),
      piece: (token, special) => this.#vocabulary.piece(token, special),
      isEnd: (token) => this.#vocabulary.isEnd(token),
    }
  }

  /** Throws `load_failed` for a model that cannot guess for this one; then nothing of it stays. */
  loadDraft({ modelPath }: DraftSpec): DraftEngine {
    const { spec: own, ...shared } = this.#parts
    const api = this.#api
    if (!this.canBranch) throw new AppError('load_failed', 'this model cannot take back what is evaluated ahead')
    const { draft: _, ...common } = own
    const model = loadModel(api, { ...common, modelPath, adapterPaths: [] })
    try {
      if (api.modelIsRecurrent(model) || api.modelIsHybrid(model))
        throw new AppError('load_failed', 'the draft model cannot take back what it has evaluated')
      checkSameVocabulary(api, api.modelGetVocab(this.#parts.model), api.modelGetVocab(model))
      const contextTokens = Math.min(own.contextTokens, api.modelTrainContext(model))
      const spec = { ...common, modelPath, adapterPaths: [], contextTokens }
      const plan = memoryPlan(api, model, spec)
      const { context } = createContext(api, model, { spec, plan, threads: shared.threads.most, keepsAll: true })
      return new LlamaEngine(api, { ...shared, model, context, spec, pooling: 'none', adapters: [], plan, role: 'draft' })
    } catch (error) {
      api.modelFree(model)
      throw error
    }
  }

  get hasSchedules(): boolean {
    return this.#parts.threads.rows !== undefined
  }

  get contexts(): number {
    return this.#contexts
  }

  get facts(): EngineFacts {
    return this.#facts
  }

  tokenize(text: string, options: TokenizeOptions): number[] {
    return this.#segments.tokenize(text, options)
  }

  detokenize(tokens: readonly number[]): string {
    return this.#vocabulary.detokenize(tokens)
  }

  piece(token: number, special: boolean) {
    return this.#vocabulary.piece(token, special)
  }

  isEnd(token: number): boolean {
    return this.#vocabulary.isEnd(token)
  }

  refuseUnknown(tokens: readonly number[]): void {
    this.#vocabulary.refuseUnknown(tokens)
  }

  setThreading(threading: Threading): void {
    this.#threads.set(this.#context, threading)
  }

  decode(): void {
    this.#evaluate(this.batch.toStruct())
  }

  decodeMedia(rows: MediaRows): void {
    const api = this.#api
    const { model } = this.#parts
    this.#rows ??= new LlamaRows({
      capacity: this.batchTokens,
      width: api.modelInputLength(model),
      dimensions: ROTARY_DIMENSIONS[api.modelRopeType(model)] ?? 1,
    })
    const struct = this.#rows.fill(rows)
    if (!rows.bidirectional) {
      this.#evaluate(struct)
      return
    }
    api.setCausalAttention(this.#context, false)
    try {
      this.#evaluate(struct)
    } finally {
      api.setCausalAttention(this.#context, true)
    }
  }

  #evaluate(struct: BatchStruct): void {
    const status = this.#api.decode(this.#context, struct)
    if (status !== 0)
      throw new AppError('engine_error', DECODE_FAILURES[status] ?? 'the engine failed to evaluate tokens', { details: { status } })
    this.#api.synchronize(this.#context)
    this.#hasNotedChanges = false
  }

  keepFirst(sequence: number, position: number): boolean {
    const memory = this.#memory
    if (memory === null) return position === 0
    const kept = position > 0 && this.#holdsWindow(memory, sequence, position) && this.#api.memoryRemove(memory, sequence, position, -1)
    if (!kept) this.#api.memoryRemove(memory, sequence, -1, -1)
    return kept || position === 0
  }

  /** Behind a sliding window what was evaluated ahead may already have taken the place of what the token before it attends to. */
  canUndo(position: number): boolean {
    return this.canBranch && (this.#slidingWindow <= 0 || position + SPECULATION_MARGIN < this.#slidingWindow)
  }

  copySequence(source: number, target: number): boolean {
    if (this.#memory === null) return false
    this.#api.memoryRemove(this.#memory, target, -1, -1)
    if (this.isPooled && !this.sharesCells) return this.#copyState(source, target)
    this.#api.memoryCopy(this.#memory, source, target, -1, -1)
    // Between memories of their own the engine copies with the next evaluation.
    this.#hasNotedChanges ||= !this.sharesCells
    return true
  }

  #copyState(source: number, target: number): boolean {
    const context = this.#context
    if (this.#hasNotedChanges) return false
    return moveState(this.#api, { context, sequence: source }, { context, sequence: target })
  }

  dropMiddle(sequence: number, from: number, count: number): void {
    if (this.#memory === null) return
    this.#api.memoryRemove(this.#memory, sequence, from, from + count)
    this.#api.memoryAdd(this.#memory, sequence, from + count, -1, -count)
    this.#hasNotedChanges = true
  }

  /** Between its marks the engine's log tells the sizes of the context that it makes. */
  async prepareGrowth(size: ContextSize): Promise<PreparedGrowth | undefined> {
    const api = this.#api
    const { model, spec, threads, role, plan } = this.#parts
    const { contextTokens, contexts } = size
    if (this.#memory === null) return undefined
    if (this.isPooled && contextTokens * contexts <= this.#facts.contextTokens * this.#contexts)
      return { adopt: () => this.#become(size), discard: () => {} }
    writeSync(STANDARD_ERROR, `${GROWTH_MARKS[role].begin}\n`)
    const wanted = { spec: { ...spec, contextTokens }, plan: { ...plan, contexts }, threads: threads.most, keepsAll: role === 'draft' }
    const next = await createLargerContext(api, model, { ...wanted, like: this.#context })
    if (next === null) return undefined
    const copy = await prepareMemory(Math.max(...this.#held.map((sequence) => this.stateBytes(sequence)), 0))
    return { adopt: () => this.#adopt({ next, size, copy }), discard: () => api.contextFree(next) }
  }

  /** The old context stays until the new one holds everything, so that a failure costs nothing. */
  #adopt({ next, size, copy }: { next: ContextPointer; size: ContextSize; copy: Uint8Array | undefined }): boolean {
    const api = this.#api
    const { adapters, role } = this.#parts
    if (this.#hasNotedChanges || !applyAdapters(api, next, adapters) || !this.#copySequences(next, copy)) {
      api.contextFree(next)
      return false
    }
    api.contextFree(this.#context)
    this.#context = next
    this.#memory = api.contextMemory(next)
    writeSync(STANDARD_ERROR, `${GROWTH_MARKS[role].end}\n`)
    return this.#become(size)
  }

  #become({ contextTokens, contexts }: ContextSize): true {
    this.#contexts = contexts
    this.#facts = this.#readFacts(contextTokens)
    Object.assign(this.#sampling, { context: this.#context, contextTokens: this.#facts.contextTokens })
    return true
  }

  #copySequences(context: ContextPointer, copy: Uint8Array | undefined): boolean {
    const from = this.#context
    return this.#held.every((sequence) => moveState(this.#api, { context: from, sequence }, { context, sequence }, copy))
  }

  /** Sequences that hold anything. */
  get #held(): readonly number[] {
    const memory = this.#memory
    const all = Array.from({ length: this.sequences }, (_, sequence) => sequence)
    return memory === null ? [] : all.filter((sequence) => this.#api.memoryLast(memory, sequence) >= 0)
  }

  get stateIdentity(): string {
    const { contextTokens } = this.#facts
    return identifyState({ library: this.#parts.library, contextTokens, ...(this.isPooled ? {} : { sequences: this.sequences }) })
  }

  get settled(): boolean {
    return !this.#hasNotedChanges
  }

  stateBytes(sequence: number): number {
    return stateBytes(this.#api, this.#context, sequence)
  }

  /** Of a sliding window only what the next token attends to is saved. */
  leastStateLength(length: number): number {
    const cuts = this.canBranch && (this.#slidingWindow <= 0 || length <= this.#slidingWindow)
    return cuts ? 1 : length
  }

  readState(sequence: number, lastPosition: number, into: Uint8Array): boolean {
    if (this.#memory === null || this.#hasNotedChanges) return false
    return this.#api.memoryLast(this.#memory, sequence) === lastPosition && readState(this.#api, this.#context, sequence, into)
  }

  writeState(sequence: number, state: Uint8Array): boolean {
    if (this.#memory === null || this.#hasNotedChanges) return false
    const written = writeState(this.#api, this.#context, sequence, state)
    if (!written) this.#api.memoryRemove(this.#memory, sequence, -1, -1)
    return written
  }

  createSampler(options: SamplerOptions) {
    return createSampler(this.#sampling, options)
  }

  logprobs(index: number, token: number, topCount: number) {
    const address = this.#api.logitsAt(this.#context, index)
    if (address === null) throw new AppError('engine_error', 'the engine has no logits for a token')
    return logprobsOf(viewFloats(address, this.#vocabulary.size), token, topCount)
  }

  likeliest(index: number): { token: number; lead: number } {
    const address = this.#api.logitsAt(this.#context, index)
    if (address === null) throw new AppError('engine_error', 'the engine has no logits for a token')
    return likeliestOf(viewFloats(address, this.#vocabulary.size))
  }

  pooled(sequence: number): Float32Array {
    const address = this.#api.embeddingsOf(this.#context, sequence)
    if (address === null) throw new AppError('engine_error', 'the engine has no vector for an input')
    return viewFloats(address, this.facts.embeddingLength).slice()
  }

  clear(): void {
    if (this.#memory !== null) this.#api.memoryClear(this.#memory, false)
  }

  /** A sliding window forgets; what the next token would attend to must still be there. */
  #holdsWindow(memory: MemoryPointer, sequence: number, position: number): boolean {
    if (this.#slidingWindow <= 0) return true
    return this.#api.memoryFirst(memory, sequence) <= Math.max(0, position - this.#slidingWindow)
  }

  #readFacts(askedTokens: number): EngineFacts {
    const api = this.#api
    const { model, pooling } = this.#parts
    const vocabulary = api.modelGetVocab(model)
    const [bosToken, eosToken] = [api.vocabularyBos(vocabulary), api.vocabularyEos(vocabulary)]
    const contextTokens = Math.min(api.contextSequenceSize(this.#context), askedTokens)
    const textOf = (token: number) => (token < 0 ? '' : (this.#vocabulary.piece(token, true).text ?? ''))
    return {
      contextTokens,
      trainContextTokens: api.modelTrainContext(model),
      vocabularySize: this.#vocabulary.size,
      embeddingLength: pooling === 'rank' ? api.modelClassifierOutputs(model) : api.modelEmbeddingLength(model),
      pooling,
      addsBos: api.vocabularyAddsBos(vocabulary),
      addsEos: api.vocabularyAddsEos(vocabulary),
      addsSeparator: api.vocabularyAddsSeparator(vocabulary),
      separatorToken: api.vocabularySeparator(vocabulary),
      bosToken,
      eosToken,
      bosText: textOf(bosToken),
      eosText: textOf(eosToken),
      weightBytes: Number(api.modelSize(model)),
      pooledTokens: pooling === 'last' ? contextTokens : Math.min(contextTokens, api.contextPhysicalBatch(this.#context)),
    }
  }
}

const DECODE_FAILURES: Readonly<Record<number, string>> = {
  1: 'the context has no room left for these tokens',
  2: 'the evaluation was aborted',
  [-1]: 'the engine refused the batch',
}
