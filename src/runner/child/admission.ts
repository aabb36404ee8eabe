// How a request gets its slot: the one with the longest common prefix, a copy of another slot's, or a saved state; what the slot held before
// is saved when it is worth that. A request waits while its state is read from a file, and while the engine has to carry out changes that it
// has only noted.

import type { CompletionChunk } from '../protocol.ts'
import type { Completion } from './completion.ts'
import type { Engine } from './engine.ts'
import type { FoundPrefix } from './prefix-cache.ts'
import type { PrefixKeeper } from './prefix-keeper.ts'
import type { SequenceLayout } from './sequence-layout.ts'
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
    const { tokens, layout } = completion.prompt
    const limits = { contextTokens: engine.facts.contextTokens, canBranch: engine.canBranch, layout }
    const choice = chooseSlot(this.#slots, tokens, limits)
    if (!choice) return undefined
    const found = completion.tellsPrompt ? undefined : keeper?.find(completion.prompt, choice.prefixLength)
    // A saved state goes where it costs the others least.
    const slot = this.#slots[(found && chooseSlot(this.#slots, [], ANY_SLOT)?.sequence) ?? choice.sequence] as Slot
    const isWorthSaving = keeper?.isWorthSaving(slot, tokens) ?? false
    if (isWorthSaving && keeper?.isLong(tokens.length - (found?.length ?? choice.prefixLength)) && opensSlot()) return undefined
    if (found && found.state === undefined) {
      keeper?.fetch(found)
      return undefined
    }
    const mayMove = engine.settled
    // The next step settles the engine, if there is one.
    if (!mayMove && (found || isWorthSaving) && this.#slots.some((other) => other.completion && !other.completion.paused)) return undefined
    if (mayMove && isWorthSaving) keeper?.save(slot)
    const cached = completion.tellsPrompt ? this.#empty(slot) : this.#fill(slot, { found: mayMove ? found : undefined, choice, layout })
    slot.tokens = tokens.slice(0, cached)
    slot.layout = layout
    slot.pureLength = Number.POSITIVE_INFINITY
    slot.lastUsed = ++this.#uses
    slot.completion = completion
    return completion.begin(cached)
  }

  #empty({ sequence }: Slot): number {
    this.#options.engine.keepFirst(sequence, 0)
    return 0
  }

  #fill({ sequence }: Slot, source: { found: FoundPrefix | undefined; choice: SlotChoice; layout: SequenceLayout }): number {
    const { engine, keeper } = this.#options
    const { found, layout } = source
    if (found) return keeper?.restore(sequence, found, layout) ?? 0
    const { copyFrom, prefixLength } = source.choice
    if (copyFrom !== undefined) engine.copySequence(copyFrom, sequence)
    return engine.keepFirst(sequence, layout.positionAt(prefixLength)) ? prefixLength : 0
  }
}
