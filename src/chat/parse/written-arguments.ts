// Arguments in a notation of a family's own, read while they are written: name after name, each with its value. Values of text come as they are
// written, all others when they are whole. A reader stops at anything that it did not expect, and at the end: what becomes of the call is then
// known when its family has parsed it, which forgives more. So it is never whole by itself.

import type { ArgumentReader } from './streamed-call.ts'

export interface ValueReader {
  /** Sees the block from its beginning each time, with more at its end. */
  read(text: string): ValueReading
}

export interface ValueReading {
  /** What has become certain of the value's JSON. */
  json: string
  /** Behind the value, where it is over. */
  end?: number
  /** Where something stands that no such value has. */
  stop?: number
}

export type NameReading = { name: string; value: ValueReader } | 'more' | 'stop'

/** The name at this place of the text, and the reader of the value behind it. */
export type NameReader = (text: string, at: number) => NameReading

export class WrittenArguments implements ArgumentReader {
  readonly isWhole = false
  readonly #readName: NameReader
  #at: number
  #seen: number
  #value: ValueReader | undefined
  #hasBegun = false
  #hasNames = false
  #hasStopped = false

  /** `at` is where the first name may stand. */
  constructor(at: number, readName: NameReader) {
    this.#at = at
    this.#seen = at
    this.#readName = readName
  }

  get position(): number {
    return this.#hasStopped ? this.#at : this.#seen
  }

  read(text: string): string {
    this.#seen = Math.max(this.#seen, text.length)
    let json = this.#hasBegun ? '' : '{'
    this.#hasBegun = true
    while (!this.#hasStopped) {
      const step = this.#value ? this.#stepValue(this.#value, text) : this.#stepName(text)
      if (step === undefined) break
      json += step.json
      if (!step.goesOn) break
    }
    return json
  }

  #stepName(text: string): { json: string; goesOn: boolean } | undefined {
    const reading = this.#readName(text, this.#at)
    if (reading === 'stop') this.#hasStopped = true
    if (reading === 'stop' || reading === 'more') return undefined
    this.#value = reading.value
    const comma = this.#hasNames ? ',' : ''
    this.#hasNames = true
    return { json: `${comma}${JSON.stringify(reading.name)}:`, goesOn: true }
  }

  #stepValue(value: ValueReader, text: string): { json: string; goesOn: boolean } {
    const { json, end, stop } = value.read(text)
    if (stop !== undefined) {
      this.#hasStopped = true
      this.#at = stop
    }
    if (end !== undefined) {
      this.#value = undefined
      this.#at = end
    }
    return { json, goesOn: end !== undefined }
  }
}

/** Behind the white space at this place. */
export function skipSpace(text: string, at: number): number {
  const space = /\s*/y
  space.lastIndex = at
  space.test(text)
  return space.lastIndex
}

/** Whether the word stands at this place, or may once there is more text. */
export function findWord(text: string, at: number, word: string): 'here' | 'perhaps' | 'no' {
  if (text.startsWith(word, at)) return 'here'
  return text.length - at < word.length && word.startsWith(text.slice(at)) ? 'perhaps' : 'no'
}
