// From the options of a request to the way a model is loaded, and whether a model that was loaded another way must be loaded again
// (contract/native.md sections 3.4 and 8). Sampling, num_keep and the context shift are the request's alone and never reload.

import path from 'node:path'
import type { ModelOptions } from '../model/options.ts'
import type { LoadSpec } from '../runner/runner.ts'
import { estimateKvCache } from './estimate.ts'
import type { LoadTarget, SchedulerLimits } from './target.ts'

const DEFAULT_CONTEXT_TOKENS = 4096
const SMALLEST_CONTEXT_TOKENS = 4
/** An image alone takes up to that many. */
const SMALLEST_VISION_CONTEXT_TOKENS = 2048
/** A pooled input is evaluated in one batch, so the batch follows the context up to here; beyond, its buffers would outgrow the model. */
const LARGEST_EMBEDDING_BATCH_TOKENS = 8192

/** More than eight streams gain little on a CPU and shorten nobody's wait. */
const AUTOMATIC_SLOTS = [8, 4, 2]

/** llama.cpp cannot split the state of these between sequences. */
const SINGLE_SLOT_FAMILIES: ReadonlySet<string> = new Set([
  'mllama',
  'qwen3vl',
  'qwen3vlmoe',
  'qwen35',
  'qwen35moe',
  'qwen3next',
  'lfm2',
  'lfm2moe',
  'nemotron_h',
  'nemotron_h_moe',
  'nemotron_h_omni',
])

const BLOB_NAME = /^sha256-([0-9a-f]{64})$/

export type LoadOptions = Pick<
  ModelOptions,
  'num_ctx' | 'num_batch' | 'num_gpu' | 'main_gpu' | 'use_mmap' | 'num_thread' | 'draft_num_predict'
>

/** With the numbers that the request, the server's settings and the model leave open filled in. */
export function toLoadSpec(target: LoadTarget, options: LoadOptions, limits: SchedulerLimits): LoadSpec {
  const contextTokens = contextTokensOf(target, options.num_ctx, limits.contextTokens)
  const draft = draftOf(target, options, limits)
  const parallel = slotsOf(target, { contextTokens, ...draft }, limits)
  return {
    modelPath: target.modelPath,
    adapterPaths: target.adapterPaths,
    ...(target.projector ? { projectorPath: target.projector.path } : {}),
    ...(target.isForeign ? { isForeign: true } : {}),
    contextTokens,
    parallel,
    ...(beginsSmall(target, draft, limits) ? { startContexts: 1 } : {}),
    // More than all slots can hold would only take memory.
    batchTokens:
      options.num_batch > 0 ? Math.min(options.num_batch, contextTokens * parallel) : automaticBatch(target, contextTokens, parallel),
    threads: Math.max(options.num_thread, 0),
    gpuLayers: options.num_gpu < 0 ? -1 : options.num_gpu,
    ...(options.main_gpu === undefined ? {} : { mainGpu: options.main_gpu }),
    ...(options.use_mmap === undefined ? {} : { useMmap: options.use_mmap }),
    kvCacheType: limits.kvCacheType,
    flashAttention: limits.flashAttention,
    speculate: limits.speculate,
    ...draft,
    embedding: target.isEmbedding,
    ...prefixCacheOf(target, limits),
  }
}

/** How far the context may grow for this request, per sequence: only where neither the request nor OLLAMA_CONTEXT_LENGTH asks for a size. */
export function contextLimitOf(target: LoadTarget, options: LoadOptions, limits: SchedulerLimits): number {
  const { trainContextTokens } = target.architecture
  const startTokens = contextTokensOf(target, options.num_ctx, limits.contextTokens)
  const grows = options.num_ctx === 0 && limits.contextTokens <= 0 && !target.isEmbedding
  return grows ? Math.max(startTokens, trainContextTokens) : startTokens
}

