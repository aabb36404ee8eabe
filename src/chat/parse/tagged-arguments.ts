// Arguments between tags, whose values are plain text that the tool's schema types, read while they are written. A value that the schema does not
// say to be text is given when it is whole, and so is one that may still become null.

import type { Tool } from '../message.ts'
import { escapeText } from './json-arguments.ts'
import type { ArgumentReader } from './streamed-call.ts'
import { isTextArgument, toTypedValue, typeValue } from './typed-value.ts'
import { findWord, type NameReading, skipSpace, type ValueReader, type ValueReading, WrittenArguments } from './written-arguments.ts'

/** All tags begin with "<". */
export interface ArgumentTags {
  /** Around the name. */
  open: string
  close: string
  /** In front of the value, where there is such a tag. */
  valueOpen?: string
  valueClose: string
  /** Only in front of one of these is the closing tag one, otherwise it belongs to the value. */
  followers?: readonly string[]
  /** What is found in a value where a tag was forgotten, or where the call ends. */
  strays: readonly string[]
  /** A line break at either end of a value is not the value's. */
  trimsBreaks: boolean
}

/** `at` is the place behind the name of the call. */
export function readTaggedArguments(at: number, tags: ArgumentTags, tool: Tool | undefined): ArgumentReader {
  return new WrittenArguments(at, (text, from) => readName(text, from, { tags, tool }))
}

interface Notation {
  tags: ArgumentTags
  tool: Tool | undefined
}

function readName(text: string, from: number, { tags, tool }: Notation): NameReading {
  const at = skipSpace(text, from)
  const open = findWord(text, at, tags.open)
  if (open !== 'here') return open === 'perhaps' ? 'more' : 'stop'
  const nameAt = at + tags.open.length
  const nameEnd = text.indexOf(tags.close, nameAt)
  if (nameEnd < 0) return 'more'
  const name = text.slice(nameAt, nameEnd).trim()
  if (name === '' || name.includes('<')) return 'stop'
  const behind = nameEnd + tags.close.length
  if (tags.valueOpen === undefined) return { name, value: new TaggedValue(behind, name, { tags, tool }) }
  const valueAt = skipSpace(text, behind)
  const valueOpen = findWord(text, valueAt, tags.valueOpen)
  if (valueOpen !== 'here') return valueOpen === 'perhaps' ? 'more' : 'stop'
  return { name, value: new TaggedValue(valueAt + tags.valueOpen.length, name, { tags, tool }) }
}

class TaggedValue implements ValueReader {
  readonly #key: string
  readonly #notation: Notation
  readonly #isText: boolean
  readonly #at: number
  /** Up to here nothing ends the value. */
  #searched: number
  /** Up to here its text has been given. */
  #given: number | undefined

  constructor(at: number, key: string, notation: Notation) {
    this.#at = at
    this.#searched = at
    this.#key = key
    this.#notation = notation
    this.#isText = isTextArgument(notation.tool, key)
  }

  read(text: string): ValueReading {
    const { tags } = this.#notation
    for (;;) {
      const at = text.indexOf('<', this.#searched)
      this.#searched = at < 0 ? text.length : at
      if (at < 0) return { json: this.#give(text, text.length) }
      const found = this.#findEnd(text, at)
      if (found === 'perhaps') return { json: this.#give(text, at) }
      if (found === 'stray') return { json: this.#give(text, at), stop: at }
      if (found === 'here') return { json: this.#close(text, at), end: at + tags.valueClose.length }
      this.#searched = at + 1
    }
  }

  #findEnd(text: string, at: number): 'here' | 'perhaps' | 'stray' | 'no' {
    const { valueClose, followers, strays } = this.#notation.tags
    const close = findWord(text, at, valueClose)
    if (close === 'no') return findAny(text, at, strays, 'stray')
    if (close === 'perhaps' || !followers) return close
    const behind = skipSpace(text, at + valueClose.length)
    const followed = findAny(text, behind, followers, 'here')
    return followed === 'no' ? findAny(text, behind, strays, 'stray') : followed
  }

  /** More of a text, up to `limit`. */
  #give(text: string, limit: number): string {
    if (!this.#isText) return ''
    const { trimsBreaks } = this.#notation.tags
    const end = trimsBreaks && limit > this.#at && text[limit - 1] === '\n' ? limit - 1 : limit
    const start = this.#start(text)
    const isOpen = this.#given !== undefined
    if (!isOpen && 'null'.startsWith(text.slice(start, end).toLowerCase())) return ''
    const from = this.#given ?? start
    if (end <= from) return ''
    this.#given = end
    return `${isOpen ? '' : '"'}${escapeText(text.slice(from, end))}`
  }

  #close(text: string, end: number): string {
    const { tags, tool } = this.#notation
    const toValue = tags.trimsBreaks ? toTypedValue : typeValue
    if (this.#given === undefined) return JSON.stringify(toValue(text.slice(this.#at, end), tool, this.#key))
    return `${this.#give(text, end)}"`
  }

  #start(text: string): number {
    return this.#notation.tags.trimsBreaks && text[this.#at] === '\n' ? this.#at + 1 : this.#at
  }
}

function findAny<T extends string>(text: string, at: number, words: readonly string[], found: T): T | 'perhaps' | 'no' {
  const places = words.map((word) => findWord(text, at, word))
  return places.includes('here') ? found : places.includes('perhaps') ? 'perhaps' : 'no'
}
