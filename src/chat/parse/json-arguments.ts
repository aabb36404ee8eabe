// Arguments that the model writes as JSON, and the writing of such JSON from other notations.

import type { ArgumentReader } from './streamed-call.ts'

/** Copies one JSON value out of a text: without the white space around its tokens, and with the line breaks in its strings escaped. */
export class JsonArguments implements ArgumentReader {
  position: number
  isWhole = false
  #depth = 0
  #inString = false
  #isEscaped = false

  /** `at` is the place of the brace that opens them. */
  constructor(at: number) {
    this.position = at
  }

  read(text: string): string {
    let piece = ''
    for (; this.position < text.length && !this.isWhole; this.position++) piece += this.#take(text[this.position] as string)
    return piece
  }

  #take(character: string): string {
    if (this.#inString) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (character === '\\') this.#isEscaped = true
      else if (character === '"') this.#inString = false
      return character < ' ' ? escapeText(character) : character
    }
    if (character === '"') this.#inString = true
    else if (character === '{' || character === '[') this.#depth++
    else if (character === '}' || character === ']') this.isWhole = --this.#depth === 0
    return /\s/.test(character) ? '' : character
  }
}

/** What stands between the quotes of a JSON string. Half a surrogate pair stays one, as the other half may be in the next piece. */
export function escapeText(text: string): string {
  return text.replace(/["\\\u0000-\u001f]/g, (character) => JSON.stringify(character).slice(1, -1))
}
