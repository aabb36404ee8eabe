// Progress on standard error. On a terminal: a block of lines (spinners and bars) that is drawn again ten times a second, in the frames of
// contract/cli-registry.md section 1.10. Elsewhere: a plain line per status and per tenth of a transfer, and no escape sequence at all.

import type { Clock, Timer } from '../../base/clock.ts'
import { columnsOf, type OutputStream, rowsOf } from '../io.ts'
import { advanceBar, barPercent, createProgressBar, formatBar, type ProgressBar } from './progress-bar.ts'
import { reflowedRows } from './reflowed-rows.ts'
import { displayWidth, truncate } from './width.ts'

export interface ProgressDisplay {
  /** A line with a spinner; the one before it stops. An empty text is a spinner alone, which only a terminal shows. */
  status(text: string): void
  bar(key: string, transfer: { label: string; totalBytes: number; currentBytes: number }): void
  /** Draws a last time and leaves the lines on the screen. */
  stop(): void
  /** Takes the lines off the screen. */
  clear(): void
}

const REDRAW_MS = 100
/** A blank, the spinner, and the blank behind it. */
const SPINNER_COLUMNS = 3
const SPINNER_FRAMES = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏']

export function createProgressDisplay(stream: OutputStream, clock: Clock): ProgressDisplay {
  return stream.isTTY ? createTerminalDisplay(stream, clock) : createPlainDisplay(stream, clock)
}

type Line = { kind: 'spinner'; text: string; startedMs: number; stopped: boolean } | { kind: 'bar'; bar: ProgressBar }

function createTerminalDisplay(stream: OutputStream, clock: Clock): ProgressDisplay {
  const lines: Line[] = []
  const bars = new Map<string, ProgressBar>()
  let drawn: string[] = []
  let ended = false
  let timer: Timer | undefined

  // A line that the terminal broke in two would be left behind by the next frame; the last frame has its texts in full.
  const formatLine = (line: Line): string => {
    const columns = columnsOf(stream)
    if (line.kind === 'bar') return formatBar(line.bar, columns)
    const shown = ended ? line.text : truncate(line.text, columns - SPINNER_COLUMNS)
    const text = shown === '' ? '' : `${shown} `
    if (line.stopped) return text
    const frame = Math.trunc((clock.nowMs() - line.startedMs) / REDRAW_MS) % SPINNER_FRAMES.length
    return `${text}${SPINNER_FRAMES[frame]} `
  }
  /** Of the last frame; a terminal that has become narrower has broken its lines. */
  const countRows = (): number => reflowedRows(drawn.map(displayWidth), columnsOf(stream))
  const draw = (): void => {
    const visible = lines.slice(-rowsOf(stream)).map(formatLine)
    const rows = countRows()
    const up = '\x1b[A'.repeat(Math.max(rows - 1, 0))
    const broken = rows > drawn.length ? '\x1b[J' : ''
    const body = visible.map((line) => `${line}\x1b[K`).join('\n')
    stream.write(`\x1b[?2026h\x1b[?25l${up}\x1b[1G${broken}${body}\x1b[?25h\x1b[?2026l`)
    drawn = visible
  }
  const tick = (): void => {
    if (ended) return
    draw()
    timer = clock.after(REDRAW_MS, tick)
  }
  const add = (line: Line): void => {
    lines.push(line)
    timer ??= clock.after(REDRAW_MS, tick)
  }
  const stopSpinners = (): void => {
    for (const line of lines) if (line.kind === 'spinner') line.stopped = true
  }
  const end = (): boolean => {
    if (ended) return false
    ended = true
    timer?.cancel()
    stopSpinners()
    return lines.length > 0
  }

  return {
    status(text) {
      stopSpinners()
      add({ kind: 'spinner', text: text.trim(), startedMs: clock.nowMs(), stopped: false })
    },
    bar(key, { label, totalBytes, currentBytes }) {
      stopSpinners()
      const known = bars.get(key)
      if (known) return advanceBar(known, currentBytes, clock.nowMs())
      const bar = createProgressBar(label, totalBytes, currentBytes, clock.nowMs())
      bars.set(key, bar)
      add({ kind: 'bar', bar })
    },
    stop() {
      if (!end()) return
      draw()
      stream.write('\n')
    },
    clear() {
      if (!end() || drawn.length === 0) return
      stream.write(`\x1b[?25l${'\x1b[2K\x1b[1G\x1b[A'.repeat(countRows() - 1)}\x1b[2K\x1b[1G\x1b[?25h`)
    },
  }
}

function createPlainDisplay(stream: OutputStream, clock: Clock): ProgressDisplay {
  const bars = new Map<string, { bar: ProgressBar; saidTenths: number }>()
  const report = (entry: { bar: ProgressBar; saidTenths: number }): void => {
    const percent = barPercent(entry.bar)
    const tenths = Math.trunc(percent / 10)
    if (tenths <= entry.saidTenths) return
    entry.saidTenths = tenths
    stream.write(`${entry.bar.label} ${Math.trunc(percent)}%\n`)
  }

  return {
    status(text) {
      if (text !== '') stream.write(`${text.trim()}\n`)
    },
    bar(key, { label, totalBytes, currentBytes }) {
      const entry = bars.get(key) ?? { bar: createProgressBar(label, totalBytes, currentBytes, clock.nowMs()), saidTenths: -1 }
      bars.set(key, entry)
      advanceBar(entry.bar, currentBytes, clock.nowMs())
      report(entry)
    },
    stop() {},
    clear() {},
  }
}
