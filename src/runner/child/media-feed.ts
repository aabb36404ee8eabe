// The media of one prompt on their way into its sequence: each run's rows are asked for when it is about to be its turn, one ahead, and are gone
// when they are evaluated. The loop is told when there is something new and never waits.

import type { MediaRows } from './engine.ts'
import type { PlacedRun } from './prompt.ts'
import type { SequenceLayout } from './sequence-layout.ts'

/** Runs whose rows are there at a time: while one is evaluated, the next is made. */
const MOST_MADE = 2

export interface MediaFeedOptions {
  layout: SequenceLayout
  /** That the sequence lacks, in order. */
  runs: readonly PlacedRun[]
  /** Rows can be had, or never will be. */
  onNews: () => void
}

export class MediaFeed {
  readonly #options: MediaFeedOptions
  readonly #left: PlacedRun[]
  /** Of the first of them. */
  readonly #made: Float32Array[] = []
  readonly #controller = new AbortController()
  #isAsking = false
  #problem: { error: unknown } | undefined

  constructor(options: MediaFeedOptions) {
    this.#options = options
    this.#left = [...options.runs]
    this.#ask()
  }

  /** The rows of the next run are there. */
  get isReady(): boolean {
    return this.#made.length > 0
  }

  /** Why there will be none. */
  get problem(): { error: unknown } | undefined {
    return this.#problem
  }

  /** What is evaluated next in a sequence that holds so many ids, which ends before the next run or within; all of it or `mostRows` of it. */
  next(held: number, mostRows: number): Omit<MediaRows, 'sequence' | 'wantOutput'> {
    const { from, run } = this.#left[0] as PlacedRun
    const rows = this.#made[0] as Float32Array
    const length = run.ids.length
    const begin = held - from
    const count = run.bidirectional ? length : Math.min(mostRows, length - begin)
    const width = rows.length / length
    const start = this.#options.layout.positionAt(from)
    return {
      count,
      rows: rows.subarray(begin * width, (begin + count) * width),
      positions: run.rotaryPositions ? pieceOf(run.rotaryPositions(start), { length, begin, count }) : countFrom(start + begin, count),
      bidirectional: run.bidirectional,
    }
  }

  /** The sequence holds so many ids now. */
  took(held: number): void {
    const first = this.#left[0]
    if (!first || held < first.from + first.run.ids.length) return
    this.#left.shift()
    this.#made.shift()
    this.#ask()
  }

  close(): void {
    this.#controller.abort()
  }

  #ask(): void {
    const next = this.#left[this.#made.length]
    if (!next || this.#isAsking || this.#made.length >= MOST_MADE) return
    this.#isAsking = true
    void this.#make(next)
  }

  async #make({ run }: PlacedRun): Promise<void> {
    const { signal } = this.#controller
    try {
      const rows = await run.embed(signal)
      if (signal.aborted) return
      this.#made.push(rows)
      this.#isAsking = false
      this.#ask()
    } catch (error) {
      if (signal.aborted) return
      this.#problem = { error }
    }
    this.#options.onNews()
  }
}

function countFrom(start: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => start + index)
}

/** Of each dimension its part. */
function pieceOf(positions: Int32Array, { length, begin, count }: { length: number; begin: number; count: number }): Int32Array {
  const dimensions = positions.length / length
  const piece = new Int32Array(dimensions * count)
  for (let dimension = 0; dimension < dimensions; dimension++) {
    const from = dimension * length + begin
    piece.set(positions.subarray(from, from + count), dimension * count)
  }
  return piece
}
