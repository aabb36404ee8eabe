// What the loop's tests read from the messages that it has sent, and how they let it run.

import type { CompletionChunk, ToParent } from '../protocol.ts'

/** Steps until there is nothing to do, and how many there were. */
export function runLoop(loop: { step(): boolean }, limit = 10_000): number {
  let steps = 0
  while (steps < limit && loop.step()) steps++
  return steps
}

export interface LoopMessages {
  chunksOf(id: number): CompletionChunk[]
  textOf(id: number): string
  endOf(id: number): Extract<CompletionChunk, { type: 'end' }> | undefined
}

/** `sent` may grow. */
export function readMessages(sent: readonly ToParent[]): LoopMessages {
  const chunksOf = (id: number) =>
    sent.flatMap((message) => (message.type === 'step' ? message.chunks.filter((one) => one.id === id).map(({ chunk }) => chunk) : []))
  return {
    chunksOf,
    textOf: (id) =>
      chunksOf(id)
        .map((chunk) => (chunk.type === 'text' ? chunk.text : ''))
        .join(''),
    endOf: (id) => chunksOf(id).find((chunk) => chunk.type === 'end'),
  }
}
