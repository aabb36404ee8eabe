// How many cells of the engine's memory the sequences take together. A cell holds one token; sequences that begin alike can have their first cells
// in common, and those count once. A mirror of what the engine does: it does not tell.

export class Cells {
  /** Of each sequence, one after the other. */
  readonly #held: number[][]
  /** How many sequences have a cell, of those that more than one has. */
  readonly #holders = new Map<number, number>()
  #last = 0
  #used = 0

  constructor(sequences: number) {
    this.#held = Array.from({ length: sequences }, () => [])
  }

  get used(): number {
    return this.#used
  }

  /** The sequence is that long now: it has lost its end or got new cells. */
  fit(sequence: number, length: number): void {
    const held = this.#of(sequence)
    while (held.length > length) this.#release(held.pop() as number)
    while (held.length < length) {
      held.push(++this.#last)
      this.#used++
    }
  }

  /** Cells that these sequences have, together. */
  usedBy(sequences: readonly number[]): number {
    return new Set(sequences.flatMap((sequence) => this.#of(sequence))).size
  }

  /** The target gives up what it has and gets the source's first cells, beside it. */
  share(source: number, target: number, length: number): void {
    this.fit(target, 0)
    const held = this.#of(target)
    for (const cell of this.#of(source).slice(0, length)) {
      held.push(cell)
      this.#holders.set(cell, (this.#holders.get(cell) ?? 1) + 1)
    }
  }

  /** Cells from that place on that no other sequence has. */
  ownFrom(sequence: number, from: number): number {
    const held = this.#of(sequence)
    if (this.#holders.size === 0) return Math.max(held.length - from, 0)
    return held.reduce((sum, cell, place) => sum + (place >= from && !this.#holders.has(cell) ? 1 : 0), 0)
  }

  /** Each sequence has its own, as after a copy of all. */
  separate(): void {
    this.#holders.clear()
    this.#used = 0
    for (const [sequence, held] of this.#held.entries()) {
      const { length } = held
      held.length = 0
      this.fit(sequence, length)
    }
  }

  #of(sequence: number): number[] {
    return this.#held[sequence] as number[]
  }

  #release(cell: number): void {
    const holders = this.#holders.get(cell)
    if (holders === undefined) this.#used--
    else if (holders > 2) this.#holders.set(cell, holders - 1)
    else this.#holders.delete(cell)
  }
}
