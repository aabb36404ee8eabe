// Arguments in the notation of gemma-arguments.ts, read while they are written: texts between marks as they come, all else when it is whole. A bare
// word is over where the next name begins; the last one is known when the call is.

import { readGemmaValue } from './gemma-arguments.ts'
import { escapeText } from './json-arguments.ts'
import { partialTagLength } from './reply-format.ts'
import type { HeadReader } from './streamed-call.ts'
import { ValueEnd } from './value-end.ts'
import { findWord, type NameReading, skipSpace, type ValueReader, type ValueReading, WrittenArguments } from './written-arguments.ts'

export interface GemmaTags {
  /** At both ends of a text. */
  mark: string
  /** Ends the call, wherever it stands. */
  close: string
}

const HEAD = /^\s*call:([^{]+)\{/
const NAME = /([^\s:,{}[\]"'<][^:,{}[\]"'<]*):/y
const NAME_BEGUN = /[^:,{}[\]"'<]*$/y
const WORD_END = /\s*,\s*[^\s:,{}[\]]+\s*:|\}\s*[,}\]]/g
/** A bare word that is longer is looked for no further. */
const MAX_WORD_CHARACTERS = 4096

/** For calls that are given while they are written. */
export function gemmaHeadReader(tags: GemmaTags): HeadReader {
  return (text) => {
    const [head = '', word = ''] = HEAD.exec(text) ?? []
    const name = word.trim()
    if (name === '') return undefined
    return { name, arguments: new WrittenArguments(head.length, (block, at) => readName(block, at, tags)) }
  }
}

function readName(text: string, from: number, tags: GemmaTags): NameReading {
  const space = skipSpace(text, from)
  const comma = text[from - 1] === '{' ? 'no' : findWord(text, space, ',')
  if (comma === 'perhaps') return 'more'
  const at = comma === 'here' ? skipSpace(text, space + 1) : space
  NAME.lastIndex = at
  NAME_BEGUN.lastIndex = at
  const name = NAME.exec(text)
  if (!name) return NAME_BEGUN.test(text) ? 'more' : 'stop'
  const valueAt = skipSpace(text, at + name[0].length)
  const mark = findWord(text, valueAt, tags.mark)
  if (mark === 'perhaps') return 'more'
  return { name: (name[1] ?? '').trim(), value: mark === 'here' ? new GemmaText(valueAt, tags) : createValue(text, valueAt, tags) }
}

class GemmaText implements ValueReader {
  readonly #tags: GemmaTags
  #next: number
  #searched: number
  #isOpen = false

  constructor(at: number, tags: GemmaTags) {
    this.#tags = tags
    this.#next = at + tags.mark.length
    this.#searched = this.#next
  }

  read(text: string): ValueReading {
    const { mark, close } = this.#tags
    const from = Math.max(this.#next, this.#searched - Math.max(mark.length, close.length))
    const end = text.indexOf(mark, from)
    const stray = text.indexOf(close, from)
    this.#searched = text.length
    if (end >= 0 && (stray < 0 || end < stray)) return { json: `${this.#give(text, end)}"`, end: end + mark.length }
    const limit = stray >= 0 ? stray : text.length - Math.max(partialTagLength(text, mark), partialTagLength(text, close))
    const json = this.#give(text, beforeClosing(text, this.#next, limit))
    return stray >= 0 ? { json, stop: stray } : { json }
  }

  #give(text: string, limit: number): string {
    const quote = this.#isOpen ? '' : '"'
    this.#isOpen = true
    const json = escapeText(text.slice(this.#next, limit))
    this.#next = Math.max(this.#next, limit)
    return `${quote}${json}`
  }
}

/** Closing brackets at the end of a text are not the text's where its mark was forgotten. */
function beforeClosing(text: string, from: number, limit: number): number {
  let at = limit
  while (at > from && /[\]}\s]/.test(text[at - 1] as string)) at--
  return at
}

function createValue(text: string, at: number, tags: GemmaTags): ValueReader {
  const quoting = { quotes: [tags.mark, '"', "'"], brackets: ['[]', '{}'] }
  return /["'[{]/.test(text[at] ?? '') ? new ClosedValue(at, tags, new ValueEnd(at, quoting)) : new GemmaWord(at, tags)
}

/** A list, an object, or a text in quotes. */
class ClosedValue implements ValueReader {
  readonly #at: number
  readonly #tags: GemmaTags
  readonly #finder: ValueEnd
  #end: number | undefined

  constructor(at: number, tags: GemmaTags, finder: ValueEnd) {
    this.#at = at
    this.#tags = tags
    this.#finder = finder
  }

  read(text: string): ValueReading {
    const { mark, close } = this.#tags
    const found = this.#end ?? this.#finder.find(text)
    if (found === undefined) return { json: '' }
    if (found === 'broken') return { json: '', stop: this.#at }
    this.#end = found
    const next = text[skipSpace(text, found)]
    if (next === undefined) return { json: '' }
    const value = /[,}]/.test(next) ? readGemmaValue(text.slice(this.#at, found), mark) : undefined
    if (!value || text.slice(this.#at, found).includes(close)) return { json: '', stop: this.#at }
    return { json: JSON.stringify(value.value), end: found }
  }
}

class GemmaWord implements ValueReader {
  readonly #at: number
  readonly #tags: GemmaTags

  constructor(at: number, tags: GemmaTags) {
    this.#at = at
    this.#tags = tags
  }

  read(text: string): ValueReading {
    WORD_END.lastIndex = this.#at
    const end = WORD_END.exec(text)
    const limit = end?.index ?? text.length
    const word = text.slice(this.#at, limit)
    if (limit - this.#at > MAX_WORD_CHARACTERS || word.includes(this.#tags.close)) return { json: '', stop: this.#at }
    if (!end) return { json: '' }
    const value = end[0].startsWith('}') ? undefined : readGemmaValue(word, this.#tags.mark)
    return value ? { json: JSON.stringify(value.value), end: limit } : { json: '', stop: this.#at }
  }
}
