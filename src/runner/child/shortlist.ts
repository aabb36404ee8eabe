// The tokens that a chain of samplers can choose from: where the chain begins with top-k (or takes the most likely token at once), a few hundred
// of the whole vocabulary. One pass over the logits finds them, where the engine writes, moves and looks up a record for each token. The
// choice is the same to the last tie, since the chain gets everything that the engine's sort looks at: it makes a heap of the first k tokens,
// which a later one enters only if it exceeds the least of them. The heap here is made of the tokens that no bias and no penalty touches, so its
// least never exceeds the engine's; the touched ones are listed whatever they are. Where that is not certain, there is no short list.

/** The engine sorts in another way when it looks for more. */
export const MOST_COUNTED = 128
/** Beyond this the pass does not pay. */
export const MOST_SHORTLISTED = 2048

export interface ShortlistOptions {
  /** So many tokens, the most likely, are chosen from. */
  count: number
  /** Tokens with a bias. */
  biased: readonly number[]
  /** So many of the last tokens have penalties. */
  windowTokens: number
}

/** Undefined where the whole vocabulary has to be looked at. */
export function createShortlist({ count, biased, windowTokens }: ShortlistOptions): Shortlist | undefined {
  // Of two biases of one token the engine applies both where the token stands in its own place, and one where it has to be searched.
  const isTwofold = new Set(biased).size < biased.length
  if (count < 1 || count > MOST_COUNTED || biased.length > MOST_SHORTLISTED || isTwofold) return undefined
  return new Shortlist({ count, biased, windowTokens })
}

export class Shortlist {
  readonly #count: number
  readonly #windowTokens: number
  readonly #window: number[] = []
  /** Place in the window. */
  #oldest = 0
  /** How often each touched token stands in the window; once more for a bias. */
  readonly #counts = new Map<number, number>()
  /** The touched tokens in their order. */
  readonly #touched: number[] = []
  readonly #ids = new Int32Array(MOST_SHORTLISTED)
  #length = 0
  /** Logits whose first is the least. */
  readonly #heap: Float32Array
  #size = 0

  constructor({ count, biased, windowTokens }: ShortlistOptions) {
    this.#count = count
    this.#windowTokens = windowTokens
    this.#heap = new Float32Array(count)
    for (const token of biased) this.#touch(token)
  }

  /** A token of the prompt or of the reply. */
  see(token: number): void {
    if (this.#windowTokens === 0) return
    if (this.#window.length < this.#windowTokens) this.#window.push(token)
    else {
      this.#release(this.#window[this.#oldest] as number)
      this.#window[this.#oldest] = token
      this.#oldest = (this.#oldest + 1) % this.#windowTokens
    }
    this.#touch(token)
  }

  /**
   * Ids in their order, good until the next call; undefined where the whole vocabulary has to be looked at. Of a list for one token, the last is
   * the most likely when nothing is touched.
   */
  pick(logits: Float32Array): Int32Array | undefined {
    if (this.#touched.length > MOST_SHORTLISTED || !this.#startsOrderly(logits)) return undefined
    this.#length = 0
    this.#size = 0
    let from = 0
    for (const token of this.#touched) {
      this.#scan(logits, from, token)
      this.#list(token)
      from = token + 1
    }
    this.#scan(logits, from, logits.length)
    return this.#length > MOST_SHORTLISTED ? undefined : this.#ids.subarray(0, this.#length)
  }

  /** In a heap of the engine that begins with what is no number, anything may happen. */
  #startsOrderly(logits: Float32Array): boolean {
    const count = Math.min(this.#count, logits.length)
    for (let token = 0; token < count; token++) if (!((logits[token] as number) < Number.POSITIVE_INFINITY)) return false
    return true
  }

  #scan(logits: Float32Array, from: number, to: number): void {
    const head = Math.min(Math.max(this.#count, from), to)
    for (let token = from; token < head; token++) {
      this.#list(token)
      this.#offer(logits[token] as number)
    }
    for (let token = firstAbove(this.#least, logits, head, to); token < to; token = firstAbove(this.#least, logits, token + 1, to)) {
      this.#list(token)
      this.#offer(logits[token] as number)
    }
  }

  #list(token: number): void {
    if (this.#length < MOST_SHORTLISTED) this.#ids[this.#length] = token
    this.#length++
  }

  get #least(): number {
    return this.#size < this.#heap.length ? Number.NEGATIVE_INFINITY : (this.#heap[0] as number)
  }

  #offer(logit: number): void {
    if (this.#size < this.#heap.length) this.#rise(logit)
    else if (logit > (this.#heap[0] as number)) this.#sink(logit)
  }

  #rise(logit: number): void {
    let at = this.#size++
    while (at > 0) {
      const above = (at - 1) >> 1
      if ((this.#heap[above] as number) <= logit) break
      this.#heap[at] = this.#heap[above] as number
      at = above
    }
    this.#heap[at] = logit
  }

  /** In place of the first. */
  #sink(logit: number): void {
    let at = 0
    while (true) {
      let below = 2 * at + 1
      if (below >= this.#size) break
      if (below + 1 < this.#size && (this.#heap[below + 1] as number) < (this.#heap[below] as number)) below++
      if ((this.#heap[below] as number) >= logit) break
      this.#heap[at] = this.#heap[below] as number
      at = below
    }
    this.#heap[at] = logit
  }

  #touch(token: number): void {
    const count = this.#counts.get(token) ?? 0
    this.#counts.set(token, count + 1)
    if (count === 0) this.#touched.splice(placeOf(this.#touched, token), 0, token)
  }

  #release(token: number): void {
    const count = (this.#counts.get(token) as number) - 1
    if (count > 0) {
      this.#counts.set(token, count)
      return
    }
    this.#counts.delete(token)
    this.#touched.splice(placeOf(this.#touched, token), 1)
  }
}

/**
 * The first token from there on whose logit is higher, or `to`.
 * Nearly all tokens are less likely than what has been found already: comparisons that a processor foresees, where it could not foresee those of
 * a maximum. A function with nothing else in it, or V8 compiles the loop for ever again.
 */
export function firstAbove(least: number, logits: Float32Array, from: number, to: number): number {
  let token = from
  for (; token + 8 <= to; token += 8) {
    const exceeds =
      (logits[token] as number) > least ||
      (logits[token + 1] as number) > least ||
      (logits[token + 2] as number) > least ||
      (logits[token + 3] as number) > least ||
      (logits[token + 4] as number) > least ||
      (logits[token + 5] as number) > least ||
      (logits[token + 6] as number) > least ||
      (logits[token + 7] as number) > least
    if (exceeds) break
  }
  while (token < to && !((logits[token] as number) > least)) token++
  return token
}

/** Of a token in a row of tokens that ascend, or where it would stand. */
function placeOf(tokens: readonly number[], token: number): number {
  let low = 0
  let high = tokens.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((tokens[middle] as number) < token) low = middle + 1
    else high = middle
  }
  return low
}
