// How many guesses are worth evaluating with a step: as many as give the most tokens for its time, by what steps of so many tokens have cost.
// None is an answer too.

import type { StepCosts } from './step-costs.ts'

/** Below this the costs are not known well enough to speak of a gain. */
const LEAST_GAIN = 1.03

/** Larger steps are tried in fours only: engines like them best, and so they are soon known. */
const FOUR = 4

/** A step as it is so far. */
export interface StepSoFar {
  /** Of steps by their tokens. */
  costs: Pick<StepCosts, 'of'>
  tokens: number
  /** Tokens of replies that are expected of it. */
  gain: number
  /** What its guesses have cost to make. */
  guessNs: number
}

export interface Choice {
  count: number
  /** Expected tokens for each nanosecond. */
  pace: number
}

export interface Guesses {
  /** That each of them is right, and all those before it. */
  chances: readonly number[]
  /** To make one. */
  guessNs: number
  /** Few may be too few to be chosen by the size of the step. */
  anySize: boolean
}

export function bestCount(step: StepSoFar, { chances, guessNs, anySize }: Guesses): Choice {
  const paceOf = (count: number, gain: number) =>
    gain / Math.max((step.costs.of(step.tokens + count) ?? Number.POSITIVE_INFINITY) + step.guessNs + count * guessNs, 1)
  let { gain } = step
  const plain = { count: 0, pace: paceOf(0, gain) }
  let best: Choice = plain
  for (const [index, chance] of chances.entries()) {
    gain += chance
    const tokens = step.tokens + index + 1
    if (!(anySize || tokens <= FOUR || tokens % FOUR === 0)) continue
    const pace = paceOf(index + 1, gain)
    if (pace > best.pace) best = { count: index + 1, pace }
  }
  return best.pace >= plain.pace * LEAST_GAIN ? best : plain
}

export function expectedTokens(chances: readonly number[], count: number): number {
  return chances.slice(0, count).reduce((sum, chance) => sum + chance, 0)
}
