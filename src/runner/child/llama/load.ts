// How a model, its adapters and its context come to be in llama.cpp. Whatever goes wrong is `load_failed`; the engine's log says why.

import { AppError } from '../../../base/errors.ts'
import type { LoadSpec } from '../../protocol.ts'
import type { AdapterPointer, ContextPointer, LlamaApi, ModelPointer } from './api.ts'
import { hasFactorsBySize } from './sequence-state.ts'
import { type ContextParams, FLASH_ATTENTION, KV_CACHE_TYPES, LOAD_MODES, POOLING, SPLIT_NONE } from './structs.ts'

const DEFAULT_BATCH_TOKENS = 512
/** An image whose rows see each other must fit one batch: 256 rows and more. */
const LEAST_MEDIA_BATCH_TOKENS = 512
/** As much of one input as a pooling model takes at once, as in Ollama. */
const DEFAULT_EMBEDDING_BATCH_TOKENS = 2048
/** Inputs that are pooled together. */
const EMBEDDING_SEQUENCES = 32

/** How the sequences of a context lie in memory. */
export interface MemoryPlan {
  /** They share their cells; else each has as many of its own. */
  isPooled: boolean
  sequences: number
  /** Whole contexts that there is memory for. */
  contexts: number
}

export interface ContextSpec {
  spec: LoadSpec
  plan: MemoryPlan
  threads: number
  /** Keeps all that a sliding window forgets, so that everything can be taken back. */
  keepsAll?: boolean
}

export function loadModel(api: LlamaApi, spec: LoadSpec): ModelPointer {
  const params = { ...api.modelDefaultParams(), n_gpu_layers: spec.gpuLayers }
  if (spec.useMmap !== undefined) params.load_mode = spec.useMmap ? LOAD_MODES.mmap : LOAD_MODES.none
  if (spec.mainGpu !== undefined) Object.assign(params, { main_gpu: spec.mainGpu, split_mode: SPLIT_NONE })
  const model = api.modelLoadFromFile(spec.modelPath, params)
  if (model === null) throw new AppError('load_failed', 'the engine cannot load this model')
  if (api.modelHasEncoder(model) && !spec.embedding) throw new AppError('load_failed', 'encoder-decoder models are not supported')
  if (api.modelIsDiffusion(model)) throw new AppError('load_failed', 'diffusion models are not supported')
  return model
}

export function createContext(api: LlamaApi, model: ModelPointer, { spec, plan, threads, keepsAll }: ContextSpec) {
  const shape = spec.embedding ? embeddingShape(spec) : completionShape(spec, plan)
  const params = contextParams(api, { spec, threads, ...(keepsAll ? { keepsAll } : {}), shape })
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

/** Beside one that is in use, with the same batches, by another thread. Null where it cannot be had. */
export function createLargerContext(
  api: LlamaApi,
  model: ModelPointer,
  { like, ...wanted }: ContextSpec & { like: ContextPointer },
): Promise<ContextPointer | null> {
  const batch = { n_batch: api.contextBatch(like), n_ubatch: api.contextPhysicalBatch(like) }
  return api.contextInitBeside(model, contextParams(api, { ...wanted, shape: { ...completionShape(wanted.spec, wanted.plan), ...batch } }))
}

/**
 * Sequences share one memory, which may be smaller than what all of them could fill. Each has one of its own where the size of the context changes
 * what is computed, and without flash attention, where what others hold would change its last digits. A memory of states alone does not depend on
 * the number of tokens.
 */
export function memoryPlan(api: LlamaApi, model: ModelPointer, spec: LoadSpec): MemoryPlan {
  const { embedding, parallel, flashAttention, startContexts = parallel } = spec
  const isPooled = flashAttention !== 'off' && !hasFactorsBySize(api, model)
  const mayBeSmall = isPooled && !api.modelIsRecurrent(model)
  return { isPooled, sequences: embedding ? EMBEDDING_SEQUENCES : parallel, contexts: mayBeSmall ? startContexts : parallel }
}

function contextParams(api: LlamaApi, { spec, threads, keepsAll, shape }: Omit<ContextSpec, 'plan'> & { shape: Partial<ContextParams> }) {
  return {
    ...api.contextDefaultParams(),
    ...shape,
    n_threads: threads,
    n_threads_batch: threads,
    flash_attn_type: FLASH_ATTENTION[spec.flashAttention],
    type_k: KV_CACHE_TYPES[spec.kvCacheType],
    type_v: KV_CACHE_TYPES[spec.kvCacheType],
    swa_full: keepsAll ?? false,
  }
}

function completionShape(spec: LoadSpec, { isPooled, sequences, contexts }: MemoryPlan) {
  const contextTokens = spec.contextTokens * contexts
  const leastTokens = spec.projectorPath === undefined ? 0 : LEAST_MEDIA_BATCH_TOKENS
  const wantedTokens = Math.max(spec.batchTokens || DEFAULT_BATCH_TOKENS, leastTokens)
  const batchTokens = Math.max(Math.min(wantedTokens, contextTokens), spec.parallel)
  return {
    n_ctx: contextTokens,
    n_batch: batchTokens,
    n_ubatch: batchTokens,
    n_seq_max: sequences,
    embeddings: false,
    kv_unified: isPooled,
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

export function loadAdapters(api: LlamaApi, model: ModelPointer, spec: LoadSpec): AdapterPointer[] {
  return spec.adapterPaths.map((path) => {
    const adapter = api.adapterLoad(model, path)
    if (adapter === null) throw new AppError('load_failed', 'the engine cannot load an adapter of this model')
    return adapter
  })
}

export function applyAdapters(api: LlamaApi, context: ContextPointer, adapters: readonly AdapterPointer[]): boolean {
  if (adapters.length === 0) return true
  const scales = new Float32Array(adapters.length).fill(1)
  return api.setAdapters(context, BigUint64Array.from(adapters), adapters.length, scales) === 0
}
