// Numbers as people read them. Sizes are decimal, as the command line's are.

const SIZE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const

export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes)
  let unit = 0
  while (value >= 999.5 && unit < SIZE_UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${SIZE_UNITS[unit]}`
}

export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** Plural by an s, as all words here have it. */
export function formatAmount(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`
}

export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  const seconds = ms / 1000
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  const minutes = Math.round(whole / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

export function formatPercent(part: number, whole: number): string {
  return whole > 0 ? `${Math.floor((Math.min(part, whole) / whole) * 100)} %` : ''
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How long ago, or, for what lies more than a month back, the day. */
export function formatAgo(thenMs: number, nowMs: number): string {
  const ago = nowMs - thenMs
  if (ago < MINUTE_MS) return 'just now'
  if (ago < HOUR_MS) return `${formatAmount(Math.floor(ago / MINUTE_MS), 'minute')} ago`
  if (ago < DAY_MS) return `${formatAmount(Math.floor(ago / HOUR_MS), 'hour')} ago`
  if (ago < 31 * DAY_MS) return `${formatAmount(Math.floor(ago / DAY_MS), 'day')} ago`
  return new Date(thenMs).toISOString().slice(0, 10)
}

/** Until when a model stays loaded; the server says "for ever" with a date in centuries. */
export function formatUntil(thenMs: number, nowMs: number): string {
  const left = thenMs - nowMs
  if (Number.isNaN(left)) return 'unknown'
  if (left > 10_000 * DAY_MS) return 'for ever'
  return left <= 0 ? 'unloading' : `for ${formatDuration(left)}`
}
