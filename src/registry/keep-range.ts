// The bytes of one answer go into the partial blob. What arrives fast is written in batches, since each write costs more than the bytes in
// it; what arrives slowly is written at once. Whatever ends the answer, all that arrived of it is kept.

import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { PartialBlob } from '../store/store.ts'
import type { BlobRange } from './blob-reader.ts'
import type { Pace } from './pacer.ts'
import type { Part } from './part-queue.ts'

export interface Keeper {
  partial: PartialBlob
  clock: Clock
  signal: AbortSignal
  pace: Pace
  onArrived(count: number): void
  onKept(count: number): void
}

const BATCH_BYTES = 256 * 1024
/** Longer between two pieces: the line is slow. */
const SLOW_NS = 5e6

/**
 * Writes those bytes of the body that a wanted part still misses, and moves the part's start along. What goes beyond the range is left.
 * Throws what the body throws, and a momentary `registry_error` where it ends early.
 */
export async function keepRange(range: BlobRange, wanted: readonly Part[], keeper: Keeper): Promise<void> {
  const batch: Batch = { start: range.start, end: range.start, pieces: [] }
  const limit = () => Math.min(range.end, Math.max(...wanted.map(({ end }) => end)))
  let lastNs = Number.NEGATIVE_INFINITY
  try {
    for await (const bytes of range.body) {
      // The body is read to its end, so that the connection serves the next part; only a server that sends too much is left.
      if (batch.end >= range.end) return
      const nowNs = keeper.clock.monotonicNs()
      batch.pieces.push(bytes)
      batch.end += bytes.length
      keeper.onArrived(bytes.length)
      if (batch.end - batch.start >= BATCH_BYTES || nowNs - lastNs >= SLOW_NS) await flush(batch, { range, wanted }, keeper)
      lastNs = nowNs
      // Somebody else fetches the rest, or it was there before.
      if (batch.end >= limit() && batch.end < range.end) return
      await keeper.pace(bytes.length, keeper.signal)
    }
  } finally {
    await flush(batch, { range, wanted }, keeper)
  }
  if (batch.end < limit()) throw new AppError('registry_error', 'unexpected EOF', { details: { retry: true } })
}

interface Batch {
  start: number
  end: number
  pieces: Uint8Array[]
}

async function flush(batch: Batch, { range, wanted }: { range: BlobRange; wanted: readonly Part[] }, keeper: Keeper): Promise<void> {
  const { start: from, pieces } = batch
  const to = Math.min(batch.end, range.end)
  Object.assign(batch, { start: batch.end, pieces: [] })
  for (const part of wanted) {
    const start = Math.max(part.start, from)
    const end = Math.min(part.end, to)
    if (start !== part.start || start >= end) continue
    await keeper.partial.write(start, cut(pieces, start - from, end - from))
    part.start = end
    keeper.onKept(end - start)
  }
}

/** The bytes from `start` to `end` of the pieces laid end to end. */
function cut(pieces: readonly Uint8Array[], start: number, end: number): Uint8Array[] {
  let at = 0
  return pieces.flatMap((piece) => {
    const [from, to] = [Math.max(start - at, 0), Math.min(end - at, piece.length)]
    at += piece.length
    return from < to ? [piece.subarray(from, to)] : []
  })
}
