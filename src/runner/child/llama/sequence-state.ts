// The bytes that a sequence's memory is saved as: how many there are, how to take them and how to put them into another sequence, and what
// decides whether they fit there.

import { randomFill } from 'node:crypto'
import { promisify } from 'node:util'
import type { ContextPointer, LlamaApi, ModelPointer } from './api.ts'
import type { Library } from './library.ts'
import { metaValue } from './metadata.ts'

/** Node 20 has no larger array. */
const LARGEST_STATE_BYTES = 2 ** 32 - 1

/** What a reply adds to its state while the memory is prepared. */
const SPARE_SHARE = 10
const SPARE_BYTES = 2 ** 23
/** Node fills no more than 2 GiB. */
const FILLED_AT_ONCE_BYTES = 2 ** 28

const fillRandomly = promisify(randomFill) as (memory: Uint8Array, offset: number, size: number) => Promise<unknown>

export function stateBytes(api: LlamaApi, context: ContextPointer, sequence: number): number {
  return Number(api.stateSize(context, sequence))
}

/** False where that is not just its size. */
export function readState(api: LlamaApi, context: ContextPointer, sequence: number, into: Uint8Array): boolean {
  if (stateBytes(api, context, sequence) !== into.byteLength) return false
  return Number(api.stateGet(context, into, into.byteLength, sequence)) === into.byteLength
}

/** False where it does not fit. */
export function writeState(api: LlamaApi, context: ContextPointer, sequence: number, state: Uint8Array): boolean {
  return Number(api.stateSet(context, state, state.byteLength, sequence)) !== 0
}

export interface StatePlace {
  context: ContextPointer
  sequence: number
}

/** False where it does not fit there, or where there is no memory for it in between. `prepared`: memory that may be large enough. */
export function moveState(api: LlamaApi, from: StatePlace, to: StatePlace, prepared?: Uint8Array): boolean {
  const sizeBytes = stateBytes(api, from.context, from.sequence)
  const state = prepared && sizeBytes <= prepared.byteLength ? prepared.subarray(0, sizeBytes) : allocate(sizeBytes)
  return state !== undefined && readState(api, from.context, from.sequence, state) && writeState(api, to.context, to.sequence, state)
}

/**
 * Memory for states of that size and somewhat larger ones. Most of the time of a copy goes into pages that were never touched: another thread touches
 * them, with what Node fills memory with there. Undefined where there is none.
 */
export async function prepareMemory(sizeBytes: number): Promise<Uint8Array | undefined> {
  const memory = allocate(sizeBytes + Math.ceil(sizeBytes / SPARE_SHARE) + SPARE_BYTES)
  for (let at = 0; memory && at < memory.byteLength; at += FILLED_AT_ONCE_BYTES) {
    await fillRandomly(memory, at, Math.min(FILLED_AT_ONCE_BYTES, memory.byteLength - at))
  }
  return memory
}

/** Ways to stretch rotary positions that do not look at the size of the context. */
const PLAIN_SCALINGS: readonly (string | undefined)[] = ['none', 'linear', 'yarn']

/**
 * Models with two sets of rotary factors choose one by the size of the context; which models have them is not told, but all of them name the
 * context that they were first trained for.
 */
export function hasFactorsBySize(api: LlamaApi, model: ModelPointer): boolean {
  const scaling = `${metaValue(api, model, 'general.architecture')}.rope.scaling`
  const firstContext = metaValue(api, model, `${scaling}.original_context_length`)
  return firstContext !== undefined && !PLAIN_SCALINGS.includes(metaValue(api, model, `${scaling}.type`))
}

/**
 * The engine's part of what a state fits to. `sequences`: of a context in which each has a memory of its own, since the engine writes a word for each;
 * what such a model computes depends on the size of the context as well.
 */
export function identifyState({
  library,
  contextTokens,
  sequences,
}: {
  library: Library
  contextTokens: number
  sequences?: number
}): string {
  const own = sequences === undefined ? [] : [contextTokens, sequences]
  return [library.version, library.variant, process.arch, process.platform, ...own].join(' ')
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
