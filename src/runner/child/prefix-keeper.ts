// Between slots and saved states: which slot's state is worth keeping before it is lost, and when a saved one is worth loading. Both are
// questions of time: evaluating tokens again against copying bytes. `save` and `restore` need a settled engine: changes that it has only noted
// would be carried out on the wrong bytes.

import type { Engine } from './engine.ts'
import type { FoundPrefix, PrefixCache } from './prefix-cache.ts'
import { commonLength } from './prefix-index.ts'
import type { Prompt } from './prompt.ts'
import type { SequenceLayout } from './sequence-layout.ts'
import type { Slot } from './slot.ts'

/** Fewer tokens are never worth a file. */
export const LEAST_SAVED_TOKENS = 64
/** What would take less time to evaluate again is not saved. */
const LEAST_SAVED_NS = 400e6
/** A state that lacks no more than that many of the tokens is as good. */
const MISSING_TOKENS = 8
/** Fewer tokens more than a slot holds are not worth a load. */
export const LEAST_GAIN_TOKENS = 16
/** Read from a file, checked and copied. */
const LOAD_NS_PER_BYTE = 1.5
/** As long as no prompt was evaluated: faster than most machines are. */
const FIRST_TOKEN_NS = 1e6

export interface PrefixKeeperOptions {
  engine: Engine
  cache: PrefixCache
  /** What a token of a prompt costs; undefined while that is not known. */
  tokenNs: () => number | undefined
}

export class PrefixKeeper {
  readonly #options: PrefixKeeperOptions
  readonly #identity: string

  constructor(options: PrefixKeeperOptions) {
    this.#options = options
    this.#identity = options.engine.stateIdentity
  }

  /** A state that begins as the prompt does for longer than what is at hand, and that is worth its load. */
  find({ tokens, layout }: Prompt, heldLength: number): FoundPrefix | undefined {
    const { engine, cache } = this.#options
    if (!this.#isUsable()) return undefined
    const found = cache.find(tokens, { contextTokens: engine.facts.contextTokens, layout })
    if (!found) return undefined
    const gain = found.length - heldLength
    const isWorth = gain >= LEAST_GAIN_TOKENS && gain * this.#tokenNs() > found.sizeBytes * LOAD_NS_PER_BYTE
    return isWorth ? found : undefined
  }

  /** The prompt waits for it. */
  fetch(found: FoundPrefix): void {
    this.#options.cache.fetch(found.name)
  }

  /** Whether a slot is about to lose something worth keeping. Absent `prompt`: all of it. */
  isWorthSaving(slot: Slot, prompt: readonly number[] = []): boolean {
    const { engine, cache } = this.#options
    const tokens = pureTokens(slot)
    const lost = tokens.length - commonLength(tokens, prompt, prompt.length)
    if (tokens.length < LEAST_SAVED_TOKENS || lost <= MISSING_TOKENS || lost * this.#tokenNs() < LEAST_SAVED_NS) return false
    return this.#isUsable() && !cache.covers(tokens, MISSING_TOKENS) && cache.hasRoom(engine.stateBytes(slot.sequence))
  }

  /** It is saved, or would be. */
  canComeBack(slot: Slot): boolean {
    return this.isWorthSaving(slot) || this.#options.cache.covers(pureTokens(slot), MISSING_TOKENS)
  }

  save(slot: Slot): void {
    const { engine, cache } = this.#options
    const tokens = pureTokens(slot)
    const isWhole = tokens.length === slot.tokens.length || engine.keepFirst(slot.sequence, slot.layout.positionAt(tokens.length))
    const state = isWhole ? cache.buffers.take(engine.stateBytes(slot.sequence)) : undefined
    if (!state || !engine.readState(slot.sequence, slot.layout.lastPosition(tokens.length), state)) return
    cache.keep({ tokens: Int32Array.from(tokens), leastLength: engine.leastStateLength(tokens.length), state })
  }

  /** How many tokens of its prompt, which lies so, the sequence holds then; it is empty where the state does not fit. */
  restore(sequence: number, { name, tokens, length, state }: FoundPrefix, layout: SequenceLayout): number {
    const { engine, cache } = this.#options
    const fits =
      state !== undefined &&
      engine.writeState(sequence, state) &&
      (length === tokens.length || engine.keepFirst(sequence, layout.positionAt(length)))
    if (fits) cache.take(name)
    else cache.drop(name)
    return fits ? length : 0
  }

  /** The process ends: what was used last is saved first, one after the other, since memory may be what it ends for. */
  async close(slots: readonly Slot[], late: Promise<void>): Promise<void> {
    const { cache } = this.#options
    let isLate = false
    void late.then(() => {
      isLate = true
    })
    for (const slot of slots.toSorted((a, b) => b.lastUsed - a.lastUsed)) {
      if (isLate) break
      if (!this.isWorthSaving(slot)) continue
      this.save(slot)
      await Promise.race([cache.written(), late])
    }
    await cache.close(late)
  }

  #isUsable(): boolean {
    return this.#options.engine.stateIdentity === this.#identity
  }

  #tokenNs(): number {
    return this.#options.tokenNs() ?? FIRST_TOKEN_NS
  }
}

/** Those that were evaluated after exactly those before them. */
function pureTokens({ tokens, pureLength }: Slot): readonly number[] {
  return pureLength < tokens.length ? tokens.slice(0, pureLength) : tokens
}
