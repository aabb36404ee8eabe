import { AppError } from './errors.ts'

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AppError('cancelled', 'request canceled', { cause: signal.reason })
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

/** The promise, or `cancelled` as soon as the signal aborts. The work behind the promise is not stopped by this. */
export async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  throwIfAborted(signal)
  if (!signal) return promise
  let release = () => {}
  const aborted = new Promise<never>((_, reject) => {
    release = onAbort(signal, () => reject(new AppError('cancelled', 'request canceled', { cause: signal.reason })))
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    release()
  }
}
