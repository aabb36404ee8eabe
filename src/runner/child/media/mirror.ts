// A graph of one ggml as the other ggml has it: the same tensors over the same data, in the other's length, pointing at each other. The order of the
// nodes stays, since memory was dealt out by it.

import { MAX_SOURCES, TENSOR } from './ggml.ts'

export interface MirrorSource {
  /** In the order in which they are computed. */
  nodes: readonly bigint[]
  /** What comes before the name of the tensor at that address. */
  read: (address: bigint) => ArrayBuffer
}

export interface Mirror {
  bytes: Uint8Array
  /** Where in the bytes the nodes are. */
  nodes: number[]
}

const POINTERS = [...Array.from({ length: MAX_SOURCES }, (_, index) => TENSOR.sources + index), TENSOR.viewSource]

/** The tensors in reach of the nodes, of the other's length, as they will stand at that address. */
export function mirrorTensors({ nodes, read }: MirrorSource, sizeBytes: number, place: (sizeBytes: number) => bigint): Mirror {
  const found = collect(nodes, read)
  const index = new Map([...found.keys()].map((address, at) => [address, at]))
  const base = place(found.size * sizeBytes)
  const bytes = new Uint8Array(found.size * sizeBytes)
  const indexOf = (address: bigint) => index.get(address) as number
  for (const [address, original] of found) {
    const start = indexOf(address) * sizeBytes
    bytes.set(new Uint8Array(original, 0, TENSOR.nameBytes), start)
    const words = new BigUint64Array(bytes.buffer, start, TENSOR.nameBytes / 8)
    // Its buffer is of the other library; computing asks for the data alone.
    words[TENSOR.buffer] = 0n
    for (const pointer of POINTERS) {
      const target = words[pointer] as bigint
      if (target !== 0n) words[pointer] = base + BigInt(indexOf(target) * sizeBytes)
    }
  }
  return { bytes, nodes: nodes.map((address) => indexOf(address) * sizeBytes) }
}

/** Without recursion: a graph is as deep as it has nodes. */
function collect(nodes: readonly bigint[], read: (address: bigint) => ArrayBuffer): Map<bigint, ArrayBuffer> {
  const found = new Map<bigint, ArrayBuffer>()
  const pending = [...nodes].reverse()
  for (let address = pending.pop(); address !== undefined; address = pending.pop()) {
    if (found.has(address)) continue
    const original = read(address)
    found.set(address, original)
    const words = new BigUint64Array(original, 0, TENSOR.nameBytes / 8)
    for (const pointer of POINTERS) if (words[pointer] !== 0n) pending.push(words[pointer] as bigint)
  }
  return found
}
