// How many tokens a draft model guesses for each reply: as many as give the most tokens per second, by what steps of both models have cost and
// by how often its guesses were right in that reply. None is an answer too: a draft that is slow, or that knows other words than the model,
// soon costs nothing. Now and then it is tried all the same, ever more seldom, since the machine and the text change.

import { bestCount, type Choice, expectedTokens, type StepSoFar } from './guess-gain.ts'
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

export class DraftPlan {
  /** Of the draft model: a token for each of so many replies. */
  readonly rounds = new StepCosts()
  #usualRate = FIRST_RATE
  #restSteps = FIRST_REST_STEPS
  #guessedSteps = 0

  begin(): DraftLuck {
    return new DraftLuck(this.#usualRate)
  }

  /** What guesses at this reply alone would make of a step. */
  promise(question: DraftQuestion, step: StepSoFar): Choice {
    return best(question, step, this.rounds.of(1) ?? 0)
  }

  /** Tokens to guess for each of them, in a step that has the rest already. */
  counts(questions: readonly DraftQuestion[], plain: StepSoFar): number[] {
    // What a step costs without guesses has to be known first, and again from time to time.
    if (plain.costs.of(plain.tokens) === undefined || this.#guessedSteps >= STEPS_BETWEEN_PLAIN_ONES) {
      this.#guessedSteps = 0
      return questions.map(() => 0)
    }
    const guessNs = (this.rounds.of(questions.length) ?? 0) / questions.length
    let step = plain
    const counts = questions.map((question) => {
      const count = this.#countFor(question, best(question, step, guessNs).count)
      const gain = step.gain + expectedTokens(chancesOf(question), count)
      step = { ...step, tokens: step.tokens + count, gain, guessNs: step.guessNs + count * guessNs }
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

  #countFor({ luck, mostTokens }: DraftQuestion, best: number): number {
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

function best(question: DraftQuestion, step: StepSoFar, guessNs: number): Choice {
  return bestCount(step, { chances: chancesOf(question), guessNs, anySize: true })
}

/** Each guess counts only when those before it were right. */
function chancesOf({ luck, mostTokens }: DraftQuestion): number[] {
  return Array.from({ length: mostTokens }, (_, index) => luck.rate ** (index + 1))
}
