// A target for tests: a small transformer with 8,192 tokens of training context.

import type { Architecture } from '../architecture.ts'
import type { LoadTarget, SchedulerLimits } from '../target.ts'

export const TEST_ARCHITECTURE: Architecture = {
  name: 'llama',
  trainContextTokens: 8192,
  embeddingLength: 576,
  blockCount: 30,
  headCount: 9,
  kvHeadCount: 3,
  keyLength: 64,
  valueLength: 64,
  vocabularySize: 49_152,
  slidingWindowTokens: 0,
  pools: false,
}

export const TEST_LIMITS: SchedulerLimits = {
  maxLoadedModels: 3,
  maxQueue: 512,
  numParallel: 1,
  slotMemoryBytes: 2 ** 30,
  loadTimeoutMs: 300_000,
  keepAliveNs: 300e9,
  contextTokens: 0,
  kvCacheType: 'f16',
  flashAttention: 'auto',
  speculate: true,
}

export function createTarget(name: string, parts: Partial<LoadTarget> = {}): LoadTarget {
  return {
    key: `blob-of-${name}`,
    name: `${name}:latest`,
    digestHex: `digest-of-${name}`,
    details: { parent_model: '', format: 'gguf', family: 'llama', families: ['llama'], parameter_size: '135M', quantization_level: 'Q4_1' },
    modelPath: `blob-of-${name}`,
    adapterPaths: [],
    weightsBytes: 98_000_000,
    architecture: TEST_ARCHITECTURE,
    isEmbedding: false,
    hasVision: false,
    families: ['llama'],
    ...parts,
  }
}
