// The tokens that a chain of samplers can choose from. A chain that begins with top-k (or takes the most likely token at once) reaches the k
// most likely of those that no bias and no penalty touches, and the touched ones, whatever becomes of them; nothing else. To find them takes one
// pass over the logits, where a list for the samplers, written in JavaScript over the whole vocabulary, takes several times that. The choice is the same.

/** Beyond this the pass does not pay. */
export const MOST_SHORTLISTED = 1024

export interface ShortlistOptions {
  /** Of the tokens that nothing touches: so many, the most likely. */
  count: number
  /** Tokens with a bias. */
  biased: readonly number[]
  /** So many of the last tokens have penalties. */
  windowTokens: number
}

/** Undefined where the whole vocabulary has to be looked at. */
export function createShortlist({ count, biased, windowTokens }: ShortlistOptions): Shortlist | undefined {
  if (count < 1 || count + biased.length + windowTokens > MOST_SHORTLISTED) return undefined
  return new Shortlist({ count, biased, windowTokens })
}

export class Shortlist {
  readonly #window: number[] = []
  readonly #windowTokens: number
  readonly #biased: readonly number[]
  /** A heap whose first is the least likely; ids beside their logits. */
  readonly #ids: Int32Array
  readonly #logits: Float32Array
  #size = 0

  constructor({ count, biased, windowTokens }: ShortlistOptions) {
    this.#biased = biased
    this.#windowTokens = windowTokens
    this.#ids = new Int32Array(count)
    this.#logits = new Float32Array(count)
  }

  /** A token of the prompt or of the reply. */
  see(token: number): void {
    if (this.#windowTokens === 0) return
    this.#window.push(token)
    if (this.#window.length > this.#windowTokens) this.#window.shift()
  }

  /** Ids in their order: of equal logits the samplers take the first. */
  pick(logits: Float32Array): Int32Array {
    const touched = new Set([...this.#biased, ...this.#window])
    this.#size = 0
    this.#fill(logits, touched)
    const ids = new Int32Array(this.#size + touched.size)
    ids.set(this.#ids.subarray(0, this.#size))
    ids.set([...touched], this.#size)
    return ids.sort()
  }

  /** Nearly all tokens are less likely than what has been found already: comparisons that a processor foresees, where it could not foresee those of a maximum. */
  #fill(logits: Float32Array, touched: ReadonlySet<number>): void {
    const { length } = logits
    const inFours = length - (length % 4)
    let least = Number.NEGATIVE_INFINITY
    for (let token = 0; token < inFours; token += 4) {
      const exceeds =
        (logits[token] as number) > least ||
        (logits[token + 1] as number) > least ||
        (logits[token + 2] as number) > least ||
        (logits[token + 3] as number) > least
      if (exceeds) least = this.#offerAll(logits, token, token + 4, touched)
    }
    this.#offerAll(logits, inFours, length, touched)
  }

  /** What a token has to exceed from now on. */
  #offerAll(logits: Float32Array, from: number, to: number, touched: ReadonlySet<number>): number {
    for (let token = from; token < to; token++) {
      const logit = logits[token] as number
      if (this.#isFull && !(logit > this.#least)) continue
      if (touched.has(token)) continue
      this.#offer(token, logit)
    }
    return this.#isFull ? this.#least : Number.NEGATIVE_INFINITY
  }

  get #isFull(): boolean {
    return this.#size === this.#ids.length
  }

  get #least(): number {
    return this.#logits[0] as number
  }

  #offer(token: number, logit: number): void {
    if (this.#isFull) this.#sink(token, logit)
    else this.#rise(token, logit)
  }

  #rise(token: number, logit: number): void {
    let at = this.#size++
    while (at > 0) {
      const above = (at - 1) >> 1
      if ((this.#logits[above] as number) <= logit) break
      this.#put(at, this.#ids[above] as number, this.#logits[above] as number)
      at = above
    }
    this.#put(at, token, logit)
  }

  /** In place of the first. */
  #sink(token: number, logit: number): void {
    let at = 0
    while (true) {
      let below = 2 * at + 1
      if (below >= this.#size) break
      if (below + 1 < this.#size && (this.#logits[below + 1] as number) < (this.#logits[below] as number)) below++
      if ((this.#logits[below] as number) >= logit) break
      this.#put(at, this.#ids[below] as number, this.#logits[below] as number)
      at = below
    }
    this.#put(at, token, logit)
  }

  #put(at: number, token: number, logit: number): void {
    this.#ids[at] = token
    this.#logits[at] = logit
  }
}
