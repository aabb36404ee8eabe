// A terminal's screen as far as the line view uses one: text, line feeds, cursor movement, erasing. Rows never scroll away.

import { displayWidth } from '../terminal/width.ts'

export interface Screen {
  write(text: string): void
  /** Narrower: rows that do not fit go on in rows of their own, as most terminals do it. */
  narrow(columns: number): void
  /** Rows without the blanks at their ends; the second half of a wide character is left out. */
  readonly rows: string[]
  readonly cursor: { row: number; column: number }
}

const SEQUENCE = /^\x1b\[([?0-9;]*)([A-Za-z])/

export function createScreen(width: number): Screen {
  let columns = width
  const cells: string[][] = [[]]
  let row = 0
  let column = 0

  const put = (character: string): void => {
    const width = displayWidth(character)
    if (width === 0) {
      const line = cells[row] as string[]
      line[Math.max(column - 1, 0)] += character
      return
    }
    if (column + width > columns) {
      row++
      column = 0
    }
    while (cells.length <= row) cells.push([])
    const line = cells[row] as string[]
    while (line.length < column) line.push(' ')
    line.splice(column, width, character, ...new Array<string>(width - 1).fill(''))
    column += width
  }
  const control = (parameter: string, final: string): void => {
    const count = Number(parameter) || 1
    if (final === 'A') row = Math.max(row - count, 0)
    else if (final === 'C') column = Math.min(column + count, columns - 1)
    else if (final === 'D') column = Math.max(column - count, 0)
    else if (final === 'J' && parameter === '') {
      cells.length = Math.min(cells.length, row + 1)
      cells[row]?.splice(column)
    } else if (final === 'K') cells[row]?.splice(column)
  }

  return {
    write(text) {
      let rest = text
      while (rest !== '') {
        const sequence = SEQUENCE.exec(rest)
        if (sequence) {
          control(sequence[1] as string, sequence[2] as string)
          rest = rest.slice(sequence[0].length)
          continue
        }
        const character = String.fromCodePoint(rest.codePointAt(0) as number)
        if (character === '\n') {
          row++
          column = 0
          while (cells.length <= row) cells.push([])
        } else if (character === '\r') column = 0
        else put(character)
        rest = rest.slice(character.length)
      }
    },
    narrow(narrower) {
      const piecesOf = (line: string[]) => Math.max(1, Math.ceil(line.length / narrower))
      const above = cells.slice(0, row).reduce((sum, line) => sum + piecesOf(line), 0)
      const broken = cells.flatMap((line) =>
        Array.from({ length: piecesOf(line) }, (_, piece) => line.slice(piece * narrower, (piece + 1) * narrower)),
      )
      cells.splice(0, cells.length, ...broken)
      row = above + Math.trunc(column / narrower)
      column %= narrower
      columns = narrower
      while (cells.length <= row) cells.push([])
    },
    get rows() {
      return cells.map((line) => line.join('').trimEnd())
    },
    get cursor() {
      return { row, column }
    },
  }
}
