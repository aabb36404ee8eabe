// The lines of a transfer: at most one per 60 ms, at least one per second, so that neither the client drowns nor its patience ends.

import { onAbort, raceAbort, throwIfAborted } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import { type Digest, digestHex } from '../model/digest.ts'
import type { Progress } from './registry.ts'
import type { Amount } from './shared-tasks.ts'

export const PROGRESS_INTERVAL_MS = 60
const HEARTBEAT_MS = 1000

/** The first twelve hexadecimal digits: how people know a blob. */
export function shortDigest(digest: Digest): string {
  return digestHex(digest).slice(0, 12)
}

export interface WatchOptions {
  status: string
  /** None where it is not known yet. */
  digest?: string
  clock: Clock
  signal: AbortSignal | undefined
}

/** Reports the amount until the work is done, and gives its result. Throws what the work throws, and `cancelled`. */
export async function* watch<T>(work: Promise<T>, amount: () => Amount, options: WatchOptions): AsyncGenerator<Progress, T> {
  const { status, digest, clock, signal } = options
  let done = false
  const settled = work.finally(() => {
    done = true
  })
  settled.catch(() => undefined)
  let [lastBytes, lastNs] = [-1, clock.monotonicNs()]
  while (!done) {
    throwIfAborted(signal)
    await nextTick(settled, clock, signal)
    const { completedBytes, totalBytes } = amount()
    const quietMs = (clock.monotonicNs() - lastNs) / 1e6
    if (done || totalBytes === 0 || (completedBytes === lastBytes && quietMs < HEARTBEAT_MS)) continue
    lastBytes = completedBytes
    lastNs = clock.monotonicNs()
    yield { status, ...(digest === undefined ? {} : { digest }), totalBytes, completedBytes }
  }
  return raceAbort(work, signal)
}

/** After the interval, or as soon as the work settles or the caller leaves. */
function nextTick(work: Promise<unknown>, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      timer.cancel()
      release()
      resolve()
    }
    const timer = clock.after(PROGRESS_INTERVAL_MS, finish)
    let release = () => {}
    release = onAbort(signal, finish)
    work.then(finish, finish)
  })
}
