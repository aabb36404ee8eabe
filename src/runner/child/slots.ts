// Which slot serves a request. A slot's tokens are those that its sequence holds in the KV cache; what a new prompt shares with them at its
// start need not be evaluated again. A prefix that another slot holds is copied when that saves enough, and shared where that costs nothing. At
// least one token of a prompt is always evaluated, since only an evaluation gives logits, and a run of media is shared whole. Pure: the engine is told by the loop.

import { type SequenceLayout, TEXT_LAYOUT } from './sequence-layout.ts'

/** A shorter common start is no reason to prefer a slot, unless it is half of the prompt. */
const LEAST_PREFIX_TOKENS = 16
/** A copy may move a sequence's whole memory: then it must save at least this many tokens, and more when the memory is large. */
const LEAST_COPY_TOKENS = 32
const CONTEXT_TOKENS_PER_COPIED_TOKEN = 64

/** Where beginnings are shared, a talk that would lose so many tokens to another with the same beginning keeps its slot. */
const LEAST_KEPT_TOKENS = 64

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

export interface SlotLimits {
  contextTokens: number
  canBranch: boolean
  /** A copy has the cells of its source. */
  copiesAreFree?: boolean
  /** Neighbours that are busy are evaluated together. */
  neighboursMatter?: boolean
  layout?: SequenceLayout
}

/** Undefined when all slots are busy. */
export function chooseSlot(
  slots: readonly SlotState[],
  prompt: readonly number[],
  { contextTokens, canBranch, copiesAreFree = false, neighboursMatter = true, layout = TEXT_LAYOUT }: SlotLimits,
): SlotChoice | undefined {
  const prefixes = slots.map((slot) => layout.cut(sharedLength(slot, prompt)))
  const free = slots.filter((slot) => !slot.busy)
  const worthwhile = prefixes.map((length) => (length >= Math.min(LEAST_PREFIX_TOKENS, prompt.length / 2) ? length : 0))
  const best = free.sort((a, b) => compare(a, b, { prefixes: worthwhile, slots, neighboursMatter }))[0]
  if (!best) return undefined
  const keepsTalk = copiesAreFree && best.tokens.length - (prefixes[slots.indexOf(best)] as number) >= LEAST_KEPT_TOKENS
  const chosen = keepsTalk ? longestIdle(free) : best
  const own = prefixes[slots.indexOf(chosen)] as number
  if (canBranch) {
    const longest = Math.max(...prefixes)
    const gain = copiesAreFree ? 1 : Math.max(LEAST_COPY_TOKENS, contextTokens / CONTEXT_TOKENS_PER_COPIED_TOKEN)
    const source = slots[prefixes.indexOf(longest)] as SlotState
    if (longest - own >= gain && source !== chosen) return { sequence: chosen.sequence, prefixLength: longest, copyFrom: source.sequence }
  }
  return { sequence: chosen.sequence, prefixLength: own }
}

/** The longest prefix; else the slot next to busy ones, else the one that was idle longest. */
function compare(
  a: SlotState,
  b: SlotState,
  { prefixes, slots, neighboursMatter }: { prefixes: readonly number[]; slots: readonly SlotState[]; neighboursMatter: boolean },
): number {
  const prefixOf = (slot: SlotState) => prefixes[slots.indexOf(slot)] as number
  const hasBusyNeighbour = (slot: SlotState) =>
    neighboursMatter && slots.some((other) => other.busy && Math.abs(other.sequence - slot.sequence) === 1) ? 1 : 0
  return prefixOf(b) - prefixOf(a) || hasBusyNeighbour(b) - hasBusyNeighbour(a) || a.lastUsed - b.lastUsed || a.sequence - b.sequence
}

function longestIdle(free: readonly SlotState[]): SlotState {
  return free.toSorted((a, b) => a.lastUsed - b.lastUsed || a.sequence - b.sequence)[0] as SlotState
}

function sharedLength(slot: SlotState, prompt: readonly number[]): number {
  const most = Math.min(slot.pureLength, slot.tokens.length, prompt.length - 1)
  let length = 0
  while (length < most && slot.tokens[length] === prompt[length]) length++
  return length
}
