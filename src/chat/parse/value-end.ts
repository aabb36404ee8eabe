// Where a value that begins with a bracket or a quote ends, in notations that are not JSON.

export interface Quoting {
  /** A longer one before a shorter one that it begins with. Those of one character may be escaped inside. */
  quotes: readonly string[]
  /** Each opening bracket with its closing one. */
  brackets: readonly string[]
}

export class ValueEnd {
  readonly #quoting: Quoting
  #position: number
  readonly #open: string[] = []
  #quote: string | undefined

  constructor(at: number, quoting: Quoting) {
    this.#position = at
    this.#quoting = quoting
  }

  /** `text` is the same as before with more at its end. Behind the value; undefined while that is not known, `broken` where brackets do not match. */
  find(text: string): number | 'broken' | undefined {
    while (this.#position < text.length) {
      const length = this.#quote === undefined ? this.#readOutside(text) : this.#readQuoted(text, this.#quote)
      if (length === undefined || length === 'broken') return length
      this.#position += length
      if (this.#quote === undefined && this.#open.length === 0) return this.#position
    }
    return undefined
  }

  #readQuoted(text: string, quote: string): number | undefined {
    const rest = text.slice(this.#position, this.#position + Math.max(2, quote.length))
    if (quote.length === 1 && rest.startsWith('\\')) return rest.length < 2 ? undefined : 2
    if (rest === quote || (quote.length === 1 && rest.startsWith(quote))) {
      this.#quote = undefined
      return quote.length
    }
    return rest.length < quote.length && quote.startsWith(rest) ? undefined : 1
  }

  #readOutside(text: string): number | 'broken' | undefined {
    for (const quote of this.#quoting.quotes) {
      const rest = text.slice(this.#position, this.#position + quote.length)
      if (rest === quote) {
        this.#quote = quote
        return quote.length
      }
      if (rest.length < quote.length && quote.startsWith(rest)) return undefined
    }
    const character = text[this.#position] as string
    const pair = this.#quoting.brackets.find((brackets) => brackets.includes(character))
    if (pair === undefined) return 1
    if (pair.startsWith(character)) this.#open.push(pair)
    else if (this.#open.pop() !== pair) return 'broken'
    return 1
  }
}
