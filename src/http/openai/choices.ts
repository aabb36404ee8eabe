// Several replies to one request, made side by side and given out as they come. Their number in flight is bounded, since each holds a place in the
// model's queue; the first that fails ends all.

import { onAbort } from '../../base/abort.ts'
import { cancelled } from '../../base/errors.ts'

export interface Choice<T> {
  index: number
  event: T
}

/** Replies that one request has under way at a time. */
export const MAX_PARALLEL_CHOICES = 8

/** The events of `count` replies, each with the number of its reply. Within one reply they keep their order. */
export async function* runChoices<T>(
  count: number,
  start: (index: number, signal: AbortSignal) => AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<Choice<T>> {
  const stop = new AbortController()
  const release = onAbort(signal, () => stop.abort(signal.reason))
  const running = new Map<number, { iterator: AsyncIterator<T>; next: Promise<Arrival<T>> }>()
  let started = 0
  const advance = (index: number, iterator: AsyncIterator<T>): void => {
    const next = iterator.next().then((result) => ({ index, result }))
    // A failure may come while another reply is given out; whoever waits next sees it.
    next.catch(() => undefined)
    running.set(index, { iterator, next })
  }
  try {
    for (;;) {
      while (started < count && running.size < MAX_PARALLEL_CHOICES) {
        const index = started++
        advance(index, start(index, stop.signal)[Symbol.asyncIterator]())
      }
      if (running.size === 0) return
      const { index, result } = await Promise.race([...running.values()].map(({ next }) => next))
      const iterator = running.get(index)?.iterator
      running.delete(index)
      if (result.done || !iterator) continue
      advance(index, iterator)
      yield { index, event: result.value }
    }
  } finally {
    release()
    if (running.size > 0) {
      stop.abort(cancelled())
      // What the others still say is of no interest any more; each ends by its signal.
      await Promise.allSettled([...running.values()].map(({ iterator }) => iterator.return?.()))
    }
  }
}

interface Arrival<T> {
  index: number
  result: IteratorResult<T>
}
