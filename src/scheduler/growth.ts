// Whether a runner's context may grow. While it does, the old context and the new one stand side by side and one sequence at a time is in a
// copy between them. Nothing is evicted for it: a request that is refused goes on in the context it has, which is all that Ollama would give it.

import type { ContextSize, LoadSpec } from '../runner/runner.ts'
import { estimateKvCache, estimateMemory } from './estimate.ts'
import type { LoadTarget, Memory } from './target.ts'

/** Left free for everything else on the machine: a growth is a wish, not a need. */
const MARGIN_SHARE = 1 / 16

export interface GrowthQuestion {
  target: Pick<LoadTarget, 'weightsBytes' | 'architecture' | 'draft' | 'projector'>
  /** As it was loaded. */
  spec: LoadSpec
  /** In force now, per sequence. */
  contextTokens: number
  wanted: ContextSize
  memory: Memory
  /** Of a load that is under way. */
  promisedBytes: number
}

export interface GrowthAnswer {
  granted: boolean
  neededBytes: number
  availableBytes: number
}

/** Granted where the new context and one copied sequence fit into what is free, less a margin and what a load under way will take. */
export function decideGrowth({ target, spec, contextTokens, wanted, memory, promisedBytes }: GrowthQuestion): GrowthAnswer {
  const { kvCacheBytes, computeBytes } = estimateMemory(target, {
    ...spec,
    contextTokens: wanted.contextTokens,
    startContexts: wanted.contexts,
  })
  const copyBytes = estimateKvCache(target, { ...spec, contextTokens, startContexts: 1 })
  const neededBytes = Math.ceil(kvCacheBytes + computeBytes + copyBytes)
  const vramBytes = spec.gpuLayers === 0 ? 0 : (memory.freeVramBytes ?? 0)
  const availableBytes = Math.floor(memory.freeBytes + vramBytes - promisedBytes - memory.totalBytes * MARGIN_SHARE)
  return { granted: neededBytes <= availableBytes, neededBytes, availableBytes }
}
