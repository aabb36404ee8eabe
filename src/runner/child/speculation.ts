// Where guesses at the next tokens come from: what was said before, which costs nothing, or else a draft model. Guesses are evaluated together
// with the token before them, and the sampler has the word on each: they change what a reply costs and never what it says.

import type { Completion } from './completion.ts'
import type { DraftModel } from './draft-model.ts'
import type { DraftLuck, DraftPlan } from './draft-plan.ts'
import type { Engine } from './engine.ts'
import type { Slot } from './slot.ts'

/** Tokens of one step, guessed ones among them, where something is guessed; each beyond costs as much as it is worth on a CPU. */
export const MAX_SPECULATED_TOKENS = 16

export interface Drafting {
  model: DraftModel
  plan: DraftPlan
  /** At a time, as the options say. */
  mostTokens: number
}

export interface Guess {
  tokens: readonly number[]
  isDrafted: boolean
}

export const NO_GUESS: Guess = { tokens: [], isDrafted: false }

interface Candidate {
  slot: Slot
  completion: Completion
  next: number
  room: number
}

export class Speculation {
  readonly #engine: Engine
  readonly #drafting: Drafting | undefined
  readonly #lucks = new WeakMap<Completion, DraftLuck>()

  constructor(engine: Engine, drafting: Drafting | undefined) {
    this.#engine = engine
    this.#drafting = drafting
  }

  /**
   * For the slots of a step in which no prompt is read. Guesses pay where the batch is small: beside many streams each evaluated token costs
   * almost what it is worth.
   */
  guess(slots: readonly Slot[], threads: number): ReadonlyMap<Slot, Guess> {
    const guesses = new Map<Slot, Guess>()
    const others: Candidate[] = []
    for (const candidate of slots.flatMap((slot) => this.#candidate(slot, slots.length))) {
      const { slot, completion, next, room } = candidate
      const tokens = completion.lookup.propose(slot.tokens, next, room)
      if (tokens.length > 0) guesses.set(slot, { tokens, isDrafted: false })
      else others.push(candidate)
    }
    for (const [slot, tokens] of this.#draft(others, { slots, guesses, threads })) guesses.set(slot, { tokens, isDrafted: true })
    return guesses
  }

  learn(completion: Completion, { tokens, isDrafted }: Guess, accepted: number): void {
    if (!isDrafted) completion.lookup.learn(tokens.length, accepted)
    else this.#drafting?.plan.learn(this.#luckOf(completion, this.#drafting), { proposed: tokens.length, accepted })
  }

  /** A step without prompts. */
  record(tokens: number, durationNs: number): void {
    this.#drafting?.plan.steps.record(tokens, durationNs)
  }

  grow(contextTokens: number): void {
    this.#drafting?.model.grow(contextTokens)
  }

  /** Ids of media are no tokens: beside them nothing is guessed. */
  #candidate(slot: Slot, streams: number): Candidate[] {
    const completion = slot.completion as Completion
    const [next, ...more] = completion.todo
    const room = Math.min(
      Math.floor(Math.min(MAX_SPECULATED_TOKENS, this.#engine.batchTokens) / streams) - 1,
      completion.contextTokens - slot.tokens.length - 2,
      completion.tokensLeft - 1,
    )
    if (next === undefined || more.length > 0 || room <= 0 || slot.layout.hasMedia || !this.#engine.canUndo(slot.tokens.length)) return []
    return [{ slot, completion, next, room }]
  }

  #draft(
    candidates: readonly Candidate[],
    { slots, guesses, threads }: { slots: readonly Slot[]; guesses: ReadonlyMap<Slot, Guess>; threads: number },
  ): [Slot, readonly number[]][] {
    const drafting = this.#drafting
    if (!drafting || candidates.length === 0) return []
    const { model, plan, mostTokens } = drafting
    const plainTokens = slots.reduce((sum, slot) => sum + (slot.completion?.todo.length ?? 0) + (guesses.get(slot)?.tokens.length ?? 0), 0)
    const questions = candidates.map(({ completion, room }) => ({
      luck: this.#luckOf(completion, drafting),
      mostTokens: Math.min(room, mostTokens),
    }))
    const counts = plan.counts(questions, { tokens: plainTokens, streams: slots.length })
    const wanted = candidates.flatMap(({ slot, next }, index) => {
      const count = counts[index] as number
      return count === 0 ? [] : [{ slot, wish: { sequence: slot.sequence, tokens: slot.tokens, next, mostTokens: count } }]
    })
    const stepNs = plan.steps.of(plainTokens) ?? 0
    const drafts = model.guess(
      wanted.map(({ wish }) => wish),
      { threads, stepNs },
    )
    return wanted.flatMap(({ slot }, index): [Slot, readonly number[]][] => {
      const tokens = drafts[index] as readonly number[]
      return tokens.length === 0 ? [] : [[slot, tokens]]
    })
  }

  #luckOf(completion: Completion, { plan }: Drafting): DraftLuck {
    const known = this.#lucks.get(completion)
    if (known) return known
    const luck = plan.begin()
    this.#lucks.set(completion, luck)
    return luck
  }
}
