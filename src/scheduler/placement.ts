// Whether a model may be loaded now, after another has gone, or not at all. A model that cannot fit even when it is alone is refused before
// anything is evicted for it.

import { type Candidate, chooseVictim } from './eviction.ts'
import type { Memory } from './target.ts'

export interface Resident extends Candidate {
  sizeBytes: number
}

export type Placement<T extends Resident> =
  | { kind: 'load' }
  | { kind: 'evict'; victim: T }
  | { kind: 'refuse'; neededBytes: number; availableBytes: number }

export interface PlacementQuestion<T extends Resident> {
  neededBytes: number
  /** -1 = automatic; 0 = the model may not use a device's memory. */
  gpuLayers: number
  memory: Memory
  residents: readonly T[]
  maxLoadedModels: number
}

/** `evict`: this one first, then ask again. `refuse`: the model does not fit even alone. */
export function decidePlacement<T extends Resident>(question: PlacementQuestion<T>): Placement<T> {
  const { neededBytes, memory, residents } = question
  const vramBytes = question.gpuLayers === 0 ? 0 : (memory.freeVramBytes ?? 0)
  const availableBytes = memory.freeBytes + vramBytes
  const heldBytes = residents.reduce((sum, resident) => sum + resident.sizeBytes, 0)
  const reachableBytes = Math.min(availableBytes + heldBytes, memory.totalBytes + vramBytes)
  if (neededBytes > Math.max(reachableBytes, availableBytes)) return { kind: 'refuse', neededBytes, availableBytes: reachableBytes }
  const victim = chooseVictim(residents)
  if (victim && (residents.length >= question.maxLoadedModels || neededBytes > availableBytes)) return { kind: 'evict', victim }
  return { kind: 'load' }
}
