// How likely a token is what stood behind the same tokens before. It depends on how many of them are the same, and on whether the token could be
// foretold in that way where it stands: the fixed pieces of a list could, what they enclose could not. Each token of a reply is evidence, whether
// anything was guessed or not, and the last ones count most, since a reply passes from what it copies to what it does not.

/** What looking back said of a token where it stands. */
export type Foretold = 'no' | 'rightly' | 'wrongly'

/** A longer match tells no more. */
export const MOST_MATCHED_TOKENS = 16
/** Before anything is known, for matches of a token, of two, of four, and so on. */
const FIRST_RATES = [0.2, 0.4, 0.65, 0.85, 0.95]
/** What is assumed at first weighs as much as so many tokens, and the last token never less than this. */
const ASSUMED_TOKENS = 2
const LEAST_WEIGHT = 0.1
/** Nothing is certain. */
const MOST_CHANCE = 0.99

interface Group {
  /** Share of the tokens that were right, the last ones above all. */
  rate: number
  tokens: number
}

export class CopyLuck {
  /** What was foretold rightly halves the doubt, what was foretold wrongly the hope. */
  readonly #groups: Readonly<Record<Foretold, readonly Group[]>> = {
    no: groups((rate) => rate),
    rightly: groups((rate) => 1 - (1 - rate) / 2),
    wrongly: groups((rate) => rate / 2),
  }

  chance(matched: number, foretold: Foretold): number {
    return Math.min(this.#group(matched, foretold).rate, MOST_CHANCE)
  }

  learn(matched: number, foretold: Foretold, isRight: boolean): void {
    const group = this.#group(matched, foretold)
    group.tokens++
    group.rate += ((isRight ? 1 : 0) - group.rate) * Math.max(1 / group.tokens, LEAST_WEIGHT)
  }

  #group(matched: number, foretold: Foretold): Group {
    return this.#groups[foretold][Math.floor(Math.log2(Math.min(matched, MOST_MATCHED_TOKENS)))] as Group
  }
}

function groups(change: (rate: number) => number): Group[] {
  return FIRST_RATES.map((rate) => ({ rate: change(rate), tokens: ASSUMED_TOKENS }))
}
