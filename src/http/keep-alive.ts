// A long prompt is evaluated in silence; proxies and clients take silence for death. While nothing comes, a sign of life does.

import type { Clock } from '../base/clock.ts'

/** Below the shortest patience of common proxies, 15 s. */
export const SILENCE_MS = 5_000

/** The items of the source, and `sign()` whenever it has been silent for a while. */
export async function* withSigns<T>(source: AsyncIterable<T>, sign: () => T, clock: Pick<Clock, 'after'>): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  let next = iterator.next()
  try {
    for (;;) {
      const item = await nextOrSilence(next, clock)
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

async function nextOrSilence<T>(next: Promise<T>, clock: Pick<Clock, 'after'>): Promise<T | undefined> {
  let wake = () => {}
  const silence = new Promise<undefined>((resolve) => (wake = () => resolve(undefined)))
  const timer = clock.after(SILENCE_MS, wake)
  try {
    return await Promise.race([next, silence])
  } finally {
    timer.cancel()
  }
}
