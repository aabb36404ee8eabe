import { parseDurationNs } from '../base/duration.ts'

/** A Go duration or a number of seconds; negative = for ever (Infinity). Nanoseconds. Throws `invalid_request`. */
export function parseKeepAliveNs(text: string): number {
  const ns = /^[+-]?\d+$/.test(text) ? Number(text) * 1e9 : parseDurationNs(text)
  return ns < 0 ? Number.POSITIVE_INFINITY : ns
}
