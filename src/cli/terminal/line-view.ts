// Draws a line that is being typed: prompt, text over as many rows as it needs, placeholder, cursor. Gives escape sequences and remembers
// where it left the cursor; when there are more rows than the terminal has, those around the cursor are drawn. A terminal that has become
// narrower since has broken the rows once more: what is to be erased is counted with its new width.

import type { LineState } from './line-editor.ts'
import { reflowedRows } from './reflowed-rows.ts'
import { PLAIN } from './style.ts'
import { displayWidth, truncate } from './width.ts'

export interface PromptShape {
  prompt: string
  /** Before every row but the first. */
  continuation: string
  /** Shown while nothing is typed. */
  placeholder: string
}

export interface LineLook extends PromptShape {
  /** Before the placeholder: the escape sequence that makes it grey. */
  grey: string
}

export interface TerminalSize {
  columns: number
  rows: number
}

export interface LineView {
  draw(state: LineState): string
  /** The whole text once more, and the cursor below it. */
  finish(state: LineState): string
  erase(): string
  /** Forgets what was drawn: the screen is somebody else's now. */
  reset(): void
}

const HIDE = '\x1b[?25l'
const SHOW = '\x1b[?25h'
const TAB_COLUMNS = 8
/** A terminal narrower than its prompt still gets this much per row. */
const MIN_ROW_COLUMNS = 8

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

export function createLineView(shape: LineLook, size: () => TerminalSize): LineView {
  /** Widths of the drawn rows down to the cursor's; of that one only what is before the cursor. */
  let drawn: number[] = []

  const erase = (): string => {
    const { columns } = size()
    const cursorColumn = drawn.at(-1) ?? 0
    return `${up(reflowedRows(drawn.slice(0, -1), columns) + Math.trunc(cursorColumn / columns))}\r\x1b[J`
  }
  return {
    draw(state) {
      const { columns, rows: terminalRows } = size()
      const layout = layoutLine(state, shape, columns)
      const first = Math.max(layout.cursorRow - Math.max(terminalRows - 1, 1) + 1, 0)
      const rows = layout.rows.slice(first, first + Math.max(terminalRows - 1, 1))
      const before = HIDE + erase()
      const cursorRow = layout.cursorRow - first
      drawn = [...rows.slice(0, cursorRow).map(displayWidth), layout.cursorColumn]
      const hint = state.text === '' ? shape.grey + truncate(shape.placeholder, columns - layout.cursorColumn - 1) + PLAIN : ''
      return `${before}${rows.join('\n')}${hint}${up(rows.length - 1 - cursorRow)}\r${right(layout.cursorColumn)}${SHOW}`
    },
    finish(state) {
      const { rows } = layoutLine({ ...state, cursor: state.text.length }, shape, size().columns)
      const text = `${erase()}${rows.join('\n')}\n`
      drawn = []
      return text
    },
    erase() {
      const text = erase()
      drawn = []
      return text
    },
    reset() {
      drawn = []
    },
  }
}

interface Layout {
  rows: string[]
  cursorRow: number
  cursorColumn: number
}

function layoutLine(state: LineState, shape: PromptShape, columns: number): Layout {
  const rows: string[] = []
  let row = shape.prompt
  let prefixWidth = displayWidth(shape.prompt)
  let width = 0
  let cursor: { row: number; column: number } | undefined
  const breakRow = (): void => {
    rows.push(row)
    row = shape.continuation
    prefixWidth = displayWidth(shape.continuation)
    width = 0
  }
  for (const { segment, index } of graphemes.segment(state.text)) {
    const isBreak = segment === '\n'
    const segmentWidth = isBreak ? 0 : segment === '\t' ? TAB_COLUMNS : displayWidth(segment)
    const available = Math.max(columns - prefixWidth, MIN_ROW_COLUMNS)
    if (width > 0 && (width + segmentWidth > available || (isBreak && width >= available && index === state.cursor))) breakRow()
    if (index === state.cursor) cursor = { row: rows.length, column: prefixWidth + width }
    if (isBreak) {
      breakRow()
      continue
    }
    row += segment === '\t' ? ' '.repeat(TAB_COLUMNS) : segment
    width += segmentWidth
  }
  // A full row has no place left for the cursor behind its last character.
  if (cursor === undefined && width >= Math.max(columns - prefixWidth, MIN_ROW_COLUMNS)) breakRow()
  cursor ??= { row: rows.length, column: prefixWidth + width }
  rows.push(row)
  return { rows, cursorRow: cursor.row, cursorColumn: cursor.column }
}

function up(rows: number): string {
  return rows > 0 ? `\x1b[${rows}A` : ''
}

function right(columns: number): string {
  return columns > 0 ? `\x1b[${columns}C` : ''
}
