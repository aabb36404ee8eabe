// How much memory a model will take, predicted from its file's metadata before anything is loaded: weights, KV cache, compute buffers.
// It is meant to be right within a tenth for plain transformers and never absurd for others; what the engine reports replaces it later.

import type { LoadSpec } from '../runner/runner.ts'
import type { Architecture } from './architecture.ts'
import type { LoadTarget } from './target.ts'

const BYTES_PER_ELEMENT: Readonly<Record<LoadSpec['kvCacheType'], number>> = {
  f32: 4,
  f16: 2,
  bf16: 2,
  q8_0: 34 / 32,
  q5_1: 24 / 32,
  q5_0: 22 / 32,
  q4_1: 20 / 32,
  q4_0: 18 / 32,
  iq4_nl: 18 / 32,
}

/** The process itself: the libraries, the vocabulary, the heap. */
const PROCESS_BYTES = 64 * 1024 * 1024
const FLOAT_BYTES = 4
/** llama.cpp evaluates no more at once, whatever the batch. */
const LARGEST_STEP_TOKENS = 512

export type KvCacheSpec = Pick<LoadSpec, 'contextTokens' | 'parallel' | 'startContexts' | 'batchTokens' | 'kvCacheType' | 'draft'>
type Sized = Pick<LoadTarget, 'weightsBytes' | 'architecture' | 'draft' | 'projector'>

/** A draft model counts where it is loaded beside the other, a projector always. */
export interface Estimate {
  weightsBytes: number
  kvCacheBytes: number
  computeBytes: number
  totalBytes: number
}

/** Bytes of weights, KV caches of all slots, compute buffers and process. */
export function estimateMemory(target: Sized, spec: LoadSpec): Estimate {
  const draft = spec.draft && target.draft
  const weightsBytes = target.weightsBytes + (draft?.weightsBytes ?? 0) + (target.projector?.weightsBytes ?? 0)
  const kvCacheBytes = estimateKvCache(target, spec)
  const draftBytes = draft?.architecture ? estimateCompute(draft.architecture, spec) : 0
  const computeBytes = estimateCompute(target.architecture, spec) + draftBytes + (target.projector?.computeBytes ?? 0)
  return {
    weightsBytes,
    kvCacheBytes,
    computeBytes,
    totalBytes: Math.ceil(weightsBytes + kvCacheBytes + computeBytes + PROCESS_BYTES),
  }
}

/** Bytes of the KV cache that is there from the start. */
export function estimateKvCache({ architecture, draft }: Pick<Sized, 'architecture' | 'draft'>, spec: KvCacheSpec): number {
  const drafted = spec.draft && draft?.architecture ? kvCacheOf(draft.architecture, spec) : 0
  return kvCacheOf(architecture, spec) + drafted
}

function kvCacheOf(architecture: Architecture, spec: KvCacheSpec): number {
  const { blockCount, kvHeadCount, keyLength, valueLength, slidingWindowTokens } = architecture
  const perToken = kvHeadCount * (keyLength + valueLength) * BYTES_PER_ELEMENT[spec.kvCacheType]
  const tokens = spec.contextTokens * (spec.startContexts ?? spec.parallel)
  // Which layers look back a window only is not in the metadata; of the models that have one, half of the layers at least do.
  const windowed = slidingWindowTokens > 0 && slidingWindowTokens < spec.contextTokens ? Math.floor(blockCount / 2) : 0
  const windowTokens = Math.min(tokens, slidingWindowTokens * spec.parallel + spec.batchTokens)
  return perToken * ((blockCount - windowed) * tokens + windowed * windowTokens)
}

function estimateCompute({ vocabularySize, embeddingLength, headCount }: Architecture, spec: LoadSpec): number {
  const stepTokens = spec.embedding ? spec.batchTokens : Math.min(spec.batchTokens, LARGEST_STEP_TOKENS)
  const logits = spec.embedding ? 0 : stepTokens * vocabularySize * FLOAT_BYTES
  const activations = stepTokens * embeddingLength * 8 * FLOAT_BYTES
  const scores = spec.flashAttention === 'off' ? stepTokens * spec.contextTokens * headCount * FLOAT_BYTES : 0
  return logits + activations + scores
}
