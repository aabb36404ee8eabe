// What the steps make, on its way to the parent. Each message wakes two other processes (the server, and the client behind it), which on a small
// machine costs the engine's threads their cores; so text that follows the last message within some milliseconds waits for the next step
// and goes with it: thirty times a second is as often as a screen shows it. The first text of a reply, its end, and everything else go at once, in order.

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
      else begun.add(id)
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
      held = mergeChunks(held, message.chunks)
      const mayWait = message.chunks.every(({ id, chunk, urgent }) => chunk.type === 'text' && !urgent && begun.has(id))
      if (!mayWait || clock.monotonicNs() - sentNs >= Math.min(HOLD_NS * message.chunks.length, LONGEST_HOLD_NS)) flush()
    },
  }
}

/** Text that follows text of the same reply becomes one chunk with it. */
function mergeChunks(earlier: readonly StepChunk[], later: readonly StepChunk[]): StepChunk[] {
  const merged = [...earlier]
  for (const { id, chunk } of later) {
    const index = merged.findLastIndex((candidate) => candidate.id === id)
    const last = merged[index]?.chunk
    if (chunk.type !== 'text' || last?.type !== 'text') merged.push({ id, chunk })
    else {
      const logprobs = [...(last.logprobs ?? []), ...(chunk.logprobs ?? [])]
      merged[index] = { id, chunk: { type: 'text', text: last.text + chunk.text, ...(logprobs.length > 0 ? { logprobs } : {}) } }
    }
  }
  return merged
}
