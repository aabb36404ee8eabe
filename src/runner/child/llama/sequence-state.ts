// The bytes that a sequence's memory is saved as: how many there are, how to take them and how to put them into another sequence, and what
// decides whether they fit there.

import type { ContextPointer, LlamaApi, ModelPointer } from './api.ts'
import type { Library } from './library.ts'

/** Node 20 has no larger array. */
const LARGEST_STATE_BYTES = 2 ** 32 - 1

export function stateBytes(api: LlamaApi, context: ContextPointer, sequence: number): number {
  return Number(api.stateSize(context, sequence))
}

/** Undefined where there is no memory for it. */
export function readState(api: LlamaApi, context: ContextPointer, sequence: number): Uint8Array | undefined {
  const sizeBytes = stateBytes(api, context, sequence)
  const state = sizeBytes > LARGEST_STATE_BYTES ? undefined : allocate(sizeBytes)
  if (state === undefined) return undefined
  return Number(api.stateGet(context, state, sizeBytes, sequence)) === sizeBytes ? state : undefined
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
  try {
    return new Uint8Array(sizeBytes)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
