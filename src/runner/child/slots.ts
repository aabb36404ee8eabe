// Which slot serves a request. A slot's tokens are those that its sequence holds in the KV cache; what a new prompt shares with them at its
// start need not be evaluated again. A prefix that another slot holds is copied when that saves enough. At least one token of a prompt is
// always evaluated, since only an evaluation gives logits, and a run of media is shared whole. Pure: the engine is told by the loop.

import { type SequenceLayout, TEXT_LAYOUT } from './sequence-layout.ts'

/** A shorter common start is no reason to prefer a slot, unless it is half of the prompt. */
const LEAST_PREFIX_TOKENS = 16
/** A copy moves a sequence's whole memory: it must save at least this many tokens, and more when the memory is large. */
const LEAST_COPY_TOKENS = 32
const CONTEXT_TOKENS_PER_COPIED_TOKEN = 64

export interface SlotState {
  readonly sequence: number
  readonly busy: boolean
  /** Evaluated tokens, in order. */
  readonly tokens: readonly number[]
  /** How many of them were evaluated after exactly those before them; a context shift makes the rest unfit for others. */
  readonly pureLength: number
  /** When it was last given to a request; 0 = never. */
  readonly lastUsed: number
}

export interface SlotChoice {
  sequence: number
  /** Tokens at the start of the prompt that need no evaluation. */
  prefixLength: number
  /** The slot that holds the prefix, when it is another one. */
  copyFrom?: number
}

/** Undefined when all slots are busy. */
export function chooseSlot(
  slots: readonly SlotState[],
  prompt: readonly number[],
  { contextTokens, canBranch, layout = TEXT_LAYOUT }: { contextTokens: number; canBranch: boolean; layout?: SequenceLayout },
): SlotChoice | undefined {
  const prefixes = slots.map((slot) => layout.cut(sharedLength(slot, prompt)))
  const free = slots.filter((slot) => !slot.busy)
  const worthwhile = prefixes.map((length) => (length >= Math.min(LEAST_PREFIX_TOKENS, prompt.length / 2) ? length : 0))
  const chosen = free.sort((a, b) => compare(a, b, { prefixes: worthwhile, slots }))[0]
  if (!chosen) return undefined
  const own = prefixes[slots.indexOf(chosen)] as number
  if (canBranch) {
    const longest = Math.max(...prefixes)
    const gain = Math.max(LEAST_COPY_TOKENS, contextTokens / CONTEXT_TOKENS_PER_COPIED_TOKEN)
    const source = slots[prefixes.indexOf(longest)] as SlotState
    if (longest - own >= gain && source !== chosen) return { sequence: chosen.sequence, prefixLength: longest, copyFrom: source.sequence }
  }
  return { sequence: chosen.sequence, prefixLength: own }
}

/** The longest prefix; else the slot next to busy ones (the engine evaluates neighbours together), else the one that was idle longest. */
function compare(a: SlotState, b: SlotState, { prefixes, slots }: { prefixes: readonly number[]; slots: readonly SlotState[] }): number {
  const prefixOf = (slot: SlotState) => prefixes[slots.indexOf(slot)] as number
  const hasBusyNeighbour = (slot: SlotState) =>
    slots.some((other) => other.busy && Math.abs(other.sequence - slot.sequence) === 1) ? 1 : 0
  return prefixOf(b) - prefixOf(a) || hasBusyNeighbour(b) - hasBusyNeighbour(a) || a.lastUsed - b.lastUsed || a.sequence - b.sequence
}

function sharedLength(slot: SlotState, prompt: readonly number[]): number {
  const most = Math.min(slot.pureLength, slot.tokens.length, prompt.length - 1)
  let length = 0
  while (length < most && slot.tokens[length] === prompt[length]) length++
  return length
}
