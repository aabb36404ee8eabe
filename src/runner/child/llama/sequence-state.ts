// The bytes that a sequence's memory is saved as: how many there are, how to take them and how to put them into another sequence, and what
// decides whether they fit there. The engine writes a word for each sequence that the context has (its cells, mostly none), and takes back only what
// has as many words as the context has sequences then. So what is saved always has the words of the largest context, and is narrowed for a smaller
// one. That is known of plain caches alone: magic, sequence, number of words, the words, the one that is not zero followed by its cells.

import type { ContextPointer, LlamaApi, ModelPointer } from './api.ts'
import type { Library } from './library.ts'

/** Node 20 has no larger array. */
const LARGEST_STATE_BYTES = 2 ** 32 - 1

const WORD_BYTES = 4
const COUNT_AT = 2 * WORD_BYTES
const HEAD_BYTES = 3 * WORD_BYTES

/** Sequences of a context, and of the largest that it may become. */
export interface Sequences {
  open: number
  most: number
}

/** Whether states of the context are laid out as said above, judged by an empty one's. */
export function hasPlainStates(api: LlamaApi, context: ContextPointer, open: number): boolean {
  return Number(api.stateSize(context, 0)) === HEAD_BYTES + open * WORD_BYTES
}

export function stateBytes(api: LlamaApi, context: ContextPointer, sequence: number, { open, most }: Sequences): number {
  return Number(api.stateSize(context, sequence)) + (most - open) * WORD_BYTES
}

/** False where that is not just its size. */
export function readState(api: LlamaApi, context: ContextPointer, sequence: number, into: Uint8Array, sequences: Sequences): boolean {
  if (stateBytes(api, context, sequence, sequences) !== into.byteLength) return false
  const { open, most } = sequences
  const own = into.subarray(0, into.byteLength - (most - open) * WORD_BYTES)
  if (Number(api.stateGet(context, own, own.byteLength, sequence)) !== own.byteLength) return false
  if (open === most) return true
  into.fill(0, own.byteLength)
  viewOf(into).setUint32(COUNT_AT, most, true)
  return true
}

/** From one context into another; false where there is no memory for it in between. */
export function moveState(api: LlamaApi, sequence: number, from: ContextPart, to: ContextPart): boolean {
  const state = allocate(stateBytes(api, from.context, sequence, from.sequences))
  return (
    state !== undefined &&
    readState(api, from.context, sequence, state, from.sequences) &&
    writeState(api, to.context, sequence, state, to.sequences)
  )
}

interface ContextPart {
  context: ContextPointer
  sequences: Sequences
}

/** False where it does not fit. */
export function writeState(api: LlamaApi, context: ContextPointer, sequence: number, state: Uint8Array, sequences: Sequences): boolean {
  const own = narrow(state, sequences)
  return own !== undefined && Number(api.stateSet(context, own, own.byteLength, sequence)) !== 0
}

/** A copy, since the state may be on its way to a file. Undefined where it is none for so many sequences, or where there is no memory. */
export function narrow(state: Uint8Array, { open, most }: Sequences): Uint8Array | undefined {
  if (open === most) return state
  const words = viewOf(state)
  if (state.byteLength < HEAD_BYTES + most * WORD_BYTES || words.getUint32(COUNT_AT, true) !== most) return undefined
  let before = 0
  while (before < most - 1 && words.getUint32(HEAD_BYTES + before * WORD_BYTES, true) === 0) before++
  const surplus = most - open
  const behind = Math.min(surplus, most - 1 - before)
  const narrowed = allocate(state.byteLength - surplus * WORD_BYTES)
  if (!narrowed) return undefined
  narrowed.set(state.subarray(0, HEAD_BYTES))
  narrowed.set(state.subarray(HEAD_BYTES + (surplus - behind) * WORD_BYTES, state.byteLength - behind * WORD_BYTES), HEAD_BYTES)
  viewOf(narrowed).setUint32(COUNT_AT, open, true)
  return narrowed
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

/**
 * The engine's part of what a state fits to. Models with two sets of rotary factors choose one by the size of the context, and a state made
 * with one is of no use with the other; which models have them is not told, but all of them name the context that they were first trained for.
 */
export function identifyState(
  api: LlamaApi,
  model: ModelPointer,
  { library, contextTokens }: { library: Library; contextTokens: number },
): string {
  const architecture = metaValue(api, model, 'general.architecture')
  const firstContext = metaValue(api, model, `${architecture}.rope.scaling.original_context_length`)
  const context = firstContext === undefined ? '' : String(contextTokens)
  return [library.version, library.variant, process.arch, process.platform, context].join(' ')
}

function metaValue(api: LlamaApi, model: ModelPointer, key: string): string | undefined {
  const text = Buffer.alloc(256)
  const length = api.modelMetaValue(model, key, text, text.length)
  return length < 0 ? undefined : text.toString('utf8', 0, Math.min(length, text.length - 1))
}

function allocate(sizeBytes: number): Uint8Array | undefined {
  if (sizeBytes > LARGEST_STATE_BYTES) return undefined
  try {
    return new Uint8Array(sizeBytes)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
