// What the steps make, on its way to the parent. Each message wakes two other processes (the server, and the client behind it), which on a small
// machine costs the engine's threads their cores; so text that follows the last message within some milliseconds waits for the next step
// and goes in one message with it: thirty times a second is as often as a screen shows it. Each token's text stays a chunk of its own, since clients
// count tokens by them. The first text of a reply, its end, and everything else go at once, in order.

import type { Clock } from '../../base/clock.ts'
import type { StepChunk, ToParent } from '../protocol.ts'

/** A message of text waits when the last one was sent less than this ago for each reply that it belongs to: more replies, more to wake. */
export const HOLD_NS = 30e6
/** No text waits for longer, whatever number of replies there are. */
export const LONGEST_HOLD_NS = 45e6

export interface StepSender {
  send(message: ToParent): void
  /** There is no next step: what waits goes now. */
  flush(): void
}

export function createStepSender(send: (message: ToParent) => void, clock: Pick<Clock, 'monotonicNs'>): StepSender {
  let held: StepChunk[] = []
  let sentNs = Number.NEGATIVE_INFINITY
  /** Replies of which something has been sent. */
  const begun = new Set<number>()

  function flush(): void {
    if (held.length === 0) return
    const chunks = held
    held = []
    sentNs = clock.monotonicNs()
    for (const { id, chunk } of chunks) {
      if (chunk.type === 'end') begun.delete(id)
      else if (chunk.type === 'text') begun.add(id)
    }
    send({ type: 'step', chunks })
  }

  return {
    flush,
    send(message) {
      if (message.type !== 'step') {
        flush()
        if (message.type === 'failure') begun.delete(message.id)
        send(message)
        return
      }
      held.push(...message.chunks)
      const mayWait = message.chunks.every(({ id, chunk, urgent }) => chunk.type === 'text' && !urgent && begun.has(id))
      const replies = new Set(message.chunks.map(({ id }) => id)).size
      if (!mayWait || clock.monotonicNs() - sentNs >= Math.min(HOLD_NS * replies, LONGEST_HOLD_NS)) flush()
    },
  }
}
