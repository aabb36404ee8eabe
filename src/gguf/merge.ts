// The files of a split model as one GGUF: metadata of the first without split.*, the tensors of all, streamed in the order of the files.

import { createReadStream } from 'node:fs'
import { readGgufHead } from './head.ts'
import { checkSplit } from './split.ts'
import type { GgufHead, GgufTensor } from './types.ts'
import { entriesOf, type GgufTensorData, writeGguf } from './writer.ts'

const SPLIT_KEYS = ['split.no', 'split.count', 'split.tensors.count']

/** Paths in the order of their numbers. Throws `invalid_gguf` before the first byte where the files are not one whole model. */
export async function* mergeSplitFiles(paths: readonly string[]): AsyncGenerator<Uint8Array> {
  const heads: GgufHead[] = []
  for (const [index, path] of paths.entries()) heads.push(await readGgufHead(path, { arrays: index === 0 ? 'values' : 'skip' }))
  checkSplit(heads)
  const [first] = heads
  if (!first) return
  yield* writeGguf({
    metadata: entriesOf(first).filter(({ key }) => !SPLIT_KEYS.includes(key)),
    tensors: heads.flatMap((head, index) => head.tensors.map((tensor) => fromFile(paths[index] as string, head, tensor))),
  })
}

function fromFile(path: string, head: GgufHead, { name, type, shape, offsetBytes, sizeBytes }: GgufTensor): GgufTensorData {
  const start = head.dataOffsetBytes + offsetBytes
  return { name, type, shape, data: () => createReadStream(path, { start, end: start + sizeBytes - 1, highWaterMark: 1 << 20 }) }
}
