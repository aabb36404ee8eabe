// What the scheduler is asked to load, what limits it obeys, and what it tells about what runs.

import type { ModelDetails } from '../model/details.ts'
import type { LoadSpec, PrefixCacheSpec } from '../runner/runner.ts'
import type { Architecture } from './architecture.ts'

export interface LoadTarget {
  /** Models with the same key share a runner: the path of the model's blob. */
  key: string
  /** Short name; the first one that a runner was loaded under is the one it is listed by. */
  name: string
  digestHex: string
  details: ModelDetails
  modelPath: string
  adapterPaths: readonly string[]
  /** What sees and hears for the model, where it has that. */
  projector?: ProjectorTarget
  /** A file of it has to be translated into the engine's layout before it is loaded. */
  isForeign?: boolean
  /** Size of the model's file and its adapters. */
  weightsBytes: number
  architecture: Architecture
  draft?: DraftTarget
  /** It cannot complete text: it is loaded for pooled vectors. */
  isEmbedding: boolean
  hasVision: boolean
  families: readonly string[]
}

export interface ProjectorTarget {
  path: string
  weightsBytes: number
  /** Of its buffers while it looks at one image. */
  computeBytes: number
}

/** The small model that guesses for the large one. */
export interface DraftTarget {
  modelPath: string
  weightsBytes: number
  /** Absent where its file is no GGUF; then the runner says so. */
  architecture?: Architecture
}

export interface SchedulerLimits {
  /** 0 = automatic. */
  maxLoadedModels: number
  /** Requests that may wait, for a load or for a slot of a loaded model. */
  maxQueue: number
  /** Slots per runner; 0 = as many as `slotMemoryBytes` has room for. */
  numParallel: number
  /** What the KV caches of one runner's slots may take together where their number is automatic. Fixed, so that it never asks for a reload. */
  slotMemoryBytes: number
  /** A load that makes no progress for so long is given up; 0 or less = never. */
  loadTimeoutMs: number
  /** For requests that name none. Infinity = for ever; 0 or less = unload at once. */
  keepAliveNs: number
  /** Context of requests that name none; 0 = the built-in default. */
  contextTokens: number
  kvCacheType: LoadSpec['kvCacheType']
  flashAttention: LoadSpec['flashAttention']
  speculate: boolean
  /** Where states of sequences are saved; absent = nowhere. */
  prefixCache?: Pick<PrefixCacheSpec, 'folder' | 'limitBytes' | 'freeShare'>
}

export interface Memory {
  totalBytes: number
  freeBytes: number
  /** On devices with memory of their own, where there are any. */
  freeVramBytes?: number
}

export interface Running {
  name: string
  digestHex: string
  details: ModelDetails
  sizeBytes: number
  sizeVramBytes: number
  contextTokens: number
  /** Milliseconds since 1970; Infinity = for ever. */
  expiresMs: number
}
