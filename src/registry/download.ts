// Fetches what a partial blob still misses: in parallel ranges, or in one stream from a server that knows no ranges. Every byte that
// arrives is kept, whatever happens next. The budget of tries counts failures in a row during which no byte arrived on any connection:
// a pull that moves on somewhere is not given up.

import type { Clock } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import type { PartialBlob } from '../store/store.ts'
import type { BlobReader } from './blob-reader.ts'
import { keepRange } from './keep-range.ts'
import { type Lane, Lanes, MIN_SPLIT_BYTES } from './lanes.ts'
import { createPacer, type Pace } from './pacer.ts'
import { type Part, PartQueue } from './part-queue.ts'
import { exhausted, isMomentary } from './session.ts'
import { wait, within, withStallLimit } from './wait.ts'

export interface DownloadOptions {
  clock: Clock
  signal: AbortSignal
  onBytes(count: number): void
  /** Connections at once. */
  maxStreams?: number
  limitBytesPerSecond?: number
  /** For tests; otherwise from the blob's size. */
  partBytes?: number
}

export const DEFAULT_STREAMS = 16
export const MAX_FAILURES = 6
export const STALL_LIMIT_MS = 30_000
const MAX_PAUSE_DOUBLINGS = 4
/** Of a limited rate: more connections would each be too slow for the other side's patience. */
const LEAST_STREAM_BYTES_PER_SECOND = 256 * 1024

export async function downloadMissing(partial: PartialBlob, reader: BlobReader, options: DownloadOptions): Promise<void> {
  const { clock } = options
  const queue = new PartQueue(partial.missing(), partial.sizeBytes, options.partBytes)
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const workers: Promise<void>[] = []
  let failure: unknown
  const start = () => {
    const worker = work(run).catch((error: unknown) => {
      failure ??= error
      stop.abort()
    })
    workers.push(worker)
  }
  const run: Run = {
    partial,
    reader,
    queue,
    lanes: new Lanes(clock),
    signal,
    clock,
    pace: createPacer(clock, options.limitBytesPerSecond),
    receivedBytes: 0,
    onBytes(count) {
      run.receivedBytes += count
      options.onBytes(count)
    },
    alone: true,
    onRanges() {
      if (!run.alone) return
      run.alone = false
      const missingBytes = partial.missing().reduce((sum, range) => sum + range.end - range.start, 0)
      const useful = Math.max(queue.length, Math.ceil(missingBytes / MIN_SPLIT_BYTES) - 1)
      for (let count = Math.min(streamsOf(options) - 1, useful); count > 0; count--) start()
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
  lanes: Lanes
  signal: AbortSignal
  clock: Clock
  pace: Pace
  /** On all connections together. */
  receivedBytes: number
  onBytes(count: number): void
  /** One connection until the first answer tells whether the server knows ranges. */
  alone: boolean
  onRanges(): void
}

function streamsOf({ maxStreams = DEFAULT_STREAMS, limitBytesPerSecond = Number.POSITIVE_INFINITY }: DownloadOptions): number {
  return Math.max(1, Math.min(maxStreams, Math.floor(limitBytesPerSecond / LEAST_STREAM_BYTES_PER_SECOND)))
}

/** One connection: parts of its own, then those of others. */
async function work(run: Run): Promise<void> {
  await run.queue.drain((part) => fetchPart(part, run))
  for (let part = await run.lanes.help(run.signal); part; part = await run.lanes.help(run.signal)) await fetchPart(part, run)
}

async function fetchPart(part: Part, run: Run): Promise<void> {
  const { clock, signal } = run
  const lane = run.lanes.enter(part)
  let [failures, pauses, received] = [0, 0, run.receivedBytes]
  try {
    while (part.start < part.end) {
      const before = part.start
      try {
        await fetchOnce(lane, run)
      } catch (error) {
        if (signal.aborted || !isMomentary(error)) throw error
        if (error === REOPENED) continue
        failures = run.receivedBytes > received ? 1 : failures + 1
        received = run.receivedBytes
        if (failures >= MAX_FAILURES) throw exhausted(error)
        pauses = part.start > before ? 0 : Math.min(pauses + 1, MAX_PAUSE_DOUBLINGS + 1)
        await wait(clock, 1000 * 2 ** Math.max(pauses - 1, 0), signal)
      }
    }
  } finally {
    run.lanes.leave(lane)
  }
}

/** One request. A server that sends the whole blob is accepted while no other connection is open; then all parts are taken from it. */
async function fetchOnce(lane: Lane, run: Run): Promise<void> {
  const { clock, lanes, queue } = run
  const { part } = lane
  // Another connection may take the part's end while this one waits for its answer.
  const { start, end } = part
  // A connection that failed must not stay open behind the next try.
  const attempt = new AbortController()
  const signal = AbortSignal.any([run.signal, attempt.signal])
  let isReopened = false
  lanes.begin(lane, () => {
    isReopened = true
    attempt.abort()
  })
  try {
    const opening = run.reader.open(start, end, signal)
    const range = await within(opening, { clock, limitMs: STALL_LIMIT_MS, message: `no answer for ${STALL_LIMIT_MS / 1000} seconds` })
    const body = withStallLimit(range.body, { clock, limitMs: STALL_LIMIT_MS, signal })
    const wholeBlob = range.start < start || range.end > end
    if (!wholeBlob) run.onRanges()
    else if (!run.alone) throw momentary('the server answers a range with the whole blob')
    await keepRange({ ...range, body }, wholeBlob ? [part, ...queue.waiting()] : [part], {
      ...run,
      onArrived: (count) => lanes.took(lane, count),
      onKept: run.onBytes,
    })
  } catch (error) {
    attempt.abort()
    throw isReopened ? REOPENED : error
  } finally {
    delete lane.reopen
  }
}

function momentary(message: string): AppError {
  return new AppError('registry_error', message, { details: { retry: true } })
}

/** A request that was ended so that another one takes its place. */
const REOPENED = momentary('the request was made anew')
