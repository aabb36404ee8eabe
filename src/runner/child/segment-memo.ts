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
  /** Asked for once, when a text is long enough to be cut. */
  readMarks: () => readonly string[]
  /** Of all segments together. */
  maxCharacters?: number
}

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
  #marks: RegExp | null | undefined

  constructor(options: SegmentMemoOptions) {
    this.#options = options
    this.#maxCharacters = options.maxCharacters ?? MAX_CHARACTERS
  }

  tokenize(text: string, options: TokenizeOptions): number[] {
    if (!options.parseSpecial || text.length < LEAST_CHARACTERS) return this.#options.tokenize(text, options)
    const tokens: number[] = []
    for (const [index, segment] of cutBehind(text, this.#readMarks()).entries()) {
      const addSpecial = options.addSpecial && index === 0
      for (const token of this.#tokensOf(segment, { ...options, addSpecial })) tokens.push(token)
    }
    return tokens
  }

  #tokensOf(segment: string, options: TokenizeOptions): Iterable<number> {
    const key = (options.addSpecial ? '+' : '-') + segment
    const known = this.#segments.get(key)
    if (known) {
      this.#segments.delete(key)
      this.#segments.set(key, known)
      return known
    }
    const tokens = this.#options.tokenize(segment, options)
    this.#remember(key, tokens)
    return tokens
  }

  #remember(key: string, tokens: readonly number[]): void {
    if (key.length > this.#maxCharacters) return
    // A copy: a part of a text keeps the whole text in memory.
    this.#segments.set(Buffer.from(key, 'utf16le').toString('utf16le'), Int32Array.from(tokens))
    this.#characters += key.length
    for (const oldest of this.#segments.keys()) {
      if (this.#characters <= this.#maxCharacters) break
      this.#segments.delete(oldest)
      this.#characters -= oldest.length
    }
  }

  /** Null where a text cannot be cut. */
  #readMarks(): RegExp | null {
    if (this.#marks === undefined) {
      const marks = this.#options.readMarks().map((mark) => mark.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
      this.#marks = marks.length === 0 ? null : new RegExp(marks.join('|'), 'g')
    }
    return this.#marks
  }
}

function cutBehind(text: string, marks: RegExp | null): string[] {
  if (marks === null) return [text]
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
