// Which saved states there are and which of them begins as a prompt does. Pure: it knows token ids and lengths, no files and no engine. A
// state serves a prompt with the tokens that both begin with, unless the engine cannot cut it that short (`leastLength`).

import { type SequenceLayout, TEXT_LAYOUT } from './sequence-layout.ts'

export interface PrefixEntry {
  readonly name: string
  /** Evaluated tokens whose state it is. */
  readonly tokens: Int32Array
  /** The engine can cut the state down to so many tokens, and no further. */
  readonly leastLength: number
  /** Of the state. */
  readonly sizeBytes: number
}

export class PrefixIndex<Entry extends PrefixEntry> {
  /** The one used last comes last. */
  readonly #entries = new Map<string, Entry>()

  get size(): number {
    return this.#entries.size
  }

  /** The one that was not used for longest comes first. */
  all(): Entry[] {
    return [...this.#entries.values()]
  }

  get(name: string): Entry | undefined {
    return this.#entries.get(name)
  }

  add(entry: Entry): void {
    this.#entries.delete(entry.name)
    this.#entries.set(entry.name, entry)
  }

  remove(name: string): void {
    this.#entries.delete(name)
  }

  /** The smallest of those that serve most tokens of the prompt, all but its last at most, and no half run of media. */
  best(
    prompt: readonly number[],
    { contextTokens, layout = TEXT_LAYOUT }: { contextTokens: number; layout?: SequenceLayout },
  ): { entry: Entry; length: number } | undefined {
    let best: { entry: Entry; length: number } | undefined
    for (const entry of this.#entries.values()) {
      if (entry.tokens.length > contextTokens) continue
      const length = layout.cut(commonLength(entry.tokens, prompt, prompt.length - 1))
      if (length < Math.max(entry.leastLength, 1)) continue
      if (!best || length > best.length || (length === best.length && entry.sizeBytes < best.entry.sizeBytes)) best = { entry, length }
    }
    return best
  }

  /** Whether all of these tokens but the last few can be had from what is saved. */
  covers(tokens: readonly number[], missing: number): boolean {
    const wanted = tokens.length - missing
    for (const entry of this.#entries.values()) {
      if (entry.tokens.length < wanted || entry.leastLength > tokens.length) continue
      const length = commonLength(entry.tokens, tokens, tokens.length)
      if (length >= Math.max(wanted, entry.leastLength)) return true
    }
    return false
  }

  /** Those that are of no more use beside this one, which serves all that they serve. */
  replacedBy({ name, tokens, leastLength }: PrefixEntry): Entry[] {
    return this.all().filter(
      (entry) =>
        entry.name !== name &&
        entry.tokens.length <= tokens.length &&
        leastLength <= entry.leastLength &&
        commonLength(entry.tokens, tokens, tokens.length) === entry.tokens.length,
    )
  }
}

/** How many tokens both begin with, at most `most`. */
export function commonLength(one: ArrayLike<number>, other: ArrayLike<number>, most: number): number {
  const end = Math.min(one.length, other.length, most)
  let length = 0
  while (length < end && one[length] === other[length]) length++
  return length
}
