import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { readGgufHead } from '../../gguf/head.ts'
import type { GgufValue } from '../../gguf/types.ts'

export interface GgufDescription {
  /** Type and value; a list has its length and a hash. */
  metadata: Record<string, string>
  /** Type, shape and a hash of the data. */
  tensors: Record<string, string>
}

/** All that a small GGUF file says, short enough to be kept. */
export async function describeGguf(path: string): Promise<GgufDescription> {
  const head = await readGgufHead(path, { arrays: 'values' })
  const bytes = await readFile(path)
  const describe = (key: string, value: GgufValue): string => {
    if (typeof value !== 'object') return `${head.metadataTypes?.get(key)} ${JSON.stringify(value)}`
    return `${value.itemType}[${value.length}] ${hash(JSON.stringify(value.values))}`
  }
  return {
    metadata: sorted([...head.metadata].map(([key, value]) => [key, describe(key, value)])),
    tensors: sorted(
      head.tensors.map(({ name, type, shape, offsetBytes, sizeBytes }) => {
        const start = head.dataOffsetBytes + offsetBytes
        return [name, `${type} ${shape.join('x')} ${hash(bytes.subarray(start, start + sizeBytes))}`]
      }),
    ),
  }
}

function hash(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 32)
}

function sorted(entries: [string, string][]): Record<string, string> {
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
