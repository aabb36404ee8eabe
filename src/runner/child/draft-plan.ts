// How many tokens a draft model guesses for each reply: as many as give the most tokens per second, by what steps of both models have cost and
// by how often its guesses were right in that reply. None is an answer too: a draft that is slow, or that knows other words than the model,
// soon costs nothing. Now and then it is tried all the same, ever more seldom, since the machine and the text change.

import { StepCosts } from './step-costs.ts'

/** Of a reply that has not been guessed at. */
const FIRST_RATE = 0.7
/** How much a single guess moves the rate of its reply, and that the rate of the replies to come. */
const REPLY_WEIGHT = 0.1
const USUAL_WEIGHT = 0.02
/** Guesses of a trial, where guessing does not seem to pay. */
const TRIAL_TOKENS = 2
const FIRST_REST_STEPS = 16
const LONGEST_REST_STEPS = 1024
/** Guessed steps in a row, after which one without guesses tells what it would cost. */
const STEPS_BETWEEN_PLAIN_ONES = 32

/** The guesses at one reply so far. */
export class DraftLuck {
  /** Share of the guesses that were right, the last ones above all. */
  rate: number
  restedSteps = 0
  tried = false

  constructor(rate: number) {
    this.rate = rate
  }
}

export interface DraftQuestion {
  luck: DraftLuck
  mostTokens: number
}

export interface PlainStep {
  /** In the batch without these guesses. */
  tokens: number
  streams: number
}

export class DraftPlan {
  /** Of the model, by the tokens in the batch. */
  readonly steps = new StepCosts()
  /** Of the draft model: a token for each of so many replies. */
  readonly rounds = new StepCosts()
  #usualRate = FIRST_RATE
  #restSteps = FIRST_REST_STEPS
  #guessedSteps = 0

  begin(): DraftLuck {
    return new DraftLuck(this.#usualRate)
  }

  /** Tokens to guess for each of them. */
  counts(questions: readonly DraftQuestion[], plain: PlainStep): number[] {
    const plainNs = this.steps.of(plain.tokens)
    // What a step costs without guesses has to be known first, and again from time to time.
    if (plainNs === undefined || this.#guessedSteps >= STEPS_BETWEEN_PLAIN_ONES) {
      this.#guessedSteps = 0
      return questions.map(() => 0)
    }
    const guessNs = (this.rounds.of(questions.length) ?? 0) / questions.length
    const step = { tokens: plain.tokens, gain: plain.streams, draftNs: 0 }
    const counts = questions.map(({ luck, mostTokens }) => {
      const count = this.#countFor(luck, this.#best(luck.rate, mostTokens, { ...step, guessNs }), mostTokens)
      step.tokens += count
      step.gain += expectedTokens(luck.rate, count)
      step.draftNs += count * guessNs
      return count
    })
    if (counts.some((count) => count > 0)) this.#guessedSteps++
    else this.#guessedSteps = 0
    return counts
  }

  learn(luck: DraftLuck, { proposed, accepted }: { proposed: number; accepted: number }): void {
    luck.tried = false
    for (let index = 0; index < Math.min(accepted + 1, proposed); index++) {
      const right = index < accepted ? 1 : 0
      luck.rate += (right - luck.rate) * REPLY_WEIGHT
      this.#usualRate += (right - this.#usualRate) * USUAL_WEIGHT
    }
  }

  #best(rate: number, mostTokens: number, { tokens, gain, draftNs, guessNs }: Step): number {
    let best = 0
    let bestPace = 0
    for (let count = 0; count <= mostTokens; count++) {
      const ns = (this.steps.of(tokens + count) ?? 0) + draftNs + count * guessNs
      const pace = (gain + expectedTokens(rate, count)) / Math.max(ns, 1)
      if (pace <= bestPace) continue
      best = count
      bestPace = pace
    }
    return best
  }

  #countFor(luck: DraftLuck, best: number, mostTokens: number): number {
    if (best > 0) {
      luck.restedSteps = 0
      this.#restSteps = FIRST_REST_STEPS
      return best
    }
    if (!luck.tried && ++luck.restedSteps >= this.#restSteps) {
      luck.restedSteps = 0
      luck.tried = true
      this.#restSteps = Math.min(this.#restSteps * 2, LONGEST_REST_STEPS)
    }
    return luck.tried ? Math.min(TRIAL_TOKENS, mostTokens) : 0
  }
}

interface Step {
  tokens: number
  gain: number
  draftNs: number
  guessNs: number
}

/** Each guess counts only when those before it were right. */
function expectedTokens(rate: number, count: number): number {
  return rate >= 1 ? count : (rate * (1 - rate ** count)) / (1 - rate)
}
