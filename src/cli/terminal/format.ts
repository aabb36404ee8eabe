// Numbers and times for people, byte for byte as Ollama's command line prints them (contract/cli-registry.md section 1.12).

import { toFixedEven } from '../../base/bytes.ts'

const SECOND_MS = 1000
const HOUR_MS = 3_600_000
const HOURS_PER_YEAR = 24 * 365
/** Go's zero time, which stands for "not set" on the wire. */
const ZERO_TIME_MS = -62_135_596_800_000

/** Counts of parameters: "999", "2K", "22.70M", "8.0B". */
export function formatCount(count: number): string {
  if (count >= 1e9) return `${toFixedEven(count / 1e9, Number.isInteger(count / 1e9) ? 0 : 1)}B`
  if (count >= 1e6) return `${toFixedEven(count / 1e6, Number.isInteger(count / 1e6) ? 0 : 2)}M`
  return count >= 1e3 ? `${toFixedEven(count / 1e3, 0)}K` : String(Math.trunc(count))
}

/** "2 weeks ago", "4 minutes from now", "Forever" (more than 20 years ahead), "Never" (not set). */
export function formatRelativeTime(timeMs: number, nowMs: number): string {
  if (Number.isNaN(timeMs) || timeMs <= ZERO_TIME_MS) return 'Never'
  const ageMs = nowMs - timeMs
  if (-ageMs / HOUR_MS / HOURS_PER_YEAR >= 21) return 'Forever'
  return ageMs < 0 ? `${formatSpan(-ageMs)} from now` : `${formatSpan(ageMs)} ago`
}

function formatSpan(spanMs: number): string {
  const seconds = Math.trunc(spanMs / SECOND_MS)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  const minutes = Math.trunc(seconds / 60)
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  const hours = Math.round(spanMs / HOUR_MS)
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`
  if (hours < HOURS_PER_YEAR * 2) return `${Math.trunc(hours / 24 / 30)} months`
  return `${Math.trunc(Math.trunc(spanMs / HOUR_MS) / HOURS_PER_YEAR)} years`
}
