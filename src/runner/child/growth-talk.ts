// What is asked of the parent about the size of the context, and what its word means. One growth is asked for at a time: for one request, or for all
// that wait for a slot. What the engine cannot do in the end is as if the parent had refused.

import type { Clock } from '../../base/clock.ts'
import type { ContextSize, ToParent } from '../protocol.ts'
import type { Completion } from './completion.ts'
import type { Engine } from './engine.ts'
import { largerContext, moreSlots } from './growth.ts'

/** When there was no memory for more slots, so long passes before they are asked for again. */
export const SLOTS_RETRY_NS = 5e9

export interface GrowthTalkOptions {
  engine: Engine
  clock: Pick<Clock, 'monotonicNs'>
  send: (message: ToParent) => void
}

export class GrowthTalk {
  readonly #options: GrowthTalkOptions
  #asked: { size: ContextSize; completion?: Completion } | undefined
  #noMoreSlotsUntilNs = Number.NEGATIVE_INFINITY

  constructor(options: GrowthTalkOptions) {
    this.#options = options
  }

  /** Whether there may be more, as soon as the parent has answered. */
  asksForSlots(waiting: number): boolean {
    const { engine, clock } = this.#options
    const slots = moreSlots({ slots: engine.sequences, mostSlots: engine.mostSequences, waiting })
    if (slots === undefined || clock.monotonicNs() < this.#noMoreSlotsUntilNs) return false
    if (!this.#asked) this.#ask({ contextTokens: engine.facts.contextTokens, slots })
    return true
  }

  /** Whether the request has to wait for a larger context, which is asked for. */
  mustGrow(completion: Completion, neededTokens: number): boolean {
    const { contextTokens, reachableTokens } = completion
    const next = largerContext({ contextTokens, neededTokens, limitTokens: reachableTokens })
    if (next === undefined) return false
    if (!this.#asked) this.#ask({ contextTokens: next, slots: this.#options.engine.sequences }, completion)
    return true
  }

  /** What the engine has grown to. `isWanted`: by that request, or by any that waits for a slot. */
  answer(granted: boolean, isWanted: (completion: Completion | undefined) => boolean): ContextSize | undefined {
    const { engine, clock } = this.#options
    const asked = this.#asked
    this.#asked = undefined
    if (!asked || !isWanted(asked.completion)) return undefined
    if (granted && engine.grow(asked.size)) return asked.size
    if (asked.completion) asked.completion.growthRefused = true
    else this.#noMoreSlotsUntilNs = clock.monotonicNs() + SLOTS_RETRY_NS
    return undefined
  }

  #ask(size: ContextSize, completion?: Completion): void {
    this.#asked = { size, ...(completion ? { completion } : {}) }
    this.#options.send({ type: 'grow', size })
  }
}
