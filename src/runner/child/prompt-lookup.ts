// Speculation without a second model: when the last tokens of a reply stand elsewhere in the prompt or the reply, what followed them there is a
// guess at what follows now. The guess is evaluated together with the last token, and each of its tokens that the sampler chooses as well comes
// for much less than a step of its own. A wrong guess costs, so how long a match must be before anything is guessed follows the luck so far:
// a reply that copies nothing soon pays nothing. Nothing here changes a text; what is sampled is sampled from the logits as ever.

/** Shortest match that is looked at. */
const MATCH_TOKENS = 3
/** A guess is as long as its match, since what has been copied for long goes on being copied; at most this. */
export const MAX_DRAFT_TOKENS = 15
/** A shorter one gains nothing: two tokens evaluated together cost as much as two steps. */
const SHORTEST_DRAFT_TOKENS = 3
const FIRST_REQUIRED_TOKENS = 4
/** After so much bad luck only a long copy begins a new guess. */
const MOST_REQUIRED_TOKENS = 64

export class PromptLookup {
  /** Where the tokens of a hash ended last. */
  readonly #ends = new Map<number, number>()
  #indexed = 0
  #requiredTokens = FIRST_REQUIRED_TOKENS

  /** What may follow `next`, which comes after `tokens`; at most `room` tokens, and none without a good reason. */
  propose(tokens: readonly number[], next: number, room: number): readonly number[] {
    const end = this.#lookUp(tokens, next)
    if (end === undefined) return []
    const matched = matchLength(tokens, next, end)
    if (matched < this.#requiredTokens) return []
    const draft = tokens.slice(end + 1, end + 1 + Math.min(matched, room, MAX_DRAFT_TOKENS))
    return draft.length < SHORTEST_DRAFT_TOKENS ? [] : draft
  }

  learn(proposed: number, accepted: number): void {
    if (accepted === proposed) this.#requiredTokens = Math.max(MATCH_TOKENS, Math.floor(this.#requiredTokens / 2))
    else if (accepted < proposed / 2) this.#requiredTokens = Math.min(this.#requiredTokens * 2, MOST_REQUIRED_TOKENS)
  }

  /** The place of an earlier `next` that has the same tokens before it. */
  #lookUp(tokens: readonly number[], next: number): number | undefined {
    // The context was shifted: every place is another.
    if (tokens.length < this.#indexed) {
      this.#ends.clear()
      this.#indexed = 0
    }
    for (let end = Math.max(this.#indexed, MATCH_TOKENS - 1); end < tokens.length; end++) {
      this.#ends.set(hash(tokens[end - 2] as number, tokens[end - 1] as number, tokens[end] as number), end)
    }
    this.#indexed = tokens.length
    if (tokens.length < MATCH_TOKENS) return undefined
    return this.#ends.get(hash(tokens.at(-2) as number, tokens.at(-1) as number, next))
  }
}

/** Different tokens may share a hash; the match is counted token by token. */
function hash(first: number, second: number, third: number): number {
  return ((first * 31 + second) * 1_000_003 + third) | 0
}

/** Tokens up to `end` that equal those up to `next`; a long match is not counted to its end. */
function matchLength(tokens: readonly number[], next: number, end: number): number {
  if (tokens[end] !== next) return 0
  let length = 1
  while (length < MOST_REQUIRED_TOKENS && length <= end && tokens[end - length] === tokens[tokens.length - length]) length++
  return length
}
