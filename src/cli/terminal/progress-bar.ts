// One bar of a transfer as a line of text (contract/cli-registry.md section 1.10). Pure: the time comes with every call.

import { formatBytes, toFixedEven } from '../../base/bytes.ts'
import { formatDurationNs } from '../../base/duration.ts'
import { displayWidth, truncate } from './width.ts'

/** The rate is measured over the last ten seconds. */
const MAX_SAMPLES = 10
const SAMPLE_INTERVAL_MS = 1000
const HOUR_S = 3600

export interface ProgressBar {
  readonly label: string
  readonly totalBytes: number
  readonly initialBytes: number
  readonly startedMs: number
  currentBytes: number
  finishedMs: number | undefined
  samples: { atMs: number; bytes: number }[]
}

export function createProgressBar(label: string, totalBytes: number, currentBytes: number, nowMs: number): ProgressBar {
  const bar: ProgressBar = {
    label: label.trim(),
    totalBytes,
    initialBytes: currentBytes,
    startedMs: nowMs,
    currentBytes,
    finishedMs: currentBytes >= totalBytes ? nowMs : undefined,
    samples: [],
  }
  return bar
}

export function advanceBar(bar: ProgressBar, bytes: number, nowMs: number): void {
  bar.currentBytes = Math.min(bytes, bar.totalBytes)
  if (bar.currentBytes >= bar.totalBytes) bar.finishedMs ??= nowMs
  const last = bar.samples.at(-1)
  if (last && nowMs - last.atMs <= SAMPLE_INTERVAL_MS) return
  bar.samples.push({ atMs: nowMs, bytes: bar.currentBytes })
  if (bar.samples.length > MAX_SAMPLES) bar.samples.shift()
}

export function barPercent(bar: ProgressBar): number {
  return bar.totalBytes > 0 ? (bar.currentBytes / bar.totalBytes) * 100 : 0
}

/** Always narrower than `columns`: a line that the terminal breaks cannot be drawn over. Where the bar has no place, figures go one by one. */
export function formatBar(bar: ProgressBar, columns: number): string {
  const percent = barPercent(bar)
  const left = `${bar.label} ${toFixedEven(percent, 0).padStart(3)}%`
  const figures = readFigures(bar)
  const right = formatFigures(figures)
  const width = columns - displayWidth(left) - right.length - 5
  if (width < 1) return formatNarrow(left, figures, columns - 1)
  const filled = Math.trunc((width * percent) / 100)
  return `${left} ▕${'█'.repeat(filled)}${' '.repeat(width - filled)}▏ ${right}`
}

function formatNarrow(left: string, { sizes, rate, remaining }: Figures, columns: number): string {
  const size = sizes.join('/')
  const choices = [[left, size, rate, remaining], [left, size, remaining], [left, size], [left]]
  const lines = choices.map((words) => words.filter((word) => word !== '').join(' '))
  return lines.find((line) => displayWidth(line) <= columns) ?? truncate(left, columns)
}

interface Figures {
  /** What has arrived and what there is; only the latter when they are the same. */
  sizes: string[]
  /** Empty while it is not known. */
  rate: string
  remaining: string
}

function readFigures(bar: ProgressBar): Figures {
  const total = formatBytes(bar.totalBytes)
  if (bar.finishedMs !== undefined) return { sizes: [total], rate: '', remaining: '' }
  const sizes = [formatBytes(bar.currentBytes), total]
  const rate = bytesPerSecond(bar)
  if (rate <= 0) return { sizes, rate: '', remaining: '' }
  return { sizes, rate: `${formatBytes(rate)}/s`, remaining: formatRemaining(Math.trunc((bar.totalBytes - bar.currentBytes) / rate)) }
}

function formatFigures({ sizes, rate, remaining }: Figures): string {
  const size = sizes.map((text) => text.padStart(6)).join('/')
  const speed = rate === '' ? '' : `  ${rate.padStart(8)}  ${remaining.padStart(6)}`
  return `${size.padEnd(13)}${speed.padEnd(18)}`
}

function bytesPerSecond(bar: ProgressBar): number {
  const [first] = bar.samples
  const last = bar.samples.at(-1)
  if (!first || !last) return 0
  const from = bar.samples.length === 1 ? { atMs: bar.startedMs, bytes: bar.initialBytes } : first
  const seconds = Math.round((last.atMs - from.atMs) / 1000)
  return seconds > 0 ? (last.bytes - from.bytes) / seconds : 0
}

function formatRemaining(seconds: number): string {
  if (seconds >= 100 * HOUR_S) return '99h+'
  if (seconds >= HOUR_S) return `${Math.trunc(seconds / HOUR_S)}h${Math.trunc(seconds / 60) % 60}m`
  return formatDurationNs(seconds * 1e9)
}
