// Who has room in the engine's memory, which all sequences share. What a prompt under way will take is promised to it. Where there is too little,
// what idle slots hold goes first, saved where that is worth it; then more memory is asked for; and where there is none, the request that came last
// gives up what it has and reads it again when others have ended, so that none fails and the oldest always goes on. Where each sequence has a memory
// of its own, there is always room.

import { Cells } from './cells.ts'
import type { Completion } from './completion.ts'
import type { Engine } from './engine.ts'
import { replyReserve } from './growth.ts'
import type { GrowthTalk } from './growth-talk.ts'
import type { PrefixKeeper } from './prefix-keeper.ts'
import { TEXT_LAYOUT } from './sequence-layout.ts'
import type { Slot } from './slot.ts'

/** What a token of a prompt pays for a cell that it does not see, and what a byte of a state costs that goes and comes back. Of small models on processors. */
const SKIP_NS = 80
const MOVE_NS_PER_BYTE = 1

export interface RoomOptions {
  engine: Engine
  keeper: PrefixKeeper | undefined
  growth: GrowthTalk
  /** Ends the reply of a slot that can neither go on nor wait. */
  end: (slot: Slot) => void
}

type BusySlot = Slot & { completion: Completion }

const NONE: ReadonlySet<Slot> = new Set()

export class Room {
  readonly #options: RoomOptions
  readonly #slots: readonly Slot[]
  readonly #cells: Cells
  #poolTokens: number

  constructor(options: RoomOptions, slots: readonly Slot[]) {
    this.#options = options
    this.#slots = slots
    this.#cells = new Cells(slots.length)
    this.#poolTokens = this.#memoryTokens
  }

  /** Cells that nobody has and that are promised to nobody. */
  get freeTokens(): number {
    if (!this.#options.engine.isPooled) return Number.POSITIVE_INFINITY
    this.#follow()
    return this.#memoryTokens - this.#cells.used - this.#promisedTokens
  }

  /** What those that have a request hold and are about to take. */
  get busyTokens(): number {
    return this.#busy.reduce((sum, { tokens, completion }) => sum + tokens.length + completion.todo.length, 0)
  }

  get hasSuspended(): boolean {
    return this.#busy.some(({ isSuspended }) => isSuspended)
  }

  get #memoryTokens(): number {
    const { facts, contexts } = this.#options.engine
    return facts.contextTokens * contexts
  }

