// One call while the model writes it: its name, then the arguments as JSON, piece by piece as they become certain. A call of few words is not
// begun: it comes whole, which is how Ollama's clients know calls, and nobody waits for it. Nothing is given that would have to be taken back: a
// call is begun only where its name is certain, and a piece only once nothing that follows can change it. What ends without being a call is
// said to be cut, and its pieces stay what they are.

import type { ToolCall } from '../message.ts'
import { parseJsonObject } from './json-object.ts'
import type { ParsedCall } from './reply-format.ts'
import type { ReplyEvent } from './reply-parser.ts'

/** A call whose name is known. */
export interface CallHead {
  name: string
  arguments: ArgumentReader
}

/** Reads the arguments of a call in a family's notation, as JSON. */
export interface ArgumentReader {
  /** Behind the last character of the block that belongs to the arguments, as far as they are known. */
  readonly position: number
  /** The JSON is complete. Where a notation has no such place, or was left, the rest is known when the call has been parsed. */
  readonly isWhole: boolean
  /** `text` is the block as far as it is known, the same as before with more at its end. Returns the JSON that has become certain. */
  read(text: string): string
}

/** Sees a block from its beginning each time; undefined where no call can be told from it, or none yet. */
export type HeadReader = (text: string) => CallHead | undefined

/** What stands in front of arguments is short; a longer block is not looked at again and again. */
const MAX_HEAD_CHARACTERS = 1024

export interface StreamedCallOptions {
  readHead: HeadReader
  /** Gives the call its id and its place among the calls. */
  begin: () => { id: string; index: number }
  /** Shorter arguments are worth no pieces. */
  fromCharacters: number
}

type EndEvent = Extract<ReplyEvent, { type: 'tool-call-piece' | 'tool-call' | 'tool-call-cut' }>

export class StreamedCall {
  readonly #options: StreamedCallOptions
  #head: CallHead | undefined
  #begun: { id: string; index: number } | undefined
  readonly #pieces: string[] = []
  #length = 0
  #isHopeless = false

  constructor(options: StreamedCallOptions) {
    this.#options = options
  }

  get isBegun(): boolean {
    return this.#begun !== undefined
  }

  /** Characters of the block that belong to the call that was begun. */
  get length(): number {
    return this.#begun ? (this.#head?.arguments.position ?? 0) : 0
  }

  /** `text` is the block as far as it is known: the same as before with more at its end. */
  *see(text: string): Generator<ReplyEvent> {
    const head = this.#findHead(text)
    if (!head) return
    const piece = head.arguments.read(text)
    this.#pieces.push(piece)
    this.#length += piece.length
    if (this.#begun) {
      if (piece !== '') yield { type: 'tool-call-piece', index: this.#begun.index, text: piece }
    } else if (this.#length >= this.#options.fromCharacters) {
      this.#begun = this.#options.begin()
      const { id, index } = this.#begun
      yield { type: 'tool-call-begun', id, index, name: head.name }
      if (this.#length > 0) yield { type: 'tool-call-piece', index, text: this.#pieces.join('') }
    }
  }

  /**
   * The block is over: what is missing of the arguments, and the whole call, or that it was cut. Nothing where it has not begun. `parsed` is the call
   * as its family reads it when it sees it whole.
   */
  *end(parsed?: ParsedCall): Generator<EndEvent> {
    if (!this.#begun || !this.#head) return
    const { id, index } = this.#begun
    const { name } = this.#head
    const { args, rest } = this.#finish(parsed?.name === name ? parsed.arguments : undefined)
    if (!args) {
      yield { type: 'tool-call-cut', index }
      return
    }
    if (rest !== '') yield { type: 'tool-call-piece', index, text: rest }
    const call: ToolCall = { id, function: { index, name, arguments: args } }
    yield { type: 'tool-call', call }
  }

  #findHead(text: string): CallHead | undefined {
    if (!this.#head && !this.#isHopeless) {
      this.#head = this.#options.readHead(text.slice(0, MAX_HEAD_CHARACTERS))
      this.#isHopeless = !this.#head && text.length >= MAX_HEAD_CHARACTERS
    }
    return this.#head
  }

  /** What was given stays given: a parsed call counts only as far as it goes on with that. */
  #finish(parsed: Record<string, unknown> | undefined): { args: Record<string, unknown> | undefined; rest: string } {
    const given = this.#pieces.join('')
    if (this.#head?.arguments.isWhole) return { args: parseJsonObject(given), rest: '' }
    if (!parsed) return { args: undefined, rest: '' }
    const whole = JSON.stringify(parsed)
    if (whole.startsWith(given)) return { args: parsed, rest: whole.slice(given.length) }
    // The same key twice, or keys that JavaScript sorts.
    return { args: parseJsonObject(`${given}}`), rest: '}' }
  }
}
