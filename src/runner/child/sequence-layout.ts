// Where the ids of a sequence lie. A token of text takes one position. A run of media takes as many as its projector says, which may be fewer
// than its ids, and it is one thing: what a sequence is cut to ends before a run or behind it, never within. Prefixes, limits and counts are in ids
// throughout; who tells the engine a position asks here. Of text alone every answer is the question.

import type { MediaRun } from './media.ts'

export interface MediaSpan {
  /** Place of its first id. */
  from: number
  count: number
  positions: number
  /** The highest position that one of its cells has, from its first on. */
  reach: number
}

export class SequenceLayout {
  /** In order. */
  readonly #spans: readonly MediaSpan[]

  constructor(spans: readonly MediaSpan[]) {
    this.#spans = spans
  }

  get hasMedia(): boolean {
    return this.#spans.length > 0
  }

  /** Of the id at that place, which is text or the first of a run; of any where each id of the run has a position of its own. */
  positionAt(place: number): number {
    let position = place
    for (const { from, count, positions } of this.#spans) if (from < place) position -= count - positions
    return position
  }

  /** The highest among the first `length` ids. */
  lastPosition(length: number): number {
    const run = this.#spans.find(({ from, count }) => from < length && length <= from + count)
    return run ? this.positionAt(run.from) + run.reach : this.positionAt(length) - 1
  }

  /** So many ids at most, and no half run. */
  cut(length: number): number {
    return this.#spans.find(({ from, count }) => from < length && length < from + count)?.from ?? length
  }

  /** Ids from that place on that are text; none within a run. */
  textFrom(place: number): number {
    const next = this.#spans.find(({ from, count }) => place < from + count)
    return next ? Math.max(next.from - place, 0) : Number.POSITIVE_INFINITY
  }
}

export const TEXT_LAYOUT = new SequenceLayout([])

export function toSpan(from: number, { ids, positions, rotaryPositions }: MediaRun): MediaSpan {
  const reach = rotaryPositions ? Math.max(...rotaryPositions(0).subarray(0, ids.length)) : ids.length - 1
  return { from, count: ids.length, positions, reach }
}
