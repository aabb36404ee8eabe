// How much of a prompt one step may evaluate. A step cannot be interrupted, so its length is what the other streams' tokens, a cancel and a
// new request wait for: while others decode it may take a few of their steps, alone it may take longer, since large chunks are evaluated
// faster. Measured in time, not in tokens: what is 10 ms for a small model is a second for a large one.

const ALONE_NS = 150e6
const BESIDE_DECODING_STEPS = 3
const BESIDE_DECODING_NS = 25e6
/** Before anything is known of the model's speed. */
const FIRST_CHUNK_TOKENS = 16
const SMALLEST_CHUNK_TOKENS = 4
const NEW_WEIGHT = 0.4

export class PrefillPace {
  readonly #batchTokens: number
  #tokenNs: number | undefined
  #decodeNs: number | undefined

  constructor(batchTokens: number) {
    this.#batchTokens = batchTokens
  }

  /** Prompt tokens for the next step, beside that many tokens of decoding streams. */
  budget(decodingTokens: number): number {
    const room = Math.max(this.#batchTokens - decodingTokens, 0)
    if (this.#tokenNs === undefined) return Math.min(FIRST_CHUNK_TOKENS, room)
    const targetNs = decodingTokens === 0 ? ALONE_NS : Math.max((this.#decodeNs ?? 0) * BESIDE_DECODING_STEPS, BESIDE_DECODING_NS)
    return Math.min(Math.max(Math.floor(targetNs / this.#tokenNs), SMALLEST_CHUNK_TOKENS), room)
  }

  record(step: { prefillTokens: number; decodingTokens: number; durationNs: number }): void {
    if (step.prefillTokens === 0) {
      this.#decodeNs = blend(this.#decodeNs, step.durationNs)
      return
    }
    const decodingNs = step.decodingTokens > 0 ? Math.min(this.#decodeNs ?? 0, step.durationNs / 2) : 0
    this.#tokenNs = blend(this.#tokenNs, (step.durationNs - decodingNs) / step.prefillTokens)
  }
}

function blend(known: number | undefined, measured: number): number {
  return known === undefined ? measured : known + (measured - known) * NEW_WEIGHT
}
