// How Go writes what JavaScript has no words for: fields that vanish when empty, times, whole nanoseconds.

/** Go's `omitempty`: undefined, null, false, zero, the empty text and the empty list vanish. */
export function omitEmpty<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value))) as { [K in keyof T]?: NonNullable<T[K]> }
}

/** Without the fields that are undefined. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}

/** The newer of two words for one field wins, unless it is empty. */
export function firstNonEmpty(newer: string | undefined, older: string | undefined): string {
  return newer || older || ''
}

/** Tokens that come together have the same time, and writing it took a tenth of a record's work. */
const lastUtc = { ms: Number.NaN, text: '' }

/** RFC 3339 in UTC, without trailing zeros: `2026-11-21T08:20:36.12Z`. */
export function formatUtc(ms: number): string {
  if (ms !== lastUtc.ms) Object.assign(lastUtc, { ms, text: trimFraction(new Date(ms).toISOString().slice(0, -1), 'Z') })
  return lastUtc.text
}

/** RFC 3339 with the offset of this machine's time zone. */
export function formatLocal(ms: number): string {
  const offsetMinutes = -new Date(ms).getTimezoneOffset()
  if (offsetMinutes === 0) return formatUtc(ms)
  const shifted = new Date(ms + offsetMinutes * 60_000).toISOString().slice(0, -1)
  const size = Math.abs(offsetMinutes)
  const offset = `${twoDigits(Math.floor(size / 60))}:${twoDigits(size % 60)}`
  return trimFraction(shifted, `${offsetMinutes < 0 ? '-' : '+'}${offset}`)
}

/** Go's longest duration, about 292 years: what `for ever` looks like on the wire. */
const FOREVER_MS = 9_223_372_036_854

export function formatExpiry(expiresMs: number, nowMs: number): string {
  return formatLocal(Math.min(expiresMs, nowMs + FOREVER_MS))
}

export function wholeNs(ns: number): number {
  return Math.max(0, Math.round(ns))
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || value === false || value === 0 || value === '' || (Array.isArray(value) && value.length === 0)
  )
}

function trimFraction(text: string, zone: string): string {
  const [seconds = '', fraction = ''] = text.split('.')
  const digits = fraction.replace(/0+$/, '')
  return `${seconds}${digits === '' ? '' : `.${digits}`}${zone}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
