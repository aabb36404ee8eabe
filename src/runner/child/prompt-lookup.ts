// Speculation without a second model: when the last tokens of a reply stand elsewhere in the prompt or the reply, what followed them there is a
// guess at what follows now. It looks on at every token, guessed or not, so that it knows how often it would have been right (copy-luck.ts); how
// much of its guess is worth evaluating is for others to decide. Each token is looked at once, in a time that does not depend on the text, and
// a long text that comes at once is read in pieces. Nothing here changes a text; what is sampled is sampled from the logits as ever.

import { CopyLuck, type Foretold, MOST_MATCHED_TOKENS } from './copy-luck.ts'

/** So many last tokens are looked up, the longest first: one is enough for a guess, more find the better place. */
const LOOKED_UP_TOKENS = [4, 1] as const
/** Read at once: a moment beside a step. */
export const MAX_READ_TOKENS = 2048

/** What is less likely is left out. */
const LEAST_CHANCE = 0.1

export interface Continuation {
  tokens: readonly number[]
  /** That each of them is right, and all those before it. */
  chances: readonly number[]
}

const NONE: Continuation = { tokens: [], chances: [] }

interface Text {
  tokens: readonly number[]
  next: number
}

export class PromptLookup {
  /** Where so many tokens of a hash ended last. */
  readonly #ends = LOOKED_UP_TOKENS.map(() => new Map<number, number>())
  readonly #luck = new CopyLuck()
  /** Of each token that was read. */
  #foretold: Foretold[] = []
  /** What the model did not choose is no evidence. */
  #promptTokens: number | undefined
  /** The place whose tokens are the last ones, and how many are. */
  #source = -1
  #matched = 0

  /** What may follow `next`, which comes after `tokens`; at most `room` tokens. */
  propose(tokens: readonly number[], next: number, room: number): Continuation {
    this.#promptTokens ??= tokens.length
    // The context was shifted: every place is another.
    if (tokens.length + 1 < this.#foretold.length) this.#forget()
    const text = { tokens, next }
    const end = Math.min(tokens.length + 1, this.#foretold.length + MAX_READ_TOKENS)
    for (let place = this.#foretold.length; place < end; place++) this.#read(text, place)
    return end <= tokens.length || this.#source < 0 ? NONE : this.#continue(text, room)
  }

  #forget(): void {
    for (const ends of this.#ends) ends.clear()
    this.#foretold = []
    this.#source = -1
  }

  #read(text: Text, place: number): void {
    const isRight = this.#source >= 0 && tokenAt(text, this.#source + 1) === tokenAt(text, place)
    if (this.#source >= 0 && place >= (this.#promptTokens as number))
      this.#luck.learn(this.#matched, this.#foretold[this.#source + 1] as Foretold, isRight)
    this.#foretold.push(this.#source < 0 ? 'no' : isRight ? 'rightly' : 'wrongly')
    if (isRight) {
      this.#source++
      this.#matched = Math.min(this.#matched + 1, MOST_MATCHED_TOKENS)
    } else this.#lookUp(text, place)
    for (const [index, count] of LOOKED_UP_TOKENS.entries()) if (place + 1 >= count) this.#ends[index]?.set(hash(text, place, count), place)
  }

  /** The place before this one that has the most tokens in common with it, or nearly. */
  #lookUp(text: Text, place: number): void {
    for (const [index, count] of LOOKED_UP_TOKENS.entries()) {
      const source = this.#ends[index]?.get(hash(text, place, count))
      if (source === undefined) continue
      this.#source = source
      this.#matched = matchLength(text, place, source)
      // Different tokens may share a hash.
      if (this.#matched >= count) return
    }
    this.#source = -1
  }

  /** What is copied may be part of the copy: a text that repeats itself goes on doing so. */
  #continue(text: Text, room: number): Continuation {
    const period = text.tokens.length - this.#source
    const tokens: number[] = []
    const chances: number[] = []
    let chance = 1
    for (let index = 0; index < room; index++) {
      const place = this.#source + 1 + (index % period)
      chance *= this.#luck.chance(this.#matched + index, this.#foretold[place] as Foretold)
      if (chance < LEAST_CHANCE) break
      tokens.push(tokenAt(text, place))
      chances.push(chance)
    }
    return { tokens, chances }
  }
}

function tokenAt({ tokens, next }: Text, place: number): number {
  return place < tokens.length ? (tokens[place] as number) : next
}

/** Of so many tokens up to that place. */
function hash(text: Text, place: number, count: number): number {
  let value = 0
  for (let index = place - count + 1; index <= place; index++) value = (Math.imul(value, 1_000_003) + tokenAt(text, index)) | 0
  return value
}

/** Tokens up to one place that equal those up to the other; a long match is not counted to its end. */
function matchLength(text: Text, place: number, source: number): number {
  let length = 0
  while (length < MOST_MATCHED_TOKENS && length <= source && tokenAt(text, source - length) === tokenAt(text, place - length)) length++
  return length
}
