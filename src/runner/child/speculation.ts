// Where guesses at the next tokens come from: what was said before, which costs nothing, or a draft model, whichever promises more. Guesses are
// evaluated together with the token before them, as many as pay by what steps have cost, and none where a step is better off without; beside
// other streams each costs more, and fewer pay. The sampler has the word on each: they change what a reply costs and never what it says.

import type { Completion } from './completion.ts'
import type { DraftModel } from './draft-model.ts'
import type { DraftLuck, DraftPlan } from './draft-plan.ts'
import type { Engine, PreparedGrowth, Threading } from './engine.ts'
import { bestCount, expectedTokens, type StepSoFar } from './guess-gain.ts'
import type { Slot } from './slot.ts'
import { StepCosts } from './step-costs.ts'
import type { ThreadGovernor } from './thread-governor.ts'

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

export interface SpeculationOptions {
  engine: Engine
  governor: Pick<ThreadGovernor, 'mostThreads'>
  drafting?: Drafting | undefined
}

export class Speculation {
  readonly #engine: Engine
  readonly #drafting: Drafting | undefined
  readonly #governor: Pick<ThreadGovernor, 'mostThreads'>
  /** By the threads that steps could have: with fewer, guesses cost more than they do beside a single token. */
  readonly #costs = new Map<number, StepCosts>()
  readonly #lucks = new WeakMap<Completion, DraftLuck>()

  constructor({ engine, governor, drafting }: SpeculationOptions) {
    this.#engine = engine
    this.#governor = governor
    this.#drafting = drafting
  }

  /** For the slots of a step in which no prompt is read. */
  guess(slots: readonly Slot[], threading: Threading): ReadonlyMap<Slot, Guess> {
    const guesses = new Map<Slot, Guess>()
    const others: Candidate[] = []
    let step: StepSoFar = { costs: this.#costsNow, tokens: todoTokens(slots), gain: slots.length, guessNs: 0 }
    for (const candidate of slots.flatMap((slot) => this.#candidate(slot))) {
      const { slot, completion, next, room } = candidate
      const { tokens, chances } = completion.lookup.propose(slot.tokens, next, Math.min(room, this.#roomIn(step)))
      const { count, pace } = bestCount(step, { chances, guessNs: 0, anySize: false })
      if (count === 0 || this.#draftPromise(candidate, step) > pace) others.push(candidate)
      else {
        guesses.set(slot, { tokens: tokens.slice(0, count), isDrafted: false })
        step = { ...step, tokens: step.tokens + count, gain: step.gain + expectedTokens(chances, count) }
      }
    }
    for (const [slot, tokens] of this.#draft(others, step, threading)) guesses.set(slot, { tokens, isDrafted: true })
    return guesses
  }

  learn(completion: Completion, { tokens, isDrafted }: Guess, accepted: number): void {
    const drafting = this.#drafting
    if (isDrafted && drafting) drafting.plan.learn(this.#luckOf(completion, drafting), { proposed: tokens.length, accepted })
  }

  /** A step without prompts. */
  record(tokens: number, durationNs: number): void {
    this.#costsNow.record(tokens, durationNs)
  }

  async prepareGrowth(contextTokens: number): Promise<PreparedGrowth | undefined> {
    return this.#drafting?.model.prepareGrowth(contextTokens)
  }

  /** Ids of media are no tokens: beside them nothing is guessed. */
  #candidate(slot: Slot): Candidate[] {
    const completion = slot.completion as Completion
    const [next, ...more] = completion.todo
    const room = Math.min(completion.contextTokens - slot.tokens.length - 2, completion.tokensLeft - 1)
    if (next === undefined || more.length > 0 || room <= 0 || slot.layout.hasMedia || !this.#engine.canUndo(slot.tokens.length)) return []
    return [{ slot, completion, next, room }]
  }

  get #costsNow(): StepCosts {
    const { mostThreads } = this.#governor
    const costs = this.#costs.get(mostThreads) ?? new StepCosts()
    this.#costs.set(mostThreads, costs)
    return costs
  }

  #roomIn(step: StepSoFar): number {
    return Math.max(Math.min(MAX_SPECULATED_TOKENS, this.#engine.batchTokens) - step.tokens, 0)
  }

  #draftPromise({ completion, room }: Candidate, step: StepSoFar): number {
    const drafting = this.#drafting
    if (!drafting) return 0
    const mostTokens = Math.min(room, drafting.mostTokens, this.#roomIn(step))
    return drafting.plan.promise({ luck: this.#luckOf(completion, drafting), mostTokens }, step).pace
  }

  #draft(candidates: readonly Candidate[], step: StepSoFar, threading: Threading): [Slot, readonly number[]][] {
    const drafting = this.#drafting
    if (!drafting || candidates.length === 0) return []
    const { model, plan } = drafting
    const mostTokens = Math.min(drafting.mostTokens, Math.floor(this.#roomIn(step) / candidates.length))
    const questions = candidates.map(({ completion, room }) => ({
      luck: this.#luckOf(completion, drafting),
      mostTokens: Math.min(room, mostTokens),
    }))
    const counts = plan.counts(questions, step)
    const wanted = candidates.flatMap(({ slot, next }, index) => {
      const count = counts[index] as number
      return count === 0 ? [] : [{ slot, wish: { sequence: slot.sequence, tokens: slot.tokens, next, mostTokens: count } }]
    })
    const stepNs = step.costs.of(step.tokens) ?? 0
    const drafts = model.guess(
      wanted.map(({ wish }) => wish),
      { threading, stepNs },
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

function todoTokens(slots: readonly Slot[]): number {
  return slots.reduce((sum, slot) => sum + (slot.completion?.todo.length ?? 0), 0)
}
