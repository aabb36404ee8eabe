// A model whose GGUF lies at a URL in several files: from servers that name their hashes and from servers that do not.

import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readGgufHead } from '../../src/gguf/head.ts'
import { type GgufEntry, writeGgufFile } from '../../src/gguf/writer.ts'
import { parseModelName } from '../../src/model/name.ts'
import type { Progress } from '../../src/registry/registry.ts'
import { answer, type FaultRegistry, honest, resetAfter, startFaultRegistry } from '../support/fault-registry.ts'
import { createPulling, type Pulling } from '../support/pulling.ts'

const NAME = parseModelName('big-Q8_0')
const COUNT = 3
const TENSOR_BYTES = 400_000

let folder: string
let parts: Buffer[]
let server: FaultRegistry
let pulling: Pulling
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'pull-parts-'))
  parts = []
  for (let index = 0; index < COUNT; index++) parts.push(await writePart(index))
  pulling = await createPulling()
})
afterEach(async () => {
  await server.close()
  pulling.remove()
  rmSync(folder, { recursive: true, force: true })
})

async function writePart(index: number): Promise<Buffer> {
  const file = path.join(folder, `part-${index}.gguf`)
  const number = (key: string, value: number, type: 'uint16' | 'int32' = 'uint16'): GgufEntry => ({ key, type, value })
  const metadata: GgufEntry[] = [number('split.no', index), number('split.count', COUNT), number('split.tensors.count', COUNT, 'int32')]
  if (index === 0) metadata.push({ key: 'general.architecture', type: 'string', value: 'llama' })
  const data = async function* () {
    yield Buffer.alloc(TENSOR_BYTES, index + 1)
  }
  await writeGgufFile(file, { metadata, tensors: [{ name: `tensor.${index}`, type: 'F32', shape: [TENSOR_BYTES / 4], data }] })
  return readFileSync(file)
}

interface Serving {
  namesHashes: boolean
  absent?: number
}

async function serve({ namesHashes, absent }: Serving): Promise<void> {
  server = await startFaultRegistry({ manifest: '', blobs: new Map() }, (request) => {
    const index = Number(/big-Q8_0-0000(\d)-of-00003\.gguf/.exec(request.url)?.[1] ?? 0) - 1
    const blob = parts[index]
    if (!blob || index === absent) return answer(404)
    const [, first = '0', last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    request.wanted = { blob, start: Number(first), end: last ? Number(last) + 1 : blob.length }
    return (asked, reply) => {
      if (namesHashes) reply.setHeader('repr-digest', `sha-256=:${createHash('sha256').update(blob).digest('base64')}:`)
      const isFirst = server.requests.filter(({ url, headers }) => url === request.url && headers.range !== 'bytes=0-0').length === 1
      const fault = namesHashes && isFirst && request.headers.range !== 'bytes=0-0' ? resetAfter(100_000) : honest
      fault(asked, reply)
    }
  })
}

async function pull(): Promise<Progress[]> {
  const items: Progress[] = []
  const url = new URL('/files/big-Q8_0-00002-of-00003.gguf', server.origin)
  for await (const item of pulling.registry.pullFile(url, { insecure: true })) items.push(item)
  return items
}

async function expectWhole(): Promise<void> {
  const layer = (await pulling.store.manifests.read(NAME))?.manifest.layers[0]
  if (!layer) throw new Error('there is no model')
  const head = await readGgufHead(pulling.store.blobs.path(layer.digest))
  expect(head.tensors.map(({ name }) => name)).toEqual(['tensor.0', 'tensor.1', 'tensor.2'])
  expect(head.metadata.has('split.count')).toBe(false)
  const bytes = readFileSync(pulling.store.blobs.path(layer.digest))
  for (const [index, { offsetBytes }] of head.tensors.entries()) {
    const start = head.dataOffsetBytes + offsetBytes
    expect(bytes.subarray(start, start + TENSOR_BYTES).equals(Buffer.alloc(TENSOR_BYTES, index + 1))).toBe(true)
  }
  // The parts are gone: what is there is the model and its config.
  expect(pulling.blobs()).toHaveLength(2)
}

describe('a model in several files', () => {
  it.each([true, false])('becomes one file (the server names hashes: %s)', async (namesHashes) => {
    await serve({ namesHashes })
    expect((await pull()).at(-1)).toEqual({ status: 'success' })
    await expectWhole()
  })

  it('is not fetched again while its parts are the same', async () => {
    await serve({ namesHashes: true })
    await pull()
    const before = server.requests.length
    expect((await pull()).map(({ status }) => status)).toEqual(['pulling manifest', 'success'])
    expect(server.requests.slice(before).map(({ headers }) => headers.range)).toEqual(['bytes=0-0', 'bytes=0-0', 'bytes=0-0'])
    await expectWhole()
  })

  it('is made once for two who want it at the same time', async () => {
    await serve({ namesHashes: true })
    const both = await Promise.all([pull(), pull()])
    expect(both.map((items) => items.at(-1))).toEqual([{ status: 'success' }, { status: 'success' }])
    await expectWhole()
  })

  it('of which one is not there is not begun', async () => {
    await serve({ namesHashes: true, absent: 2 })
    await expect(pull()).rejects.toMatchObject({ code: 'registry_not_found' })
    expect(pulling.blobs()).toEqual([])
    expect(server.requests.every(({ headers }) => headers.range === 'bytes=0-0')).toBe(true)
  })

  it('that is no model leaves nothing under its name', async () => {
    parts.reverse()
    await serve({ namesHashes: true })
    await expect(pull()).rejects.toMatchObject({ code: 'invalid_gguf' })
    expect(await pulling.store.manifests.list()).toEqual([])
  })
})