/** Whether a model that was loaded one way cannot serve a request for the other. Any number of GPU layers satisfies -1, any mapping an absent one. */
export function needsReload(loaded: LoadSpec, wanted: LoadSpec): boolean {
  return (
    loaded.contextTokens !== wanted.contextTokens ||
    loaded.batchTokens !== wanted.batchTokens ||
    loaded.threads !== wanted.threads ||
    loaded.mainGpu !== wanted.mainGpu ||
    (wanted.gpuLayers >= 0 && loaded.gpuLayers !== wanted.gpuLayers) ||
    (wanted.useMmap !== undefined && loaded.useMmap !== wanted.useMmap) ||
    loaded.embedding !== wanted.embedding ||
    loaded.projectorPath !== wanted.projectorPath ||
    loaded.draft?.modelPath !== wanted.draft?.modelPath ||
    loaded.draft?.mostTokens !== wanted.draft?.mostTokens ||
    loaded.adapterPaths.length !== wanted.adapterPaths.length ||
    loaded.adapterPaths.some((path, index) => path !== wanted.adapterPaths[index])
  )
}

function draftOf({ draft, isEmbedding }: LoadTarget, options: LoadOptions, { speculate }: SchedulerLimits): Pick<LoadSpec, 'draft'> {
  const mostTokens = options.draft_num_predict
  return draft && speculate && !isEmbedding && mostTokens > 0 ? { draft: { modelPath: draft.modelPath, mostTokens } } : {}
}

/** Only for models that are blobs: their names are the digests of their weights, and by these a saved state finds the model it was made with. */
function prefixCacheOf(target: LoadTarget, { prefixCache }: SchedulerLimits): Pick<LoadSpec, 'prefixCache'> {
  if (!prefixCache || target.isEmbedding) return {}
  const [modelHex, ...adapterHexes] = [target.modelPath, ...target.adapterPaths].map(
    (file) => BLOB_NAME.exec(path.basename(file))?.[1] ?? '',
  )
  if (!modelHex || adapterHexes.includes('')) return {}
  return { prefixCache: { ...prefixCache, modelHex, adapterHexes } }
}

function slotsOf(target: LoadTarget, spec: Pick<LoadSpec, 'contextTokens' | 'draft'>, limits: SchedulerLimits): number {
  if (target.isEmbedding || target.families.some((family) => SINGLE_SLOT_FAMILIES.has(family))) return 1
  if (limits.numParallel > 0) return limits.numParallel
  const fits = (parallel: number) =>
    estimateKvCache(target, { ...spec, parallel, batchTokens: 0, kvCacheType: limits.kvCacheType }) <= limits.slotMemoryBytes
  return AUTOMATIC_SLOTS.find(fits) ?? 1
}

/**
 * Memory is taken, and cleared, whether or not it is used: there is more of it when requests need it together. Talks that have to make room are
 * saved; where nothing is, there is memory for all from the start, to keep what they hold.
 */
function beginsSmall(target: LoadTarget, { draft }: Pick<LoadSpec, 'draft'>, limits: SchedulerLimits): boolean {
  return draft === undefined && prefixCacheOf(target, limits).prefixCache !== undefined
}

function contextTokensOf(target: LoadTarget, asked: number, configured: number): number {
  const wanted = asked !== 0 ? asked : configured > 0 ? configured : DEFAULT_CONTEXT_TOKENS
  const smallest = target.hasVision ? SMALLEST_VISION_CONTEXT_TOKENS : SMALLEST_CONTEXT_TOKENS
  const tokens = Math.max(wanted, smallest)
  const { trainContextTokens } = target.architecture
  return trainContextTokens > 0 ? Math.min(tokens, trainContextTokens) : tokens
}

function automaticBatch(target: LoadTarget, contextTokens: number, parallel: number): number {
  if (target.isEmbedding) return Math.min(contextTokens, LARGEST_EMBEDDING_BATCH_TOKENS)
  const total = contextTokens * parallel
  if (total <= 4096) return 512
  return total <= 32768 ? 1024 : 2048
}
