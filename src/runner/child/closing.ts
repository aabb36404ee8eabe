// Brings a reply that a grammar demands to its end before its tokens do, or when the model goes round in circles: from then on the first token
// that the grammar allows of a short list is taken (an end of generation, a quote, a bracket), and the model chooses only where there is none.
// So a small model that would write one string for ever still writes a whole call.

import type { CompletionRequest } from '../protocol.ts'
import type { Engine } from './engine.ts'

type ClosingRequest = NonNullable<CompletionRequest['closing']>

/** The reply is looked at for circles whenever so much has been written. */
const CHECK_CHARACTERS = 128
const WINDOW_CHARACTERS = 512
const GRAM_CHARACTERS = 4
/** Texts, code and tables have three times as many different parts; below are words that come again and again. */
const LEAST_DIFFERENT_PARTS = 0.2

export class Closing {
  readonly #tokens: readonly number[]
  readonly #tokensLeft: number
  #hurries = false
  #cut = false
  #window = ''
  #unchecked = 0

  constructor(engine: Engine, { tokensLeft, texts }: ClosingRequest) {
    this.#tokensLeft = tokensLeft
    const closers = texts.map((text) => engine.tokenize(text, { addSpecial: false, parseSpecial: true })).filter((ids) => ids.length === 1)
    this.#tokens = [engine.facts.eosToken, ...closers.flat()]
  }

  /** A text was ended that the model had not ended. */
  get cut(): boolean {
    return this.#cut
  }

  /** What the next token should be one of; `left` tokens are allowed yet. */
  next(left: number): readonly number[] | undefined {
    if (left <= this.#tokensLeft) this.#hurries = true
    return this.#hurries ? this.#tokens : undefined
  }

  hurry(): void {
    this.#hurries = true
  }

  see(token: number, text: string): void {
    // The first is the end itself, and the next is what ends a text; brackets leave out only what may be left out.
    if (this.#hurries && this.#tokens.indexOf(token) === 1) this.#cut = true
    this.#window = (this.#window + text).slice(-WINDOW_CHARACTERS)
    this.#unchecked += text.length
    if (this.#unchecked < CHECK_CHARACTERS || this.#window.length < WINDOW_CHARACTERS) return
    this.#unchecked = 0
    if (differentParts(this.#window) < LEAST_DIFFERENT_PARTS) this.#hurries = true
  }
}

/** How many of the text's parts of four characters are different ones, of all of them. */
function differentParts(text: string): number {
  const parts = new Set<string>()
  const count = text.length - GRAM_CHARACTERS + 1
  for (let at = 0; at < count; at++) parts.add(text.slice(at, at + GRAM_CHARACTERS))
  return parts.size / count
}
