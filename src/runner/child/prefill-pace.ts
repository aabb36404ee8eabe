// How much of a prompt one step may evaluate. A step cannot be interrupted, so its length is what the other streams' tokens, a cancel and a
// new request wait for: while others decode it may take a few of their steps, alone it may take longer, since large chunks are evaluated
// faster. Measured in time, not in tokens: what is 10 ms for a small model is a second for a large one. Alone, a chunk is a power of two and
// seldom less than 64, since the last digits of the logits depend on where a prompt was cut: the same request should give the same text
// whatever else the machine does.

const ALONE_NS = 150e6
const BESIDE_DECODING_STEPS = 3
const BESIDE_DECODING_NS = 25e6
const USUAL_CHUNK_TOKENS = 64
/** A usual chunk that takes longer than this is cut after all. */
const LONGEST_STEP_NS = 1e9
const SMALLEST_CHUNK_TOKENS = 4
/** Beside others, before anything is known of the model's speed. */
const FIRST_CHUNK_TOKENS = 16
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
    const tokens = decodingTokens === 0 ? this.#aloneTokens() : this.#besideTokens()
    return Math.min(tokens, room)
  }

  #aloneTokens(): number {
    if (this.#tokenNs === undefined) return USUAL_CHUNK_TOKENS
    const usual = Math.max(ALONE_NS / this.#tokenNs, Math.min(USUAL_CHUNK_TOKENS, LONGEST_STEP_NS / this.#tokenNs))
    return Math.max(2 ** Math.floor(Math.log2(usual)), SMALLEST_CHUNK_TOKENS)
  }

  #besideTokens(): number {
    if (this.#tokenNs === undefined) return FIRST_CHUNK_TOKENS
    const targetNs = Math.max((this.#decodeNs ?? 0) * BESIDE_DECODING_STEPS, BESIDE_DECODING_NS)
    return Math.max(Math.floor(targetNs / this.#tokenNs), SMALLEST_CHUNK_TOKENS)
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
