// What is in a GGUF file, for comparisons: name -> type and the first digits of the hash of its data.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readGgufHead } from '../../src/gguf/head.ts'

export async function describeTensors(file: string): Promise<Record<string, string>> {
  const { tensors, dataOffsetBytes } = await readGgufHead(file)
  const described: Record<string, string> = {}
  for (const { name, type, offsetBytes, sizeBytes } of tensors) {
    const hash = createHash('sha256')
    const start = dataOffsetBytes + offsetBytes
    for await (const bytes of createReadStream(file, { start, end: start + sizeBytes - 1 })) hash.update(bytes)
    described[name] = `${type} ${hash.digest('hex').slice(0, 8)}`
  }
  return described
}
