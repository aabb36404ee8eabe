// Tokens of the parts of a prompt that were there before. A question in a talk brings all that was said so far, and tokenizing it again takes longer
// than anything else around its evaluation; it is done in the thread that evaluates, so that all replies wait for it. A text is cut behind
// the marks that end a message, where the engine cuts it as well, so that the tokens of its segments are those of the whole; each segment is
// tokenized once and remembered for a while. A text that cannot be cut is one segment: it is asked for twice at least, to see whether it fits and
// to be evaluated.

export interface TokenizeOptions {
  /** What the vocabulary puts in front of a text comes first. */
  addSpecial: boolean
  parseSpecial: boolean
}

export interface SegmentMemoOptions {
  tokenize: (text: string, options: TokenizeOptions) => number[]
  /** Undefined where the tokens of a part are not those that it has in the whole. Asked for once, when a text is long enough to be cut. */
  readMarks: () => readonly string[] | undefined
  /** Of all segments together. */
  maxCharacters?: number
}

/** A pattern that no text has. */
const NOWHERE = '(?!)'
/** A shorter text is tokenized sooner than its segments are found. */
const LEAST_CHARACTERS = 256
/** The talks of an afternoon; with their tokens some 8 MB. */
const MAX_CHARACTERS = 2 * 1024 * 1024

export class SegmentMemo {
  readonly #options: SegmentMemoOptions
  readonly #maxCharacters: number
  /** Those that were used last stand last. */
  readonly #segments = new Map<string, Int32Array>()
  #characters = 0
  /** Null where a text cannot be taken apart; undefined until that was asked. */
  #marks: RegExp | null | undefined

  constructor(options: SegmentMemoOptions) {
    this.#options = options
    this.#maxCharacters = options.maxCharacters ?? MAX_CHARACTERS
  }

  tokenize(text: string, options: TokenizeOptions): number[] {
    const marks = options.parseSpecial && text.length >= LEAST_CHARACTERS ? this.#readMarks() : null
    if (marks === null) return this.#options.tokenize(text, options)
    // Nothing but what comes first.
    const tokens = options.addSpecial ? this.#options.tokenize('', options) : []
    for (const segment of cutBehind(text, marks)) {
      for (const token of this.#tokensOf(segment)) tokens.push(token)
    }
    return tokens
  }

  #tokensOf(segment: string): Iterable<number> {
    const known = this.#segments.get(segment)
    if (known) {
      this.#segments.delete(segment)
      this.#segments.set(segment, known)
      return known
    }
    const tokens = this.#options.tokenize(segment, { addSpecial: false, parseSpecial: true })
    this.#remember(segment, tokens)
    return tokens
  }

  #remember(segment: string, tokens: readonly number[]): void {
    if (segment.length > this.#maxCharacters) return
    // A copy: a part of a text keeps the whole text in memory.
    this.#segments.set(Buffer.from(segment, 'utf16le').toString('utf16le'), Int32Array.from(tokens))
    this.#characters += segment.length
    for (const oldest of this.#segments.keys()) {
      if (this.#characters <= this.#maxCharacters) break
      this.#segments.delete(oldest)
      this.#characters -= oldest.length
    }
  }

  #readMarks(): RegExp | null {
    if (this.#marks === undefined) {
      const marks = this.#options.readMarks()?.map((mark) => mark.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
      this.#marks = marks ? new RegExp(marks.join('|') || NOWHERE, 'g') : null
    }
    return this.#marks
  }
}

function cutBehind(text: string, marks: RegExp): string[] {
  const segments: string[] = []
  let from = 0
  for (const match of text.matchAll(marks)) {
    const end = match.index + match[0].length
    segments.push(text.slice(from, end))
    from = end
  }
  if (from < text.length) segments.push(text.slice(from))
  return segments
}
