// What goes into the next step: the next token of every reply that has room, as much of the prompts as the pace allows, and guesses
// where nothing is read.

import type { Completion } from './completion.ts'
import type { Engine, Threading } from './engine.ts'
import type { PrefillPace } from './prefill-pace.ts'
import type { Room } from './room.ts'
import type { Slot } from './slot.ts'
import { MAX_SPECULATED_TOKENS, NO_GUESS, type Speculation } from './speculation.ts'
import { addEntry, type StepEntry } from './step-entry.ts'
import { sharePrefill } from './step-plan.ts'

/** Each output of a batch is as large as the vocabulary: so many of a prompt's tokens have one in one step. */
export const MAX_PROMPT_OUTPUTS = 64

export interface BatchFillerOptions {
  engine: Engine
  pace: PrefillPace
  room: Room
  speculation: Speculation | undefined
}

export class BatchFiller {
  readonly #options: BatchFillerOptions

  constructor(options: BatchFillerOptions) {
    this.#options = options
  }

  /** `ready`: slots in the order of their sequences, which is how the engine evaluates neighbours together. `threading`: of the last step. */
  fill(ready: readonly Slot[], threading: Threading): StepEntry[] {
    const { engine, pace } = this.#options
    engine.batch.clear()
    const active = this.#withRoom(ready)
    const reading = active.filter((slot) => !slot.completion?.decoding).sort((a, b) => a.lastUsed - b.lastUsed)
    const decodingTokens = active.reduce((sum, slot) => sum + (slot.completion?.decoding ? slot.completion.todo.length : 0), 0)
    const shares = sharePrefill(
      reading.map((slot) => ({ remaining: slot.completion?.readyTokens ?? 0 })),
      { budget: reading.length === 0 ? 0 : pace.budget(decodingTokens, reading.length), room: pace.room(decodingTokens) },
    )
    const guesses = reading.length === 0 ? this.#guess(active, decodingTokens, threading) : undefined
    const entries: StepEntry[] = []
    for (const slot of active) {
      const completion = slot.completion as Completion
      const share = completion.decoding ? completion.todo.length : (shares[reading.indexOf(slot)] as number)
      const count = completion.tellsPrompt ? Math.min(share, MAX_PROMPT_OUTPUTS) : share
      if (count === 0) continue
      entries.push(addEntry(engine.batch, slot, { completion, count, guess: guesses?.get(slot) ?? NO_GUESS }))
    }
    return entries
  }

  #withRoom(slots: readonly Slot[]): readonly Slot[] {
    const waiting = this.#options.room.squeeze(slots.filter((slot) => slot.completion?.decoding))
    return slots.filter((slot) => slot.busy && !slot.isSuspended && !waiting.has(slot))
  }

  #guess(slots: readonly Slot[], decodingTokens: number, threading: Threading) {
    const { room, speculation } = this.#options
    return room.freeTokens >= decodingTokens + MAX_SPECULATED_TOKENS ? speculation?.guess(slots, threading) : undefined
  }
}
