import { parseInline } from './inline.ts'
import type { Align, Block, Inline } from './tree.ts'

/** What a reply may draw; more columns are no table that anybody reads. */
const MAX_COLUMNS = 64

/** `| --- | :-: |` */
export function isDelimiterRow(line: string | undefined): boolean {
  if (line === undefined || !line.includes('-') || !line.includes('|')) return false
  return splitRow(line).every((cell) => /^:?-+:?$/.test(cell))
}

/** The table whose head is this line; the next one is its delimiter row. */
export function parseTable(lines: readonly string[], at: number): { block: Block; next: number } {
  const aligns = splitRow(lines[at + 1] ?? '').map(toAlign)
  const toCells = (line: string): Inline[][] => {
    const cells = splitRow(line)
    return aligns.map((_, column) => parseInline(cells[column] ?? ''))
  }
  let next = at + 2
  while (next < lines.length && (lines[next] ?? '').includes('|')) next++
  return { block: { kind: 'table', aligns, head: toCells(lines[at] ?? ''), rows: lines.slice(at + 2, next).map(toCells) }, next }
}

/** A bar behind a backslash, and one in code, is no border. */
function splitRow(line: string): string[] {
  const cells: string[] = []
  let cell = ''
  let isCode = false
  const inner = line.trim().replace(/^\|/, '')
  for (let at = 0; at < inner.length; at++) {
    const char = inner.charAt(at)
    if (char === '\\' && inner.charAt(at + 1) === '|') {
      cell += '|'
      at++
    } else if (char === '|' && !isCode && cells.length < MAX_COLUMNS - 1) {
      cells.push(cell.trim())
      cell = ''
    } else {
      if (char === '`') isCode = !isCode && inner.includes('`', at + 1)
      cell += char
    }
  }
  return cell.trim() === '' ? cells : [...cells, cell.trim()]
}

function toAlign(cell: string): Align {
  if (cell.startsWith(':')) return cell.endsWith(':') ? 'center' : 'left'
  return cell.endsWith(':') ? 'right' : undefined
}
