// What a step of so many tokens costs, by the last ones of that size. Sizes are measured apart, since an engine has its favourites: eight tokens may
// cost less than six. What was never measured lies between what was; and as long as nothing else is known, two tokens are taken to cost as much
// as two steps, which they do on a CPU, and further ones half as much. A size that was not used for a while is forgotten: it may have been
// measured at a bad moment, and nobody would ever know.

const REMEMBERED_STEPS = 5
/** What each token beyond the second costs of a step of one. */
const TOKEN_SHARE = 0.5
/** Steps of other sizes after which one is forgotten. */
export const FORGOTTEN_AFTER_STEPS = 256

interface Size {
  tokens: number
  usualNs: number
}

interface MeasuredSize extends Size {
  recent: number[]
  lastStep: number
}

export class StepCosts {
  #sizes: MeasuredSize[] = []
  #steps = 0

  record(tokens: number, durationNs: number): void {
    this.#steps++
    const known = this.#sizes.find((size) => size.tokens === tokens)
    const recent = [...(known?.recent ?? []).slice(1 - REMEMBERED_STEPS), durationNs]
    const others = this.#sizes.filter((size) => size !== known && this.#steps - size.lastStep < FORGOTTEN_AFTER_STEPS)
    this.#sizes = [...others, { tokens, usualNs: lowerQuartile(recent), recent, lastStep: this.#steps }].sort((a, b) => a.tokens - b.tokens)
  }

  /** Undefined until anything was measured. */
  of(tokens: number): number | undefined {
    const above = this.#sizes.find((size) => size.tokens >= tokens)
    const below = this.#sizes.findLast((size) => size.tokens < tokens)
    if (above?.tokens === tokens || !below) return above?.usualNs
    if (!above) return this.#beyond(below, tokens)
    return below.usualNs + ((above.usualNs - below.usualNs) * (tokens - below.tokens)) / (above.tokens - below.tokens)
  }

  /** What is larger than the largest grows as it usually does, or as it did so far where that is less. */
  #beyond(largest: Size, tokens: number): number {
    const inSteps = (count: number) => (count === 1 ? 1 : 1 + TOKEN_SHARE * count)
    const growthNs = largest.usualNs * (inSteps(tokens) / inSteps(largest.tokens) - 1)
    const smallest = this.#sizes[0] as Size
    if (smallest.tokens === largest.tokens) return largest.usualNs + growthNs
    const tokenNs = Math.max(largest.usualNs - smallest.usualNs, 0) / (largest.tokens - smallest.tokens)
    return largest.usualNs + Math.min(growthNs, tokenNs * (tokens - largest.tokens))
  }
}

/** A machine that is busy for a moment makes a step dearer, and nothing makes one cheaper. */
function lowerQuartile(durationsNs: readonly number[]): number {
  return durationsNs.toSorted((a, b) => a - b)[(durationsNs.length - 1) >> 2] as number
}
