// What is asked of the parent about the size of the context, and what becomes of its word. One growth is asked for at a time: for one request, or for
// all together. The larger context is made while the others go on in the one in force, and adopted between two steps, if it is wanted yet. What the
// engine cannot do in the end is as if the parent had refused.

import type { Clock } from '../../base/clock.ts'
import type { ContextSize, ToParent } from '../protocol.ts'
import type { Completion } from './completion.ts'
import type { Engine, PreparedGrowth } from './engine.ts'
import { largerContext, moreContexts } from './growth.ts'

/** When there was no more memory for all together, so long passes before it is asked for again. */
export const ROOM_RETRY_NS = 5e9

export interface GrowthTalkOptions {
  engine: Engine
  clock: Pick<Clock, 'monotonicNs'>
  send: (message: ToParent) => void
  /** For contexts of that size; undefined where none grows with them. */
  prepareDraft: (contextTokens: number) => Promise<PreparedGrowth | undefined>
}

interface Growth {
  readonly size: ContextSize
  /** For which it was asked; none: for all together. */
  readonly completion: Completion | undefined
  /** Those that wait for a larger context meanwhile. */
  readonly waiting: Set<Completion>
  state: 'asked' | 'preparing' | 'ready'
  /** Undefined where it cannot be had. */
  context?: PreparedGrowth | undefined
  draft?: PreparedGrowth | undefined
}

export class GrowthTalk {
  readonly #options: GrowthTalkOptions
  #growth: Growth | undefined
  #noMoreRoomUntilNs = Number.NEGATIVE_INFINITY

  constructor(options: GrowthTalkOptions) {
    this.#options = options
  }

  /** Another thread makes a context. */
  get isPreparing(): boolean {
    return this.#growth?.state === 'preparing'
  }

  /** There is something to adopt, or it is known that there is not. */
  get isReady(): boolean {
    return this.#growth?.state === 'ready'
  }

  /** Whether there may be memory for so many tokens, as soon as the context has grown. */
  asksForRoom(neededTokens: number): boolean {
    const { engine, clock } = this.#options
    const { contextTokens } = engine.facts
    const contexts = moreContexts({ contexts: engine.contexts, mostContexts: engine.sequences, contextTokens, neededTokens })
    if (contexts === undefined || clock.monotonicNs() < this.#noMoreRoomUntilNs) return false
    if (!this.#growth) this.#ask({ contextTokens, contexts })
    return true
  }

  /** Whether the request has to wait for a larger context, which is asked for. `othersTokens`: what is under way beside it. */
  mustGrow(completion: Completion, neededTokens: number, othersTokens: number): boolean {
    const { contextTokens, reachableTokens } = completion
    const next = largerContext({ contextTokens, neededTokens, limitTokens: reachableTokens })
    if (next === undefined) return false
    const growth =
      this.#growth ?? this.#ask({ contextTokens: next, contexts: this.#contextsOf(next, neededTokens + othersTokens) }, completion)
    growth.waiting.add(completion)
    return true
  }

  /** Resolves when there is something to adopt, or nothing to wait for. `isWanted`: by that request, or by any. */
  async answer(granted: boolean, isWanted: (completion: Completion | undefined) => boolean): Promise<void> {
    const { engine, prepareDraft } = this.#options
    const growth = this.#growth
    if (growth?.state !== 'asked') return
    if (!granted || !isWanted(growth.completion)) {
      this.#growth = undefined
      if (isWanted(growth.completion)) this.#refuse(growth)
      return
    }
    growth.state = 'preparing'
    growth.context = await engine.prepareGrowth(growth.size)
    growth.draft = growth.context && (await prepareDraft(growth.size.contextTokens))
    growth.state = 'ready'
  }

  /** Between two steps. What the engine has grown to. `isWanted` as above: one that waits for it is enough. */
  adopt(isWanted: (completion: Completion | undefined) => boolean): ContextSize | undefined {
    const growth = this.#growth
    if (growth?.state !== 'ready') return undefined
    const { size, completion, waiting, context, draft } = growth
    this.#growth = undefined
    if (!(completion ? [...waiting].some(isWanted) : isWanted(undefined))) context?.discard()
    else if (!context?.adopt()) this.#refuse(growth)
    else {
      draft?.adopt()
      return size
    }
    draft?.discard()
    return undefined
  }

  /** Of that size, so that nothing that is held now is lost. */
  #contextsOf(contextTokens: number, neededTokens: number): number {
    const { engine } = this.#options
    if (!engine.isPooled) return engine.sequences
    const tokens = Math.max(engine.contexts * engine.facts.contextTokens, neededTokens)
    return Math.min(Math.ceil(tokens / contextTokens), engine.sequences)
  }

  #ask(size: ContextSize, completion?: Completion): Growth {
    this.#growth = { size, completion, waiting: new Set(), state: 'asked' }
    this.#options.send({ type: 'grow', size })
    return this.#growth
  }

  #refuse({ completion }: Growth): void {
    if (completion) completion.growthRefused = true
    else this.#noMoreRoomUntilNs = this.#options.clock.monotonicNs() + ROOM_RETRY_NS
  }
}
