// A cursor over the text of a Modelfile: words, and values with their quotes. It knows lines and characters, and no command.
// Rules of contract/native.md section 11.1: a value that begins with a quote ends at the first line break before which the same quote stands;
// there are no escapes; characters that are not printable are dropped from values, except blanks, tabs and the line breaks inside quotes.

import { AppError } from '../base/errors.ts'

const NOT_PRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} \t]/gu
const LINE_BREAK = /\r\n|\r|\n/g
const BLANK = /[ \t]/
/** Blanks at the ends of a value: those of Unicode, without the byte order mark. */
const OUTER_BLANKS = /^[\s\u0085]+|[\s\u0085]+$/g

export interface ModelfileCursor {
  /** Of the next character; the first line is 1. */
  readonly line: number
  /** Goes over blanks, line breaks and comment lines; false at the end of the text. */
  skipToCommand(): boolean
  /** The characters that match, and the one that ended them ('' at the end of the text), which stays unread. */
  readWord(character: RegExp): { word: string; next: string }
  skipBlanks(): void
  /** The rest of the line, or more where it is quoted. Throws `invalid_modelfile` when the closing quote is missing. */
  readValue(): string
}

export function createModelfileCursor(text: string): ModelfileCursor {
  let position = 0
  let line = 1

  const endOfLine = (): { end: number; breakText: string } => {
    LINE_BREAK.lastIndex = position
    const found = LINE_BREAK.exec(text)
    return found ? { end: found.index, breakText: found[0] } : { end: text.length, breakText: '' }
  }
  const readLine = (): { content: string; breakText: string } => {
    const { end, breakText } = endOfLine()
    const content = text.slice(position, end)
    position = end + breakText.length
    if (breakText !== '') line++
    return { content: content.replace(NOT_PRINTABLE, ''), breakText }
  }

  return {
    get line() {
      return line
    },
    skipToCommand() {
      while (position < text.length) {
        const character = text[position] as string
        if (BLANK.test(character)) position++
        else if (character === '#' || character === '\n' || character === '\r') readLine()
        else return true
      }
      return false
    },
    readWord(character) {
      const start = position
      while (position < text.length && character.test(text[position] as string)) position++
      return { word: text.slice(start, position), next: text[position] ?? '' }
    },
    skipBlanks() {
      while (BLANK.test(text[position] ?? '')) position++
    },
    readValue() {
      const first = readLine()
      const opening = /^\s*("""|")?/.exec(first.content)?.[1] ?? ''
      const lines = [first.content]
      let current = first
      let closed = opening === '' || endsQuote(trim(first.content), opening)
      while (!closed) {
        if (current.breakText === '') throw new AppError('invalid_modelfile', 'unexpected EOF')
        const breakText = current.breakText
        current = readLine()
        lines.push(breakText, current.content)
        closed = trim(current.content).endsWith(opening)
      }
      const value = trim(lines.join(''))
      return value.slice(opening.length, value.length - opening.length)
    },
  }
}

export function isPrintable(text: string): boolean {
  return text.replace(/[\r\n]/g, '').search(NOT_PRINTABLE) < 0
}

/** On the line that opens the quote the same characters may not open and close it. */
function endsQuote(line: string, quote: string): boolean {
  return line.length >= 2 * quote.length && line.endsWith(quote)
}

function trim(text: string): string {
  return text.replace(OUTER_BLANKS, '')
}
