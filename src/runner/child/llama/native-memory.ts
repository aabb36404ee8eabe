// Memory outside the collector's reach, for what the engine reads through a stored address: a typed array of JavaScript may move or vanish
// under such an address. Allocated once, never freed before the process ends.

import koffi from 'koffi'

export interface NativeArray<View> {
  address: bigint
  view: View
}

export function allocateInt32(length: number): NativeArray<Int32Array> {
  const address = koffi.alloc('int32', length) as bigint
  return { address, view: new Int32Array(koffi.view(address, length * 4)).fill(0) }
}

export function allocateInt8(length: number): NativeArray<Int8Array> {
  const address = koffi.alloc('int8', length) as bigint
  return { address, view: new Int8Array(koffi.view(address, length)).fill(0) }
}

export function allocateAddresses(length: number): NativeArray<BigUint64Array> {
  const address = koffi.alloc('uint64', length) as bigint
  return { address, view: new BigUint64Array(koffi.view(address, length * 8)).fill(0n) }
}

export function allocateBytes(length: number): NativeArray<ArrayBuffer> {
  const address = koffi.alloc('uint64', Math.ceil(length / 8)) as bigint
  return { address, view: koffi.view(address, length) }
}

/** Of the engine's buffers: it has a place for each output of a batch. */
const MOST_VIEWS = 256
const views = new Map<bigint, Float32Array>()

/**
 * The engine's own floats, readable as long as the engine keeps them where they are. Views are kept and given again, since the collector
 * takes each for memory of ours: a new one for each token made it run all the time.
 */
export function viewFloats(address: bigint, length: number): Float32Array {
  const known = views.get(address)
  if (known?.length === length) return known
  if (views.size >= MOST_VIEWS) views.clear()
  const view = new Float32Array(koffi.view(address, length * 4))
  views.set(address, view)
  return view
}
