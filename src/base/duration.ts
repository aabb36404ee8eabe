// Go's duration syntax: "300ms", "-1m", "1h30m", "1.5s". Values are nanoseconds in a double.

import { AppError } from './errors.ts'

const UNIT_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }

/** Nanoseconds; throws `invalid_request` in the words of Go's time.ParseDuration. */
export function parseDurationNs(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1
  let rest = text.replace(/^[+-]/, '')
  if (rest === '0') return 0
  if (rest === '') throw invalidDuration(`time: invalid duration ${JSON.stringify(text)}`)
  let total = 0
  while (rest !== '') {
    const number = /^(?:\d+\.?\d*|\.\d+)/.exec(rest)?.[0]
    if (number === undefined) throw invalidDuration(`time: invalid duration ${JSON.stringify(text)}`)
    rest = rest.slice(number.length)
    const unit = /^[^\d.]+/.exec(rest)?.[0]
    if (unit === undefined) throw invalidDuration(`time: missing unit in duration ${JSON.stringify(text)}`)
    const unitNs = UNIT_NS[unit]
    if (unitNs === undefined) throw invalidDuration(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`)
    total += Number(number) * unitNs
    rest = rest.slice(unit.length)
  }
  return sign * total
}

/** As Go prints a duration: "0s", "1.5s", "2m30s", "1h0m0s", "312.5ms". */
export function formatDurationNs(ns: number): string {
  if (ns === 0) return '0s'
  const sign = ns < 0 ? '-' : ''
  const absolute = Math.abs(Math.round(ns))
  if (absolute < 1e3) return `${sign}${absolute}ns`
  if (absolute < 1e6) return `${sign}${trim(absolute / 1e3)}µs`
  if (absolute < 1e9) return `${sign}${trim(absolute / 1e6)}ms`
  const hours = Math.floor(absolute / 3600e9)
  const minutes = Math.floor((absolute % 3600e9) / 60e9)
  const seconds = trim((absolute % 60e9) / 1e9)
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`
}

function trim(value: number): string {
  return String(Number(value.toFixed(9)))
}

function invalidDuration(message: string): AppError {
  return new AppError('invalid_request', message)
}
