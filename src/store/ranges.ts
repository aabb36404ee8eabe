// Which bytes of a file are there: disjoint ranges [start, end) in order. Pure.

export interface Range {
  start: number
  end: number
}

export class RangeSet {
  #ranges: Range[] = []

  add(start: number, end: number): void {
    if (end <= start) return
    const apart = this.#ranges.filter((range) => range.end < start || range.start > end)
    const touching = this.#ranges.filter((range) => range.end >= start && range.start <= end)
    const merged = {
      start: Math.min(start, ...touching.map((range) => range.start)),
      end: Math.max(end, ...touching.map((range) => range.end)),
    }
    this.#ranges = [...apart, merged].sort((a, b) => a.start - b.start)
  }

  get all(): readonly Range[] {
    return this.#ranges
  }

  /** The gaps between 0 and `size`. */
  missing(size: number): Range[] {
    const gaps: Range[] = []
    let at = 0
    for (const { start, end } of this.#ranges) {
      if (start > at) gaps.push({ start: at, end: Math.min(start, size) })
      at = Math.max(at, end)
    }
    if (at < size) gaps.push({ start: at, end: size })
    return gaps
  }

  /** How far one can go on from `start` without a gap, at most to `end`. */
  reach(start: number, end: number): number {
    const around = this.#ranges.find((range) => range.start <= start && range.end > start)
    return around ? Math.min(around.end, end) : start
  }

  overlaps(start: number, end: number): boolean {
    return this.#ranges.some((range) => range.start < end && range.end > start)
  }
}
