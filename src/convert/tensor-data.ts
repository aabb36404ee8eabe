// The bytes of one tensor on their way from a safetensors file into a GGUF file: read in pieces, rounded, never whole in memory. Nothing of
// the names or the architectures is known here.

import { bytesPerElement, convertFloats, type FloatType } from '../gguf/half-floats.ts'
import { invalidModel } from './failure.ts'
import { openRegular } from './model-files.ts'
import type { SourceTensor } from './safetensors.ts'

export interface TensorChange {
  /** Laid on each value. */
  add?: number
  /** Heads whose halves are woven into one another: rows 0, n, 1, n + 1, ... of 2n. */
  weaveHeads?: number
  /** Only these rows, from `first` on. */
  rows?: { first: number; count: number }
}

const PIECE_BYTES = 1024 * 1024
/** A head of attention is woven in memory. The largest known has 16 MiB. */
export const MAX_HEAD_BYTES = 64 * 1024 * 1024

/** What the tensor has after the change, slowest-changing first. */
export function changedShape(tensor: SourceTensor, { rows }: TensorChange): number[] {
  return rows ? [rows.count, ...tensor.shape.slice(1)] : [...tensor.shape]
}

/** Throws `invalid_gguf` where the change does not fit the tensor. To be called before anything is written. */
export function checkChange(tensor: SourceTensor, { weaveHeads, rows }: TensorChange): void {
  const [rowCount = 0] = tensor.shape
  if (weaveHeads !== undefined && (weaveHeads === 0 || rowCount % (weaveHeads * 2) !== 0)) {
    throw invalidModel(`the tensor ${JSON.stringify(tensor.name)} has ${rowCount} rows, which are not ${weaveHeads} heads of two halves`)
  }
  if (weaveHeads !== undefined && tensor.sizeBytes / weaveHeads > MAX_HEAD_BYTES) {
    throw invalidModel(`a head of the tensor ${JSON.stringify(tensor.name)} has more than ${MAX_HEAD_BYTES} bytes`)
  }
  if (rows && rows.first + rows.count > rowCount)
    throw invalidModel(`the tensor ${JSON.stringify(tensor.name)} has ${rowCount} rows, fewer than ${rows.first + rows.count}`)
}

/** The bytes in the type `to`. */
export async function* readTensor(tensor: SourceTensor, to: FloatType, change: TensorChange): AsyncGenerator<Uint8Array> {
  const { start, end, pieceBytes } = planPieces(tensor, change)
  const handle = await openRegular(tensor.path, 'a file of tensors')
  try {
    for (let position = start; position < end; position += pieceBytes) {
      // The pool of node:buffer would give bytes that start anywhere.
      const piece = new Uint8Array(Math.min(pieceBytes, end - position))
      let filled = 0
      while (filled < piece.byteLength) {
        const { bytesRead } = await handle.read(piece, filled, piece.byteLength - filled, position + filled)
        if (bytesRead === 0) throw invalidModel('a file of tensors became shorter while it was read')
        filled += bytesRead
      }
      yield convertFloats(change.weaveHeads === undefined ? piece : weaveHalves(piece, tensor), tensor.type, { to, add: change.add ?? 0 })
    }
  } finally {
    await handle.close()
  }
}

function planPieces(tensor: SourceTensor, { weaveHeads, rows }: TensorChange): { start: number; end: number; pieceBytes: number } {
  const rowBytes = rowBytesOf(tensor)
  const start = tensor.startBytes + (rows ? rows.first * rowBytes : 0)
  return {
    start,
    end: rows ? start + rows.count * rowBytes : tensor.startBytes + tensor.sizeBytes,
    pieceBytes: weaveHeads === undefined ? PIECE_BYTES : tensor.sizeBytes / weaveHeads,
  }
}

/** One head: the converter of the original weights to Hugging Face's layout split each head into halves, and the engine wants them woven. */
function weaveHalves(head: Uint8Array, tensor: SourceTensor): Uint8Array {
  const rowBytes = rowBytesOf(tensor)
  const half = head.byteLength / rowBytes / 2
  const woven = new Uint8Array(head.byteLength)
  for (let i = 0; i < half; i++) {
    woven.set(head.subarray(i * rowBytes, (i + 1) * rowBytes), 2 * i * rowBytes)
    woven.set(head.subarray((half + i) * rowBytes, (half + i + 1) * rowBytes), (2 * i + 1) * rowBytes)
  }
  return woven
}

function rowBytesOf({ shape, type }: SourceTensor): number {
  return shape.slice(1).reduce((product, dimension) => product * dimension, bytesPerElement(type))
}
