// Waiting with a limit, on the injected clock.

import { onAbort, throwIfAborted } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import { AppError, cancelled } from '../base/errors.ts'

/** Throws `cancelled` when the signal aborts first. */
export function wait(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(delayMs, () => {
      release()
      resolve()
    })
    const release = onAbort(signal, () => {
      timer.cancel()
      reject(cancelled(signal?.reason))
    })
  })
}

/** The promise's value, or `registry_unreachable` when it takes longer. The work behind the promise is not stopped by this. */
export async function within<T>(
  promise: Promise<T>,
  { clock, limitMs, message }: { clock: Clock; limitMs: number; message: string },
): Promise<T> {
  let late = () => {}
  const limit = new Promise<never>((_, reject) => {
    late = () => reject(new AppError('registry_unreachable', message, { details: { reason: 'stalled' } }))
  })
  const timer = clock.after(limitMs, () => late())
  try {
    return await Promise.race([promise, limit])
  } finally {
    timer.cancel()
  }
}

/** The chunks of a body; `registry_unreachable` when none comes for `limitMs`. The time that the consumer takes does not count. */
export async function* withStallLimit(
  body: AsyncIterable<Uint8Array>,
  { clock, limitMs, signal }: { clock: Clock; limitMs: number; signal?: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]()
  const message = `no data for ${Math.round(limitMs / 1000)} seconds`
  let finished = false
  try {
    while (true) {
      throwIfAborted(signal)
      const next = await within(iterator.next(), { clock, limitMs, message })
      if (next.done) {
        finished = true
        return
      }
      yield next.value
    }
  } finally {
    // Not awaited: a generator that still waits for a silent server would never answer.
    if (!finished) void iterator.return?.(undefined).catch(() => undefined)
  }
}
