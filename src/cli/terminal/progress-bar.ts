// One bar of a transfer as a line of text (contract/cli-registry.md section 1.10). Pure: the time comes with every call.

import { formatBytes, toFixedEven } from '../../base/bytes.ts'
import { formatDurationNs } from '../../base/duration.ts'
import { displayWidth } from './width.ts'

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

export function formatBar(bar: ProgressBar, columns: number): string {
  const percent = barPercent(bar)
  const left = `${bar.label} ${toFixedEven(percent, 0).padStart(3)}%`
  const right = formatFigures(bar)
  const width = Math.max(columns - displayWidth(left) - right.length - 5, 0)
  const filled = Math.trunc((width * percent) / 100)
  return `${left} ▕${'█'.repeat(filled)}${' '.repeat(width - filled)}▏ ${right}`
}

function formatFigures(bar: ProgressBar): string {
  const total = formatBytes(bar.totalBytes).padStart(6)
  if (bar.finishedMs !== undefined) return `${total}${' '.repeat(7 + 10 + 8)}`
  const sizes = `${formatBytes(bar.currentBytes).padStart(6)}/${total}`
  const rate = bytesPerSecond(bar)
  if (rate <= 0) return sizes + ' '.repeat(10 + 8)
  const remainingS = Math.trunc((bar.totalBytes - bar.currentBytes) / rate)
  return `${sizes}  ${formatBytes(rate).padStart(6)}/s  ${formatRemaining(remainingS).padStart(6)}`
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
