// Tables without borders, byte for byte as Ollama prints them (contract/cli-registry.md sections 1.7 to 1.9 and Appendix D):
// cells padded to the widest of their column, four spaces after every cell, also the last; a header's last cell has one space after it.

import { reflow } from './reflow.ts'
import { displayWidth, padEnd } from './width.ts'

export interface Table {
  header?: readonly string[]
  rows: readonly (readonly string[])[]
  /** Text in cells is broken at spaces to about this width. */
  cellColumns?: number
}

const GAP = '    '
const DEFAULT_CELL_COLUMNS = 30
/** What stands in a cell that has fewer lines than others of its row. */
const MISSING_LINE = '  '

interface Cell {
  lines: readonly string[]
  /** Of the text before it was broken, at most the cell's columns: Ollama keeps that room although balanced lines may be shorter. */
  columns: number
}

export function formatTable({ header, rows, cellColumns = DEFAULT_CELL_COLUMNS }: Table): string {
  const cells = rows.map((row) => row.map((text) => toCell(text, cellColumns)))
  const widths = columnWidths([...(header ? [header.map((text) => ({ lines: [text], columns: displayWidth(text) }))] : []), ...cells])
  const head = header ? `${header.map((text, column) => padEnd(text, widths[column] ?? 0)).join(GAP)} \n` : ''
  return head + cells.map((row) => formatRow(row, widths)).join('')
}

function formatRow(row: readonly Cell[], widths: readonly number[]): string {
  const height = Math.max(1, ...row.map(({ lines }) => lines.length))
  let text = ''
  for (let line = 0; line < height; line++) {
    text += `${row.map(({ lines }, column) => padEnd(lines[line] ?? MISSING_LINE, widths[column] ?? 0) + GAP).join('')}\n`
  }
  return text
}

function columnWidths(rows: readonly (readonly Cell[])[]): number[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach(({ columns }, column) => {
      widths[column] = Math.max(widths[column] ?? 0, columns)
    })
  }
  return widths
}

function toCell(text: string, cellColumns: number): Cell {
  const columns = Math.min(Math.max(...text.split('\n').map(displayWidth)), cellColumns)
  const lines = reflow(text, columns)
  return { lines, columns: Math.max(columns, ...lines.map(displayWidth)) }
}
