// Wraps a stream of text at words while it is being written: when the line is full, the word that does not fit is erased from the screen and
// written again on the next line. Only for terminals; a pipe gets the text as it is.

import { displayWidth } from './width.ts'

/** Columns that stay free at the right. */
const MARGIN = 5
/** A word that is longer than the width less this is cut. */
const LONG_WORD_MARGIN = 10

export interface WordWrapper {
  /** What to write for the next piece of text. */
  push(text: string): string
}

/** `columns` is asked for each piece, so that a resized terminal is seen. */
export function createWordWrapper(columns: () => number): WordWrapper {
  let lineWidth = 0
  let word = ''

  const add = (character: string, width: number): string => {
    lineWidth += width
    word = width >= 2 || character === ' ' || character === '\t' ? '' : word + character
    return character
  }
  const startLine = (): void => {
    lineWidth = 0
    word = ''
  }
  const overflow = (character: string, total: number): string => {
    const wordWidth = displayWidth(word)
    if (character === ' ' || character === '\t') {
      startLine()
      return '\n'
    }
    if (wordWidth > total - LONG_WORD_MARGIN) {
      startLine()
      return `\n${add(character, displayWidth(character))}`
    }
    const moved = word
    startLine()
    for (const part of moved) add(part, displayWidth(part))
    const erase = wordWidth > 0 ? `\x1b[${wordWidth}D\x1b[K` : ''
    return `${erase}\n${moved}${add(character, displayWidth(character))}`
  }

  return {
    push(text) {
      const total = columns()
      if (total < LONG_WORD_MARGIN) return text
      let output = ''
      for (const character of text) {
        if (character === '\n' || character === '\r') {
          startLine()
          output += character
          continue
        }
        const width = displayWidth(character)
        output += width > 0 && lineWidth + width > total - MARGIN ? overflow(character, total) : add(character, width)
      }
      return output
    },
  }
}
