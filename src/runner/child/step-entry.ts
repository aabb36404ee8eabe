// What a slot has in a step.

import type { Completion } from './completion.ts'
import type { Batch } from './engine.ts'
import type { Slot } from './slot.ts'
import type { Guess } from './speculation.ts'

export interface StepEntry {
  slot: Slot
  completion: Completion
  /** Of what is still to be evaluated. */
  count: number
  /** At the tokens after those. */
  guess: Guess
  /** Places of the logits: behind the last token and each guess. None while the prompt goes on. */
  outputs: readonly number[]
  /** Places of the prompt's tokens, where their log-probabilities are wanted. */
  promptPlaces: readonly number[]
}

export function addEntry(
  batch: Batch,
  slot: Slot,
  { completion, count, guess }: Pick<StepEntry, 'completion' | 'count' | 'guess'>,
): StepEntry {
  const position = slot.layout.positionAt(slot.tokens.length)
  const wantsToken = completion.request.maxTokens !== 0
  const outputs: number[] = []
  const promptPlaces: number[] = []
  for (let index = 0; index < count; index++) {
    const last = wantsToken && index === completion.todo.length - 1
    const wantsOutput = last || completion.tellsPrompt
    const at = batch.add(completion.todo[index] as number, position + index, slot.sequence, wantsOutput)
    if (last) outputs.push(at)
    if (completion.tellsPrompt) promptPlaces.push(at)
  }
  for (const [index, token] of guess.tokens.entries()) outputs.push(batch.add(token, position + count + index, slot.sequence, true))
  return { slot, completion, count, guess, outputs, promptPlaces }
}
