// One call while the model writes it: its name, then the arguments' JSON as it comes, piece by piece. A call of few words is not begun: it
// comes whole, which is how Ollama's clients know calls, and nobody waits for it. Nothing is given that would have to be taken back: a call is
// begun only where its name is certain and the arguments are an object that stands behind it. What ends without being JSON is said to be
// cut, and its pieces stay what they are.

import type { ToolCall } from '../message.ts'
import { parseJsonObject } from './json-object.ts'
import type { ReplyEvent } from './reply-parser.ts'

/** Where the arguments of a call begin. */
export interface CallHead {
  name: string
  /** Place of the brace that opens the arguments. */
  at: number
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

export class StreamedCall {
  readonly #readHead: HeadReader
  readonly #begin: () => { id: string; index: number }
  #begun: { id: string; index: number; name: string; scanner: ArgumentScanner } | undefined
  readonly #fromCharacters: number
  #isHopeless = false

  constructor({ readHead, begin, fromCharacters }: StreamedCallOptions) {
    this.#readHead = readHead
    this.#begin = begin
    this.#fromCharacters = fromCharacters
  }

  get isBegun(): boolean {
    return this.#begun !== undefined
  }

  /** Characters of the block that have been given. */
  get length(): number {
    return this.#begun?.scanner.position ?? 0
  }

  /** `text` is the block as far as it is known: the same as before with more at its end. */
  *see(text: string): Generator<ReplyEvent> {
    if (!this.#begun && !this.#isHopeless) {
      const head = this.#readHead(text.slice(0, MAX_HEAD_CHARACTERS))
      this.#isHopeless = head === undefined && text.length >= MAX_HEAD_CHARACTERS
      if (head && reaches(text, head, this.#fromCharacters)) {
        const begun = { ...this.#begin(), name: head.name, scanner: new ArgumentScanner(head.at) }
        this.#begun = begun
        yield { type: 'tool-call-begun', id: begun.id, index: begun.index, name: begun.name }
      }
    }
    if (!this.#begun) return
    const { index, scanner } = this.#begun
    const piece = scanner.read(text)
    if (piece !== '') yield { type: 'tool-call-piece', index, text: piece }
  }

  /** The block is over: the whole call, or that it was cut. Only where it has begun. */
  end(): Extract<ReplyEvent, { type: 'tool-call' | 'tool-call-cut' }> | undefined {
    if (!this.#begun) return undefined
    const { id, index, name, scanner } = this.#begun
    const args = scanner.isWhole ? parseJsonObject(scanner.text) : undefined
    if (!args) return { type: 'tool-call-cut', index }
    const call: ToolCall = { id, function: { index, name, arguments: args } }
    return { type: 'tool-call', call }
  }
}

/** By what the arguments are, and not by how much of the reply is there, so that a reply gives the same however it is cut. */
function reaches(text: string, { at }: CallHead, characters: number): boolean {
  const scanner = new ArgumentScanner(at)
  scanner.read(text.slice(0, at + characters))
  return scanner.position - at >= characters
}

/** Copies one JSON value out of a text: without the white space around its tokens, and with the line breaks in its strings escaped. */
class ArgumentScanner {
  position: number
  isWhole = false
  readonly #pieces: string[] = []
  #depth = 0
  #inString = false
  #isEscaped = false

  constructor(at: number) {
    this.position = at
  }

  get text(): string {
    return this.#pieces.join('')
  }

  read(text: string): string {
    let piece = ''
    for (; this.position < text.length && !this.isWhole; this.position++) piece += this.#take(text[this.position] as string)
    if (piece !== '') this.#pieces.push(piece)
    return piece
  }

  #take(character: string): string {
    if (this.#inString) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (character === '\\') this.#isEscaped = true
      else if (character === '"') this.#inString = false
      return character < ' ' ? JSON.stringify(character).slice(1, -1) : character
    }
    if (character === '"') this.#inString = true
    else if (character === '{' || character === '[') this.#depth++
    else if (character === '}' || character === ']') this.isWhole = --this.#depth === 0
    return /\s/.test(character) ? '' : character
  }
}
