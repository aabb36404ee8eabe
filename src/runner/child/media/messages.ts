// What the runner and its worker for media say to each other. One question at a time; each gets one answer.

import type { Failure } from '../../protocol.ts'

/** What the worker is started with. */
export interface MediaWorkerData {
  projectorPath: string
  modelPath: string
  threads: number
}

export interface MediumFile {
  /** Names the content. */
  key: string
  bytes: Uint8Array
}

export type MediaQuestion =
  /** `parts`: texts, and the numbers of media between them. */
  | { type: 'read'; parts: readonly (string | number)[]; media: readonly MediumFile[] }
  /** `run`: which of the medium's. */
  | { type: 'embed'; medium: MediumFile; run: number }

export type MediaAnswer =
  | { type: 'opened' }
  | { type: 'read'; parts: ReadPart[] }
  | { type: 'embedded'; rows: Float32Array }
  | { type: 'failure'; failure: Failure }

export type ReadPart = number[] | ReadRun

/** A run of media, in the worker's words: what it holds can be asked for by the medium and the number of the run. */
export interface ReadRun {
  medium: number
  run: number
  length: number
  positions: number
  bidirectional: boolean
  rotary?: RotaryPositions
}

/** Positions of four dimensions for each cell, one dimension after the other: `from` where the run starts at nought, `step` for each place later. */
export interface RotaryPositions {
  from: Int32Array
  step: Int32Array
}
