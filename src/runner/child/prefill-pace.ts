// How much of a prompt one step may evaluate. A step cannot be interrupted, so its length is what the other streams' tokens, a cancel and a
// new request wait for: while others decode it may take a few of their steps, longer the more prompts there are, because who waits for a first
// token waits longer than who has one; alone it may take much longer. Measured in time, not in tokens: what is 10 ms for a small model is a
// second for a large one. Alone, a chunk is a power of two, since the last digits of the logits depend on where a prompt was cut: the same request
// should give the same text whatever else the machine does.

/** Longer chunks are cheaper per token: 570 tokens in pieces of 512 were read 7 % sooner than in pieces of 128. */
const ALONE_NS = 1.5e9
const BESIDE_DECODING_STEPS = 3
const BESIDE_DECODING_NS = 40e6
/** Prompts that count when the step is shared out; with more of them the decoding streams would seem to stand still. */
const MOST_PROMPTS = 4
const SMALLEST_CHUNK_TOKENS = 4
/** Before anything is known of the model's speed: alone, and beside others. */
const FIRST_ALONE_TOKENS = 128
const FIRST_BESIDE_TOKENS = 16
const NEW_WEIGHT = 0.4
/** A chunk below this tells little of what a token costs. */
const TELLING_CHUNK_TOKENS = 16

export class PrefillPace {
  readonly #batchTokens: number
  #tokenNs: number | undefined
  /** What a step of so many decoding streams costs. */
  readonly #decodeNs = new Map<number, number>()

  constructor(batchTokens: number) {
    this.#batchTokens = batchTokens
  }

  /** Prompt tokens for the next step, of that many prompts together, beside that many tokens of decoding streams. */
  budget(decodingTokens: number, prompts: number): number {
    const tokens = decodingTokens === 0 ? this.#aloneTokens() : this.#besideTokens(decodingTokens, prompts)
    return Math.min(tokens, this.room(decodingTokens))
  }

  /** What the batch can take beside them. */
  room(decodingTokens: number): number {
    return Math.max(this.#batchTokens - decodingTokens, 0)
  }

  /** What a token of a prompt costs; undefined until one was evaluated. */
  get tokenNs(): number | undefined {
    return this.#tokenNs
  }

  #aloneTokens(): number {
    if (this.#tokenNs === undefined) return FIRST_ALONE_TOKENS
    return Math.max(2 ** Math.floor(Math.log2(ALONE_NS / this.#tokenNs)), SMALLEST_CHUNK_TOKENS)
  }

  #besideTokens(decodingTokens: number, prompts: number): number {
    if (this.#tokenNs === undefined) return FIRST_BESIDE_TOKENS
    const stepNs = this.#stepNs(decodingTokens) ?? 0
    const targetNs = Math.max(stepNs * BESIDE_DECODING_STEPS, BESIDE_DECODING_NS * Math.min(prompts, MOST_PROMPTS))
    return Math.max(Math.floor(targetNs / this.#tokenNs), SMALLEST_CHUNK_TOKENS)
  }

  record(step: { prefillTokens: number; decodingTokens: number; durationNs: number }): void {
    const { prefillTokens, decodingTokens, durationNs } = step
    if (prefillTokens === 0) {
      this.#decodeNs.set(decodingTokens, blend(this.#decodeNs.get(decodingTokens), durationNs, NEW_WEIGHT))
      return
    }
    const ownShareNs = (durationNs * decodingTokens) / (prefillTokens + decodingTokens)
    const decodingNs = decodingTokens === 0 ? 0 : Math.min(this.#stepNs(decodingTokens) ?? ownShareNs, durationNs / 2)
    const weight = NEW_WEIGHT * Math.min(1, prefillTokens / TELLING_CHUNK_TOKENS)
    this.#tokenNs = blend(this.#tokenNs, (durationNs - decodingNs) / prefillTokens, weight)
  }

  /** Measured, or concluded from the nearest number of streams that was: a step costs no more for each than that of fewer did. */
  #stepNs(decodingTokens: number): number | undefined {
    const known = [...this.#decodeNs.keys()]
    const below = known.filter((tokens) => tokens <= decodingTokens)
    const nearest = below.length > 0 ? Math.max(...below) : Math.min(...known)
    const nearestNs = this.#decodeNs.get(nearest)
    return nearestNs === undefined ? undefined : nearestNs * Math.max(1, decodingTokens / nearest)
  }
}

function blend(known: number | undefined, measured: number, weight: number): number {
  return known === undefined ? measured : known + (measured - known) * weight
}
