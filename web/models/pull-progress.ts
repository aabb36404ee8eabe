// What a pull has told so far: a line for each layer, and in which step it is.

import type { ProgressBody } from '../../src/api/transfer.ts'

export interface PullProgress {
  /** The server's words for the step. */
  status: string
  layers: readonly LayerProgress[]
}

export interface LayerProgress {
  digest: string
  completed: number
  total: number
}

export const NO_PROGRESS: PullProgress = { status: 'asking for the manifest', layers: [] }

export function addProgress({ layers }: PullProgress, { status, digest, total, completed = 0 }: ProgressBody): PullProgress {
  if (digest === undefined || total === undefined) return { status, layers }
  const layer = { digest, total, completed: Math.min(completed, total) }
  const isKnown = layers.some((one) => one.digest === digest)
  return { status, layers: isKnown ? layers.map((one) => (one.digest === digest ? layer : one)) : [...layers, layer] }
}

export function sumOf({ layers }: PullProgress): { completed: number; total: number } {
  return layers.reduce((sum, layer) => ({ completed: sum.completed + layer.completed, total: sum.total + layer.total }), {
    completed: 0,
    total: 0,
  })
}
