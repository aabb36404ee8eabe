import { cancelled } from './errors.ts'

/** Throws `cancelled` when the signal has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal.reason)
}

/** Calls `listener` once when the signal aborts (at once if it has); returns a function that takes it off again. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (!signal) return () => {}
  if (signal.aborted) {
    listener()
    return () => {}
  }
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

/**
 * The promise, or `cancelled` as soon as the signal aborts, even when the promise has settled already. The work behind the promise is not stopped by
 * this; if it fails after the abort, nobody is told.
 */
export async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  let release = () => {}
  const aborted = new Promise<never>((_, reject) => {
    release = onAbort(signal, () => reject(cancelled(signal.reason)))
  })
  try {
    // The race listens to both in any case: a rejection that nobody listens to would end the process.
    return await Promise.race([aborted, promise])
  } finally {
    release()
  }
}

export interface AbortRace {
  /** As `raceAbort`, of one promise at a time. */
  race<T>(promise: Promise<T>): Promise<T>
  /** Takes the listener off the signal. */
  end(): void
}

/** For promises that follow each other by the thousand: a listener for each of them costs more than the promise. */
export function startAbortRace(signal: AbortSignal): AbortRace {
  let refuse: ((error: unknown) => void) | undefined
  const end = onAbort(signal, () => refuse?.(cancelled(signal.reason)))
  return {
    race: (promise) =>
      new Promise((resolve, reject) => {
        refuse = reject
        // Listened to in any case: a rejection that nobody listens to would end the process.
        promise.then(resolve, reject)
        if (signal.aborted) reject(cancelled(signal.reason))
      }),
    end,
  }
}
