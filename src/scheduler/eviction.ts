// Which model has to go when another needs its place.

export interface Candidate {
  key: string
  /** Requests that use it now. */
  leases: number
  keepAliveNs: number
  /** When it would be unloaded anyway, milliseconds since 1970. */
  expiresMs: number
  lastUsedMs: number
}

/** An idle one before a busy one; among the idle the one that is due first; then the one unused for the longest; then by key. */
export function chooseVictim<T extends Candidate>(candidates: readonly T[]): T | undefined {
  return [...candidates].sort(compare)[0]
}

function compare(a: Candidate, b: Candidate): number {
  const busy = Number(a.leases > 0) - Number(b.leases > 0)
  if (busy !== 0) return busy
  const due = a.leases > 0 ? difference(a.keepAliveNs, b.keepAliveNs) : difference(a.expiresMs, b.expiresMs)
  return due || difference(a.lastUsedMs, b.lastUsedMs) || (a.key < b.key ? -1 : 1)
}

/** Infinity minus Infinity is not a number, and no order. */
function difference(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}
