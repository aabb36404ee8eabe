// A long prompt is evaluated in silence; proxies and clients take silence for death. While nothing comes, a sign of life does.

import type { Clock } from '../base/clock.ts'

/** Below the shortest patience of common proxies, 15 s. */
export const SILENCE_MS = 5_000
/** For streams whose status is not sent before their first item, so that what goes wrong until then has a status of its own; common proxies wait 60 s. */
export const SILENCE_BEFORE_STATUS_MS = 30_000

/** The items of the source, and `sign()` whenever it has been silent for a while; before its first item that may be a longer while. */
export async function* withSigns<T>(
  source: AsyncIterable<T>,
  sign: () => T,
  clock: Pick<Clock, 'after'>,
  firstMs = SILENCE_MS,
): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  let next = iterator.next()
  let patienceMs = firstMs
  try {
    for (;;) {
      const item = await nextOrSilence(next, patienceMs, clock)
      patienceMs = SILENCE_MS
      if (item === undefined) {
        yield sign()
        continue
      }
      if (item.done) return
      yield item.value
      next = iterator.next()
    }
  } finally {
    // The wait that is left behind ends with the source.
    next.catch(() => {})
    await iterator.return?.()
  }
}

async function nextOrSilence<T>(next: Promise<T>, patienceMs: number, clock: Pick<Clock, 'after'>): Promise<T | undefined> {
  let wake = () => {}
  const silence = new Promise<undefined>((resolve) => (wake = () => resolve(undefined)))
  const timer = clock.after(patienceMs, wake)
  try {
    return await Promise.race([next, silence])
  } finally {
    timer.cancel()
  }
}
