// Fetches what a partial blob still misses: in parallel ranges, or in one stream from a server that knows no ranges. Every byte that
// arrives is kept, whatever happens next. The budget of tries counts failures in a row: whoever makes progress starts it anew.

import type { Clock } from '../base/clock.ts'
import { AppError, isAppError } from '../base/errors.ts'
import type { PartialBlob } from '../store/store.ts'
import type { BlobRange, BlobReader } from './blob-reader.ts'
import { type Part, PartQueue } from './part-queue.ts'
import { isMomentary } from './session.ts'
import { wait, within, withStallLimit } from './wait.ts'

export interface DownloadOptions {
  clock: Clock
  signal: AbortSignal
  onBytes(count: number): void
  /** For tests; otherwise from the blob's size. */
  partBytes?: number
}

export const CONNECTIONS = 16
export const MAX_FAILURES = 6
export const STALL_LIMIT_MS = 30_000

export async function downloadMissing(partial: PartialBlob, reader: BlobReader, options: DownloadOptions): Promise<void> {
  const queue = new PartQueue(partial.missing(), partial.sizeBytes, options.partBytes)
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const workers: Promise<void>[] = []
  let failure: unknown
  const start = () => {
    const worker = queue
      .drain((part) => fetchPart(part, run))
      .catch((error: unknown) => {
        failure ??= error
        stop.abort()
      })
    workers.push(worker)
  }
  const run: Run = {
    partial,
    reader,
    queue,
    signal,
    clock: options.clock,
    onBytes: options.onBytes,
    alone: true,
    onRanges() {
      if (!run.alone) return
      run.alone = false
      for (let count = Math.min(CONNECTIONS - 1, queue.length); count > 0; count--) start()
    },
  }
  start()
  // The first worker may have started others: wait for all that there are.
  for (let index = 0; index < workers.length; index++) await workers[index]
  if (failure !== undefined) throw failure
}

interface Run {
  partial: PartialBlob
  reader: BlobReader
  queue: PartQueue
  signal: AbortSignal
  clock: Clock
  onBytes(count: number): void
  /** One connection until the first answer tells whether the server knows ranges. */
  alone: boolean
  onRanges(): void
}

async function fetchPart(part: Part, run: Run): Promise<void> {
  let failures = 0
  while (part.start < part.end) {
    const before = part.start
    try {
      await fetchOnce(part, run)
    } catch (error) {
      if (run.signal.aborted || !isMomentary(error)) throw error
      failures = part.start > before ? 1 : failures + 1
      if (failures >= MAX_FAILURES) throw exhausted(error)
      await wait(run.clock, 1000 * 2 ** (failures - 1), run.signal)
    }
  }
}

/** One request. A server that sends the whole blob is accepted while no other connection is open; then all parts are taken from it. */
async function fetchOnce(part: Part, run: Run): Promise<void> {
  const { clock } = run
  // A connection that failed must not stay open behind the next try.
  const attempt = new AbortController()
  const signal = AbortSignal.any([run.signal, attempt.signal])
  try {
    const opening = run.reader.open(part.start, part.end, signal)
    const range = await within(opening, { clock, limitMs: STALL_LIMIT_MS, message: `no answer for ${STALL_LIMIT_MS / 1000} seconds` })
    const body = withStallLimit(range.body, { clock, limitMs: STALL_LIMIT_MS, signal: run.signal })
    const wholeBlob = range.start < part.start || range.end > part.end
    if (!wholeBlob) run.onRanges()
    else if (!run.alone) throw momentary('the server answers a range with the whole blob')
    await keep({ ...range, body }, wholeBlob ? [part, ...run.queue.waiting()] : [part], run)
  } catch (error) {
    attempt.abort()
    throw error
  }
}

/** Writes those bytes of the body that a wanted part still misses, and moves the part's start along. What goes beyond the range is left. */
async function keep(range: BlobRange, wanted: readonly Part[], { partial, onBytes }: Run): Promise<void> {
  let position = range.start
  for await (const bytes of range.body) {
    // The body is read to its end, so that the connection serves the next part; only a server that sends too much is left.
    if (position >= range.end) return
    for (const part of wanted) {
      const start = Math.max(part.start, position)
      const end = Math.min(part.end, position + bytes.length)
      if (start !== part.start || start >= end) continue
      await partial.write(start, bytes.subarray(start - position, end - position))
      part.start = end
      onBytes(end - start)
    }
    position += bytes.length
  }
  if (position < range.end) throw momentary('unexpected EOF')
}

function momentary(message: string): AppError {
  return new AppError('registry_error', message, { details: { retry: true } })
}

function exhausted(error: unknown): AppError {
  const code = isAppError(error) ? error.code : 'registry_unreachable'
  return new AppError(code, `max retries exceeded: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}
