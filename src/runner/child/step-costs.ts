// What a step of so many tokens costs, by the median of the last ones, so that a machine that stood still for a while is soon forgotten.

const REMEMBERED_STEPS = 3

export class StepCosts {
  readonly #recent = new Map<number, number[]>()

  record(tokens: number, durationNs: number): void {
    const recent = this.#recent.get(tokens) ?? []
    recent.push(durationNs)
    if (recent.length > REMEMBERED_STEPS) recent.shift()
    this.#recent.set(tokens, recent)
  }

  /**
   * Undefined until anything was measured. Between two sizes that were, it grows evenly; beyond the largest it is taken to cost no more than
   * that one, until it has been tried.
   */
  of(tokens: number): number | undefined {
    const sizes = [...this.#recent.keys()]
    const below = Math.max(...sizes.filter((size) => size <= tokens))
    const above = Math.min(...sizes.filter((size) => size >= tokens))
    const [belowNs, aboveNs] = [this.#median(below), this.#median(above)]
    if (belowNs === undefined || aboveNs === undefined || below === above) return belowNs ?? aboveNs
    return belowNs + ((aboveNs - belowNs) * (tokens - below)) / (above - below)
  }

  #median(tokens: number): number | undefined {
    const recent = this.#recent.get(tokens)
    return recent?.toSorted((a, b) => a - b)[recent.length >> 1]
  }
}
