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

/** The engine's own floats, readable as long as the engine keeps them where they are. */
export function viewFloats(address: bigint, length: number): Float32Array {
  return new Float32Array(koffi.view(address, length * 4))
}
