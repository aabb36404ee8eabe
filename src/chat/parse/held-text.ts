// Text that a parser has not yet given away, and the log-probabilities of its tokens.
//
// A log-probability leaves with the piece of text in which its token begins, however the reply was cut into chunks. What is dropped (a tag, the
// space behind it) leaves its log-probabilities to the next piece, so that as many come out as went in.

import type { Logprob } from '../event.ts'

export interface Piece {
  text: string
  logprobs?: Logprob[]
}

interface Mark {
  offset: number
  logprob: Logprob
}

export class HeldText {
  #text = ''
  #marks: Mark[] = []
  #carried: Logprob[] = []

  get text(): string {
    return this.#text
  }

  append(text: string, logprobs: readonly Logprob[] = []): void {
    const start = this.#text.length
    this.#text += text
    if (text === '') {
      for (const logprob of logprobs) this.#marks.push({ offset: Math.max(0, start - 1), logprob })
      return
    }
    // Counted from the end: what a stop string or an earlier drop took away stood at the beginning.
    let offset = this.#text.length
    const marks: Mark[] = []
    for (const logprob of logprobs.toReversed()) {
      offset = Math.max(start, offset - logprob.token.length)
      marks.push({ offset: Math.min(offset, this.#text.length - 1), logprob })
    }
    this.#marks.push(...marks.reverse())
  }

  /** The first `length` characters, with the log-probabilities that belong to them or were left by dropped text. */
  take(length: number): Piece {
    const text = this.#text.slice(0, length)
    const logprobs = [...this.#carried, ...this.#cut(length)]
    this.#carried = []
    return logprobs.length > 0 ? { text, logprobs } : { text }
  }

  drop(length: number): void {
    this.#carried.push(...this.#cut(length))
  }

  /** Drops from the middle: the log-probabilities stay with the text in front, or behind where there is none. */
  dropAt(offset: number, length: number): void {
    this.#text = this.#text.slice(0, offset) + this.#text.slice(offset + length)
    this.#marks = this.#marks.map(({ offset: at, logprob }) => ({
      offset: at < offset ? at : Math.max(offset - 1, at - length, 0),
      logprob,
    }))
  }

  #cut(length: number): Logprob[] {
    const isGone = (mark: Mark) => mark.offset < length || this.#text.length <= length
    const gone = this.#marks.filter(isGone).map((mark) => mark.logprob)
    this.#marks = this.#marks.filter((mark) => !isGone(mark)).map((mark) => ({ offset: mark.offset - length, logprob: mark.logprob }))
    this.#text = this.#text.slice(length)
    return gone
  }
}
