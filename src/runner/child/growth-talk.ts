// What is asked of the parent about the size of the context, and what its word means. One growth is asked for at a time: for one request, or for all
// together. What the engine cannot do in the end is as if the parent had refused.

import type { Clock } from '../../base/clock.ts'
import type { ContextSize, ToParent } from '../protocol.ts'
import type { Completion } from './completion.ts'
import type { Engine } from './engine.ts'
import { largerContext, moreContexts } from './growth.ts'

/** When there was no more memory for all together, so long passes before it is asked for again. */
export const ROOM_RETRY_NS = 5e9

export interface GrowthTalkOptions {
  engine: Engine
  clock: Pick<Clock, 'monotonicNs'>
  send: (message: ToParent) => void
}

export class GrowthTalk {
  readonly #options: GrowthTalkOptions
  #asked: { size: ContextSize; completion?: Completion } | undefined
  #noMoreRoomUntilNs = Number.NEGATIVE_INFINITY

  constructor(options: GrowthTalkOptions) {
    this.#options = options
  }

  /** Whether there may be memory for so many tokens, as soon as the parent has answered. */
  asksForRoom(neededTokens: number): boolean {
    const { engine, clock } = this.#options
    const { contextTokens } = engine.facts
    const contexts = moreContexts({ contexts: engine.contexts, mostContexts: engine.sequences, contextTokens, neededTokens })
    if (contexts === undefined || clock.monotonicNs() < this.#noMoreRoomUntilNs) return false
    if (!this.#asked) this.#ask({ contextTokens, contexts })
    return true
  }

  /** Whether the request has to wait for a larger context, which is asked for. `othersTokens`: what is under way beside it. */
  mustGrow(completion: Completion, neededTokens: number, othersTokens: number): boolean {
    const { contextTokens, reachableTokens } = completion
    const next = largerContext({ contextTokens, neededTokens, limitTokens: reachableTokens })
    if (next === undefined) return false
    if (!this.#asked) this.#ask({ contextTokens: next, contexts: this.#contextsOf(next, neededTokens + othersTokens) }, completion)
    return true
  }

  /** What the engine has grown to. `isWanted`: by that request, or by any. */
  answer(granted: boolean, isWanted: (completion: Completion | undefined) => boolean): ContextSize | undefined {
    const { engine, clock } = this.#options
    const asked = this.#asked
    this.#asked = undefined
    if (!asked || !isWanted(asked.completion)) return undefined
    if (granted && engine.grow(asked.size)) return asked.size
    if (asked.completion) asked.completion.growthRefused = true
    else this.#noMoreRoomUntilNs = clock.monotonicNs() + ROOM_RETRY_NS
    return undefined
  }

  /** Of that size, so that nothing that is held now is lost. */
  #contextsOf(contextTokens: number, neededTokens: number): number {
    const { engine } = this.#options
    if (!engine.isPooled) return engine.sequences
    const tokens = Math.max(engine.contexts * engine.facts.contextTokens, neededTokens)
    return Math.min(Math.ceil(tokens / contextTokens), engine.sequences)
  }

  #ask(size: ContextSize, completion?: Completion): void {
    this.#asked = { size, ...(completion ? { completion } : {}) }
    this.#options.send({ type: 'grow', size })
  }
}
