// A sequence of the engine as the loop sees it: what it holds and whom it serves.

import type { Completion } from './completion.ts'
import { type SequenceLayout, TEXT_LAYOUT } from './sequence-layout.ts'
import type { SlotState } from './slots.ts'

export class Slot implements SlotState {
  readonly sequence: number
  tokens: number[] = []
  layout: SequenceLayout = TEXT_LAYOUT
  pureLength = Number.POSITIVE_INFINITY
  lastUsed = 0
  completion: Completion | undefined
  /** What the sequence held had to make room; it is evaluated again later. */
  isSuspended = false

  constructor(sequence: number) {
    this.sequence = sequence
  }

  get busy(): boolean {
    return this.completion !== undefined
  }
}
