// One of several lines of a terminal, by arrow keys and Enter. What was drawn is taken off the screen again.

import { type CliIo, columnsOf, rowsOf } from '../io.ts'
import { createKeyDecoder } from './keys.ts'
import { BOLD, greyStyle, PLAIN } from './style.ts'
import { truncate } from './width.ts'

export interface Choices {
  title: string
  lines: readonly string[]
  /** Which keys there are. */
  footer: string
}

const ESCAPE = '\x1b'
/** Title, footer, and the row that the cursor stands in. */
const OTHER_ROWS = 3

/** Index of the line, or undefined when the user left. There must be lines. */
export function chooseLine(io: CliIo, { title, lines, footer }: Choices): Promise<number | undefined> {
  const { stdin, stdout } = io
  const decoder = createKeyDecoder()
  let selected = 0
  let drawnRows = 0

  const erase = (): string => (drawnRows > 0 ? `\x1b[${drawnRows}A\r\x1b[J` : '')
  const draw = (): void => {
    const columns = columnsOf(stdout) - 1
    const height = Math.max(rowsOf(stdout) - OTHER_ROWS, 1)
    const first = Math.max(Math.min(selected - Math.trunc(height / 2), lines.length - height), 0)
    const body = lines.slice(first, first + height).map((line, index) => {
      const isSelected = first + index === selected
      const text = truncate(`${isSelected ? '>' : ' '} ${line}`, columns)
      return isSelected ? BOLD + text + PLAIN : text
    })
    const rows = [truncate(title, columns), ...body, greyStyle(io.color) + truncate(footer, columns) + PLAIN]
    stdout.write(`\x1b[?25l${erase()}${rows.join('\n')}\n\x1b[?25h`)
    drawnRows = rows.length
  }

  return new Promise((resolve) => {
    const releaseResize = io.onResize(draw)
    let open = true
    const finish = (choice: number | undefined): void => {
      if (!open) return
      open = false
      releaseResize()
      stdout.write(erase())
      stdin.setRawMode?.(false)
      stdin.pause()
      resolve(choice)
    }
    stdin.on('end', () => finish(undefined))
    stdin.on('data', (bytes) => {
      if (!open) return
      if (bytes.toString() === ESCAPE) return finish(undefined)
      for (const key of decoder.decode(bytes)) {
        if (key.name === 'enter') return finish(selected)
        if (key.name === 'interrupt' || key.name === 'end-of-input' || (key.name === 'text' && key.text === 'q')) return finish(undefined)
        selected = move(selected, key.name, lines.length)
        draw()
      }
    })
    stdin.setRawMode?.(true)
    stdin.resume()
    draw()
  })
}

function move(selected: number, key: string, count: number): number {
  if (key === 'up' || key === 'previous') return Math.max(selected - 1, 0)
  if (key === 'down' || key === 'next') return Math.min(selected + 1, count - 1)
  if (key === 'home') return 0
  return key === 'end' ? count - 1 : selected
}