  get #promisedTokens(): number {
    return this.#busy.reduce((sum, { completion, isSuspended }) => sum + (isSuspended ? 0 : promisedTo(completion)), 0)
  }

  get #busy(): readonly BusySlot[] {
    return this.#slots.filter((slot): slot is BusySlot => slot.completion !== undefined)
  }

  /** Makes room for so many tokens from what idle slots hold, but for those to be spared; whether there is. */
  make(count: number, spared: readonly Slot[] = []): boolean {
    if (this.freeTokens >= count) return true
    const isSpared = (slot: Slot) => slot.busy || spared.includes(slot)
    const leastUsed = this.#cells.usedBy(this.#slots.filter(isSpared).map(({ sequence }) => sequence))
    if (this.#memoryTokens - leastUsed - this.#promisedTokens < count) return false
    const idle = this.#slots.filter((slot) => !isSpared(slot) && slot.tokens.length > 0).sort((a, b) => a.lastUsed - b.lastUsed)
    while (this.freeTokens < count) this.#giveUp(idle.shift() as Slot)
    return true
  }

  /** Idle talks that can come back make way for a prompt to which skipping them would cost more than that. */
  makeWay(promptTokens: number, spared: readonly Slot[]): void {
    const { engine, keeper } = this.#options
    if (!engine.isPooled || !engine.settled) return
    for (const slot of this.#slots) {
      if (slot.busy || slot.tokens.length === 0 || spared.includes(slot)) continue
      const skipNs = promptTokens * slot.tokens.length * SKIP_NS
      if (skipNs > engine.stateBytes(slot.sequence) * MOVE_NS_PER_BYTE && keeper?.canComeBack(slot)) this.#giveUp(slot)
    }
  }

  /** What the slot would give back, cut to that length. */
  ownFrom({ sequence }: Slot, length: number): number {
    this.#follow()
    return this.#cells.ownFrom(sequence, length)
  }

  /** Whether another sequence has some of its cells from that place on. */
  sharesFrom(slot: Slot, place: number): boolean {
    return this.ownFrom(slot, place) < slot.tokens.length - place
  }

  /** The slot holds so much of what the source holds, in the same cells. */
  shared(source: Slot, target: Slot, length: number): void {
    this.#cells.share(source.sequence, target.sequence, length)
  }

  /** What the slot holds from now on is not what it held. */
  renewed({ sequence }: Slot): void {
    this.#cells.fit(sequence, 0)
  }

  /** A larger memory is another one, into which the engine has copied each sequence. */
  grown(): void {
    if (this.#memoryTokens > this.#poolTokens) this.#cells.separate()
    this.#poolTokens = this.#memoryTokens
  }

  /** For what is under way and so many tokens more. False where there can be no more. */
  asksForMore(tokens: number): boolean {
    const held = this.#slots.reduce((sum, slot) => sum + slot.tokens.length, 0)
    const coming = this.#busy.reduce((sum, { completion }) => sum + completion.todo.length + reserveOf(completion), 0)
    return this.#options.growth.asksForRoom(held + coming + tokens)
  }

  /** Which of the slots, all in the middle of a reply, have to wait in this step. */
  squeeze(decoding: readonly Slot[]): ReadonlySet<Slot> {
    const needOf = (slot: Slot) => slot.completion?.todo.length ?? 0
    if (decoding.length === 0 || this.make(decoding.reduce((sum, slot) => sum + needOf(slot), 0))) return NONE
    const grows = this.asksForMore(0)
    const waiting = new Set<Slot>()
    let left = this.freeTokens
    for (const slot of decoding.toSorted((a, b) => a.lastUsed - b.lastUsed)) {
      if (needOf(slot) > left) waiting.add(slot)
      else left -= needOf(slot)
    }
    const isStuck = !grows && waiting.size === decoding.length && this.#promisedTokens === 0
    if (!isStuck) return waiting
    this.#dropLast()
    return this.squeeze(decoding.filter((slot) => slot.busy && !slot.isSuspended))
  }

  /** Those that gave up their memory read again as soon as there is room, the oldest first. */
  resume(): void {
    const suspended = this.#busy.filter(({ isSuspended }) => isSuspended).sort((a, b) => a.lastUsed - b.lastUsed)
    for (const slot of suspended) {
      const isAlone = this.#busy.every(({ isSuspended }) => isSuspended)
      if (!this.make(slot.completion.todo.length + reserveOf(slot.completion)) && !isAlone) return
      slot.isSuspended = false
    }
  }

  /** The oldest never has to go. A sequence with media cannot be read again from its tokens. */
  #dropLast(): void {
    const [, ...younger] = this.#busy.filter(({ isSuspended }) => !isSuspended).sort((a, b) => a.lastUsed - b.lastUsed)
    const last = younger.findLast(({ layout }) => !layout.hasMedia)
    if (last) {
      last.completion.reread(last.tokens)
      last.isSuspended = true
      this.#empty(last)
    } else this.#options.end(younger.at(-1) as Slot)
  }

  #follow(): void {
    for (const { sequence, tokens } of this.#slots) this.#cells.fit(sequence, tokens.length)
  }

  #giveUp(slot: Slot): void {
    const { engine, keeper } = this.#options
    if (engine.settled && keeper?.isWorthSaving(slot)) keeper.save(slot)
    this.#empty(slot)
  }

  #empty(slot: Slot): void {
    this.#options.engine.keepFirst(slot.sequence, 0)
    slot.tokens = []
    slot.layout = TEXT_LAYOUT
    slot.pureLength = Number.POSITIVE_INFINITY
  }
}

/** What a reply will need beside what it has. */
export function reserveOf({ request, contextTokens, prompt }: Completion): number {
  return Math.min(replyReserve(request.maxTokens, contextTokens), Math.max(contextTokens - prompt.tokens.length, 1))
}

function promisedTo({ decoding, todo }: Completion): number {
  return decoding ? 0 : todo.length
}
