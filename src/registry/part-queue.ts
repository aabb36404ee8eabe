// Which bytes to ask for next. Ollama's progress files, which the store keeps, count only what reaches on from the start of each of
// their parts: so every part is taken in order, and the connections spread over the parts, to lose as little as possible in a crash.

export interface Part {
  start: number
  end: number
}

/** As the store's (and Ollama's) progress files: a sixteenth of the blob within these limits. */
const STRIPES = 16
const MIN_STRIPE_BYTES = 100e6
const MAX_STRIPE_BYTES = 1000e6
/** One request: short enough that the last ones do not wait for a slow connection. */
const REQUESTS_PER_STRIPE = 16
const MIN_PART_BYTES = 1024 * 1024
const MAX_PART_BYTES = 32 * 1024 * 1024

interface Stripe {
  parts: Part[]
  active: number
}

export class PartQueue {
  readonly #stripes: Stripe[]

  constructor(missing: readonly Part[], sizeBytes: number, partBytes = partSize(sizeBytes)) {
    const stripeBytes = clamp(Math.floor(sizeBytes / STRIPES), MIN_STRIPE_BYTES, MAX_STRIPE_BYTES)
    const stripes = new Map<number, Stripe>()
    for (const part of missing.flatMap((range) => split(range, partBytes, stripeBytes))) {
      const index = Math.floor(part.start / stripeBytes)
      const stripe = stripes.get(index) ?? { parts: [], active: 0 }
      stripe.parts.push(part)
      stripes.set(index, stripe)
    }
    this.#stripes = [...stripes.values()]
  }

  get length(): number {
    return this.#stripes.reduce((sum, stripe) => sum + stripe.parts.length, 0)
  }

  /** In order. Whoever fetches all of them at once moves their starts along. */
  waiting(): Part[] {
    return this.#stripes.flatMap((stripe) => stripe.parts)
  }

  /** Runs `fetch` with part after part until none is left. */
  async drain(fetch: (part: Part) => Promise<void>): Promise<void> {
    for (let stripe = this.#neediest(); stripe; stripe = this.#neediest()) {
      const part = stripe.parts.shift() as Part
      stripe.active++
      try {
        await fetch(part)
      } finally {
        stripe.active--
      }
    }
  }

  #neediest(): Stripe | undefined {
    const need = ({ parts, active }: Stripe) => parts.length / (active + 1)
    const waiting = this.#stripes.filter((stripe) => stripe.parts.length > 0)
    return waiting.reduce<Stripe | undefined>((best, stripe) => (best && need(best) >= need(stripe) ? best : stripe), undefined)
  }
}

/** No part crosses the border of a stripe. */
function split({ start, end }: Part, partBytes: number, stripeBytes: number): Part[] {
  const parts: Part[] = []
  for (let from = start; from < end; ) {
    const border = (Math.floor(from / stripeBytes) + 1) * stripeBytes
    const to = Math.min(from + partBytes, end, border)
    parts.push({ start: from, end: to })
    from = to
  }
  return parts
}

function partSize(sizeBytes: number): number {
  return clamp(Math.ceil(sizeBytes / (STRIPES * REQUESTS_PER_STRIPE)), MIN_PART_BYTES, MAX_PART_BYTES)
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}
