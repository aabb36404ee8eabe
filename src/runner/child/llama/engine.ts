// The Engine over llama.cpp: one model, one context, one batch. A completion context has a memory of its own for each sequence, so that a slot
// attends to its own tokens only and may keep its prefix while others work; an embedding context has one memory for all, since nothing stays
// in it. Whatever goes wrong while loading is `load_failed`; the engine's log on standard error says why.

import { writeSync } from 'node:fs'
import { AppError } from '../../../base/errors.ts'
import { GROWN_MARK, GROWTH_MARK, type LoadSpec } from '../../protocol.ts'
import type { Engine, EngineFacts, SamplerOptions } from '../engine.ts'
import { logprobsOf } from '../logprobs.ts'
import { type AdapterPointer, bindApi, type ContextPointer, type LlamaApi, type MemoryPointer, type ModelPointer } from './api.ts'
import { LlamaBatch } from './batch.ts'
import { type Library, loadLibrary } from './library.ts'
import { viewFloats } from './native-memory.ts'
import { CandidateList, createSampler, type SamplingContext } from './sampler.ts'
import { identifyState, moveState, readState, stateBytes, writeState } from './sequence-state.ts'
import { type ContextParams, FLASH_ATTENTION, KV_CACHE_TYPES, LOAD_MODES, POOLING, SPLIT_NONE } from './structs.ts'
import { Vocabulary } from './vocabulary.ts'

const DEFAULT_BATCH_TOKENS = 512
/** As much of one input as a pooling model takes at once, as in Ollama. */
const DEFAULT_EMBEDDING_BATCH_TOKENS = 2048
/** Inputs that are pooled together. */
const EMBEDDING_SEQUENCES = 32
/** More tokens than are ever evaluated ahead. */
const SPECULATION_MARGIN = 64
const STANDARD_ERROR = 2

export async function createLlamaEngine(spec: LoadSpec, threads: number): Promise<Engine> {
  const library = await loadLibrary({ gpu: spec.gpuLayers !== 0 })
  const api = bindApi(library)
  api.backendInit()
  const model = loadModel(api, spec)
  const { context, pooling } = createContext(api, model, { spec, threads })
  const adapters = loadAdapters(api, model, spec)
  if (!applyAdapters(api, context, adapters)) throw new AppError('load_failed', 'the engine cannot apply an adapter to this model')
  return new LlamaEngine(api, { library, model, context, spec, pooling, threads, adapters })
}

interface EngineParts {
  library: Library
  model: ModelPointer
  context: ContextPointer
  spec: LoadSpec
  pooling: string
  threads: number
  adapters: readonly AdapterPointer[]
}

class LlamaEngine implements Engine {
  readonly sequences: number
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
  readonly #slidingWindow: number
  readonly #sampling: SamplingContext
  #threads = 0
  /** Copies and shifts that the engine has only noted: it carries them out with the next evaluation. */
  #hasNotedChanges = false

