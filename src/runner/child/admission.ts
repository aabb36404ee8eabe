// How a request gets its slot: the one with the longest common prefix, one that shares it with another, or a saved state; what the slot held before
// is saved when it is worth that. A request waits while there is no room for it, while its state is read from a file, and while the engine has
// to carry out changes that it has only noted.

import type { CompletionChunk } from '../protocol.ts'
import type { Completion } from './completion.ts'
import type { Engine } from './engine.ts'
import type { FoundPrefix } from './prefix-cache.ts'
import type { PrefixKeeper } from './prefix-keeper.ts'
import { type Room, reserveOf } from './room.ts'
import type { SequenceLayout } from './sequence-layout.ts'
import type { Slot } from './slot.ts'
import { chooseSlot, type SlotChoice } from './slots.ts'

export interface AdmissionOptions {
  engine: Engine
  keeper: PrefixKeeper | undefined
  room: Room
}

/** Where what a slot will hold comes from. */
interface Source {
  found: FoundPrefix | undefined
  choice: SlotChoice
  layout: SequenceLayout
}

export class Admission {
  readonly #options: AdmissionOptions
  readonly #slots: readonly Slot[]
  #uses = 0

  constructor(options: AdmissionOptions, slots: readonly Slot[]) {
    this.#options = options
    this.#slots = slots
  }

  /** What there is to tell of the first of those that wait as it begins; undefined while it has to go on waiting. */
  admit(waiting: readonly Completion[]): CompletionChunk[] | undefined {
    const { engine, keeper, room } = this.#options
    const completion = waiting[0] as Completion
    const { tokens, layout } = completion.prompt
    const { facts, canBranch, isPooled, sharesCells } = engine
    const limits = { contextTokens: facts.contextTokens, canBranch, copiesAreFree: sharesCells, neighboursMatter: !isPooled, layout }
    const chosen = chooseSlot(this.#slots, tokens, limits)
    if (!chosen) return undefined
    const found = completion.tellsPrompt ? undefined : keeper?.find(completion.prompt, chosen.prefixLength)
    // A saved state goes where it costs the others least.
    const choice = this.#withRoom(completion, (found && chooseSlot(this.#slots, [], limits)) ?? chosen)
    if (!choice) {
      const next = waiting.slice(0, this.#slots.filter(({ busy }) => !busy).length)
      room.asksForMore(next.reduce((sum, each) => sum + each.prompt.tokens.length + reserveOf(each), 0))
      return undefined
    }
    const slot = this.#slots[choice.sequence] as Slot
    const isWorthSaving = keeper?.isWorthSaving(slot, tokens) ?? false
    if (found && found.state === undefined) {
      keeper?.fetch(found)
      return undefined
    }
    const mayMove = engine.settled
    // The next step settles the engine, if there is one.
    if (!mayMove && (found || isWorthSaving) && this.#slots.some((other) => other.completion && !other.completion.paused)) return undefined
    if (mayMove && isWorthSaving) keeper?.save(slot)
    const source = choice.copyFrom === undefined ? [] : [this.#slots[choice.copyFrom] as Slot]
    room.makeWay(tokens.length - (found?.length ?? choice.prefixLength), [slot, ...source])
    const cached = completion.tellsPrompt ? this.#empty(slot) : this.#fill(slot, { found: mayMove ? found : undefined, choice, layout })
    slot.tokens = tokens.slice(0, cached)
    slot.layout = layout
    slot.pureLength = Number.POSITIVE_INFINITY
    slot.lastUsed = ++this.#uses
    slot.completion = completion
    return completion.begin(cached)
  }

  /** Undefined where there is none; what can no longer be shared beside its source may be taken over from it. */
  #withRoom(completion: Completion, choice: SlotChoice): SlotChoice | undefined {
    const { copyFrom, prefixLength } = choice
    if (copyFrom === undefined) return this.#hasRoom(completion, choice, prefixLength) ? choice : undefined
    if (this.#hasRoom(completion, choice, this.#options.engine.sharesCells ? prefixLength : 0)) return choice
    if (this.#slots[copyFrom]?.busy) return undefined
    const takenOver = { sequence: copyFrom, prefixLength }
    return this.#hasRoom(completion, takenOver, prefixLength) ? takenOver : undefined
  }

  /** `keptTokens` of the prompt take no new cells. */
  #hasRoom(completion: Completion, { sequence, copyFrom }: SlotChoice, keptTokens: number): boolean {
    const { room } = this.#options
    const slot = this.#slots[sequence] as Slot
    const spared = copyFrom === undefined ? [slot] : [slot, this.#slots[copyFrom] as Slot]
    const kept = completion.tellsPrompt ? 0 : keptTokens
    const given = room.ownFrom(slot, copyFrom === undefined ? kept : 0)
    return room.make(completion.prompt.tokens.length - kept + reserveOf(completion) - given, spared)
  }

  #empty(slot: Slot): number {
    this.#options.engine.keepFirst(slot.sequence, 0)
    this.#options.room.renewed(slot)
    return 0
  }

  #fill(slot: Slot, { found, choice, layout }: Source): number {
    const { engine, keeper, room } = this.#options
    const { copyFrom, prefixLength } = choice
    const { sequence } = slot
    if (found) {
      room.renewed(slot)
      return keeper?.restore(sequence, found, layout) ?? 0
    }
    const isThere = copyFrom === undefined || engine.copySequence(copyFrom, sequence)
    if (!isThere || !engine.keepFirst(sequence, layout.positionAt(prefixLength))) return this.#empty(slot)
    if (copyFrom !== undefined && engine.sharesCells) room.shared(this.#slots[copyFrom] as Slot, slot, prefixLength)
    else if (copyFrom !== undefined) room.renewed(slot)
    return prefixLength
  }
}
