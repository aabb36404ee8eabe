// The bytes that a sequence's memory is saved as: how many there are, how to take them and how to put them into another sequence, and what
// decides whether they fit there.

import type { ContextPointer, LlamaApi, ModelPointer } from './api.ts'
import type { Library } from './library.ts'

/** Node 20 has no larger array. */
const LARGEST_STATE_BYTES = 2 ** 32 - 1

export function stateBytes(api: LlamaApi, context: ContextPointer, sequence: number): number {
  return Number(api.stateSize(context, sequence))
}

/** False where that is not just its size. */
export function readState(api: LlamaApi, context: ContextPointer, sequence: number, into: Uint8Array): boolean {
  return (
    stateBytes(api, context, sequence) === into.byteLength &&
    Number(api.stateGet(context, into, into.byteLength, sequence)) === into.byteLength
  )
}

/** From one context into another; false where there is no memory for it in between. */
export function moveState(api: LlamaApi, sequence: number, { from, to }: { from: ContextPointer; to: ContextPointer }): boolean {
  const state = allocate(stateBytes(api, from, sequence))
  return state !== undefined && readState(api, from, sequence, state) && writeState(api, to, sequence, state)
}

/** False where it does not fit. */
export function writeState(api: LlamaApi, context: ContextPointer, sequence: number, state: Uint8Array): boolean {
  return Number(api.stateSet(context, state, state.byteLength, sequence)) !== 0
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