  constructor(api: LlamaApi, parts: EngineParts) {
    const { model, context, spec } = parts
    this.#api = api
    this.#parts = parts
    this.#context = context
    this.#memory = api.contextMemory(context)
    const vocabulary = api.modelGetVocab(model)
    this.#vocabulary = new Vocabulary(api, vocabulary)
    this.#slidingWindow = api.modelSlidingWindow(model)
    this.sequences = spec.embedding ? EMBEDDING_SEQUENCES : spec.parallel
    this.batchTokens = api.contextBatch(context)
    this.batch = new LlamaBatch(this.batchTokens, this.sequences)
    this.canShift = this.#memory !== null && api.memoryCanShift(this.#memory)
    this.canBranch = this.#memory !== null && !api.modelIsRecurrent(model) && !api.modelIsHybrid(model)
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

  get facts(): EngineFacts {
    return this.#facts
  }

  tokenize(text: string, options: { addSpecial: boolean; parseSpecial: boolean }): number[] {
    return this.#vocabulary.tokenize(text, options)
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

  setThreads(count: number): void {
    if (count === this.#threads) return
    this.#threads = count
    this.#api.setThreads(this.#context, count, count)
  }

  decode(): void {
    const status = this.#api.decode(this.#context, this.batch.toStruct())
    if (status !== 0)
      throw new AppError('engine_error', DECODE_FAILURES[status] ?? 'the engine failed to evaluate tokens', { details: { status } })
    this.#api.synchronize(this.#context)
    this.#hasNotedChanges = false
  }

  keepFirst(sequence: number, length: number): boolean {
    const memory = this.#memory
    if (memory === null) return length === 0
    const kept = length > 0 && this.#holdsWindow(memory, sequence, length) && this.#api.memoryRemove(memory, sequence, length, -1)
    if (!kept) this.#api.memoryRemove(memory, sequence, -1, -1)
    return kept || length === 0
  }

  /** Behind a sliding window what was evaluated ahead may already have taken the place of what the token before it attends to. */
  canUndo(position: number): boolean {
    return this.canBranch && (this.#slidingWindow <= 0 || position + SPECULATION_MARGIN < this.#slidingWindow)
  }

  copySequence(source: number, target: number): void {
    if (this.#memory === null) return
    this.#api.memoryRemove(this.#memory, target, -1, -1)
    this.#api.memoryCopy(this.#memory, source, target, -1, -1)
    this.#hasNotedChanges = true
  }

  dropMiddle(sequence: number, from: number, count: number): void {
    if (this.#memory === null) return
    this.#api.memoryRemove(this.#memory, sequence, from, from + count)
    this.#api.memoryAdd(this.#memory, sequence, from + count, -1, -count)
    this.#hasNotedChanges = true
  }

  /** The old context stays until the new one holds everything, so that a failure costs nothing. */
  grow(contextTokens: number): boolean {
    const api = this.#api
    const { model, spec, threads, adapters } = this.#parts
    if (this.#memory === null || this.#hasNotedChanges) return false
    writeSync(STANDARD_ERROR, `${GROWTH_MARK}\n`)
    const batch = { n_batch: this.batchTokens, n_ubatch: api.contextPhysicalBatch(this.#context) }
    const shape = { ...completionShape({ ...spec, contextTokens }), ...batch }
    const next = api.contextInit(model, contextParams(api, { spec, threads, shape }))
    if (next === null) return false
    if (!applyAdapters(api, next, adapters) || !this.#copySequences(next)) {
      api.contextFree(next)
      return false
    }
    api.contextFree(this.#context)
    this.#context = next
    this.#memory = api.contextMemory(next)
    this.#threads = 0
    this.#facts = this.#readFacts(contextTokens)
    Object.assign(this.#sampling, { context: next, contextTokens: this.#facts.contextTokens })
    writeSync(STANDARD_ERROR, `${GROWN_MARK}\n`)
    return true
  }

  #copySequences(target: ContextPointer): boolean {
    const api = this.#api
    for (let sequence = 0; sequence < this.sequences; sequence++) {
      if (api.memoryLast(this.#memory as MemoryPointer, sequence) < 0) continue
      if (!moveState(api, sequence, { from: this.#context, to: target })) return false
    }
    return true
  }

  get stateIdentity(): string {
    const { library, model } = this.#parts
    return identifyState(this.#api, model, { library, contextTokens: this.#facts.contextTokens })
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

  readState(sequence: number, length: number, into: Uint8Array): boolean {
    if (this.#memory === null || this.#hasNotedChanges) return false
    return this.#api.memoryLast(this.#memory, sequence) === length - 1 && readState(this.#api, this.#context, sequence, into)
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

  pooled(sequence: number): Float32Array {
    const address = this.#api.embeddingsOf(this.#context, sequence)
    if (address === null) throw new AppError('engine_error', 'the engine has no vector for an input')
    return viewFloats(address, this.facts.embeddingLength).slice()
  }

  clear(): void {
    if (this.#memory !== null) this.#api.memoryClear(this.#memory, false)
  }

  /** A sliding window forgets; what the next token would attend to must still be there. */
  #holdsWindow(memory: MemoryPointer, sequence: number, length: number): boolean {
    if (this.#slidingWindow <= 0) return true
    return this.#api.memoryFirst(memory, sequence) <= Math.max(0, length - this.#slidingWindow)
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

function loadModel(api: LlamaApi, spec: LoadSpec): ModelPointer {
  const params = { ...api.modelDefaultParams(), n_gpu_layers: spec.gpuLayers }
  if (spec.useMmap !== undefined) params.load_mode = spec.useMmap ? LOAD_MODES.mmap : LOAD_MODES.none
  if (spec.mainGpu !== undefined) Object.assign(params, { main_gpu: spec.mainGpu, split_mode: SPLIT_NONE })
  const model = api.modelLoadFromFile(spec.modelPath, params)
  if (model === null) throw new AppError('load_failed', 'the engine cannot load this model')
  if (api.modelHasEncoder(model) && !spec.embedding) throw new AppError('load_failed', 'encoder-decoder models are not supported')
  if (api.modelIsDiffusion(model)) throw new AppError('load_failed', 'diffusion models are not supported')
  return model
}

function createContext(api: LlamaApi, model: ModelPointer, { spec, threads }: { spec: LoadSpec; threads: number }) {
  const shape = spec.embedding ? embeddingShape(spec) : completionShape(spec)
  const params = contextParams(api, { spec, threads, shape })
  let context = api.contextInit(model, params)
  if (context !== null && spec.embedding && poolingOf(api, context) === 'none') {
    // The file names no pooling: the mean of all tokens is what such a model gives best.
    api.contextFree(context)
    context = api.contextInit(model, { ...params, pooling_type: POOLING.mean })
  }
  if (context === null) throw new AppError('load_failed', 'the engine cannot create a context for this model')
  if (!spec.embedding && api.contextMemory(context) === null)
    throw new AppError('load_failed', 'this model can only be loaded for embeddings')
  return { context, pooling: spec.embedding ? poolingOf(api, context) : 'none' }
}

function contextParams(api: LlamaApi, { spec, threads, shape }: { spec: LoadSpec; threads: number; shape: Partial<ContextParams> }) {
  return {
    ...api.contextDefaultParams(),
    ...shape,
    n_threads: threads,
    n_threads_batch: threads,
    flash_attn_type: FLASH_ATTENTION[spec.flashAttention],
    type_k: KV_CACHE_TYPES[spec.kvCacheType],
    type_v: KV_CACHE_TYPES[spec.kvCacheType],
    swa_full: false,
  }
}

function completionShape(spec: LoadSpec) {
  const contextTokens = spec.contextTokens * spec.parallel
  const batchTokens = Math.max(Math.min(spec.batchTokens || DEFAULT_BATCH_TOKENS, contextTokens), spec.parallel)
  return {
    n_ctx: contextTokens,
    n_batch: batchTokens,
    n_ubatch: batchTokens,
    n_seq_max: spec.parallel,
    embeddings: false,
    kv_unified: false,
  }
}

function embeddingShape(spec: LoadSpec) {
  const physical = Math.min(Math.max(spec.batchTokens, DEFAULT_EMBEDDING_BATCH_TOKENS), spec.contextTokens)
  // The engine plans its memory for equal parts of a batch, one for each sequence, and aborts where that leaves a rest.
  const divisible = (tokens: number) => Math.ceil(tokens / EMBEDDING_SEQUENCES) * EMBEDDING_SEQUENCES
  return {
    n_ctx: divisible(spec.contextTokens),
    n_batch: divisible(spec.contextTokens),
    n_ubatch: divisible(physical),
    n_seq_max: EMBEDDING_SEQUENCES,
    embeddings: true,
    kv_unified: true,
  }
}

function poolingOf(api: LlamaApi, context: ContextPointer): string {
  const type = api.contextPooling(context)
  return Object.entries(POOLING).find(([, value]) => value === type)?.[0] ?? 'none'
}

function loadAdapters(api: LlamaApi, model: ModelPointer, spec: LoadSpec): AdapterPointer[] {
  return spec.adapterPaths.map((path) => {
    const adapter = api.adapterLoad(model, path)
    if (adapter === null) throw new AppError('load_failed', 'the engine cannot load an adapter of this model')
    return adapter
  })
}

function applyAdapters(api: LlamaApi, context: ContextPointer, adapters: readonly AdapterPointer[]): boolean {
  if (adapters.length === 0) return true
  const scales = new Float32Array(adapters.length).fill(1)
  return api.setAdapters(context, BigUint64Array.from(adapters), adapters.length, scales) === 0
}
