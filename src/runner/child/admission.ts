// How a request gets its slot: the one with the longest common prefix, a copy of another slot's, or a saved state; what the slot held before
// is saved when it is worth that. A request waits while its state is read from a file, and while the engine has to carry out changes that it
// has only noted.

import type { CompletionChunk } from '../protocol.ts'
import type { Completion } from './completion.ts'
import type { Engine } from './engine.ts'
import type { FoundPrefix } from './prefix-cache.ts'
import type { PrefixKeeper } from './prefix-keeper.ts'
import type { Slot } from './slot.ts'
import { chooseSlot, type SlotChoice } from './slots.ts'

const ANY_SLOT = { contextTokens: 0, canBranch: false }

export interface AdmissionOptions {
  engine: Engine
  keeper: PrefixKeeper | undefined
}

export class Admission {
  readonly #options: AdmissionOptions
  readonly #slots: readonly Slot[]
  #uses = 0

  constructor(options: AdmissionOptions, slots: readonly Slot[]) {
    this.#options = options
    this.#slots = slots
  }

  /**
   * What there is to tell of the request as it begins; undefined while it has to wait. `opensSlot` is asked where a talk that is worth keeping would lose its
   * slot to a prompt that is so long itself that a slot of its own costs little beside that; true: there may be one soon.
   */
  admit(completion: Completion, opensSlot: () => boolean): CompletionChunk[] | undefined {
    const { engine, keeper } = this.#options
    const { prompt } = completion
    const choice = chooseSlot(this.#slots, prompt, { contextTokens: engine.facts.contextTokens, canBranch: engine.canBranch })
    if (!choice) return undefined
    const found = completion.tellsPrompt ? undefined : keeper?.find(prompt, choice.prefixLength)
    // A saved state goes where it costs the others least.
    const slot = this.#slots[(found && chooseSlot(this.#slots, [], ANY_SLOT)?.sequence) ?? choice.sequence] as Slot
    const isWorthSaving = keeper?.isWorthSaving(slot, prompt) ?? false
    if (isWorthSaving && keeper?.isLong(prompt.length - (found?.length ?? choice.prefixLength)) && opensSlot()) return undefined
    if (found && found.state === undefined) {
      keeper?.fetch(found)
      return undefined
    }
    const mayMove = engine.settled
    // The next step settles the engine, if there is one.
    if (!mayMove && (found || isWorthSaving) && this.#slots.some((other) => other.completion && !other.completion.paused)) return undefined
    if (mayMove && isWorthSaving) keeper?.save(slot)
    const cached = completion.tellsPrompt ? this.#empty(slot) : found && mayMove ? this.#restore(slot, found) : this.#reuse(slot, choice)
    slot.tokens = prompt.slice(0, cached)
    slot.pureLength = Number.POSITIVE_INFINITY
    slot.lastUsed = ++this.#uses
    slot.completion = completion
    return completion.begin(cached)
  }

  #empty({ sequence }: Slot): number {
    this.#options.engine.keepFirst(sequence, 0)
    return 0
  }

  #restore({ sequence }: Slot, found: FoundPrefix): number {
    return this.#options.keeper?.restore(sequence, found) ?? 0
  }

  #reuse({ sequence }: Slot, { copyFrom, prefixLength }: SlotChoice): number {
    const { engine } = this.#options
    if (copyFrom !== undefined) engine.copySequence(copyFrom, sequence)
    return engine.keepFirst(sequence, prefixLength) ? prefixLength : 0
  }
}
