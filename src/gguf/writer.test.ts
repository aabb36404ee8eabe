import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createBytesSource } from './byte-source.ts'
import { parseGgufHead, readGgufHead } from './head.ts'
import { writeTinyBert } from './testing/tiny-bert.ts'
import { writeTinyModel } from './testing/tiny-model.ts'
import { entriesOf, type GgufContent, type GgufEntry, ggufSizeBytes, writeGguf, writeGgufFile } from './writer.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'gguf-writer-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function toBytes(content: GgufContent): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of writeGguf(content)) chunks.push(chunk)
  const bytes = new Uint8Array(Buffer.concat(chunks))
  expect(ggufSizeBytes(content)).toBe(bytes.length)
  return bytes
}

const METADATA: GgufEntry[] = [
  { key: 'u8', type: 'uint8', value: 255 },
  { key: 'i8', type: 'int8', value: -128 },
  { key: 'u16', type: 'uint16', value: 65_535 },
  { key: 'i16', type: 'int16', value: -32_768 },
  { key: 'u32', type: 'uint32', value: 2 ** 32 - 1 },
  { key: 'i32', type: 'int32', value: -(2 ** 31) },
  { key: 'u64', type: 'uint64', value: 2n ** 64n - 1n },
  { key: 'i64', type: 'int64', value: -(2n ** 63n) },
  { key: 'f32', type: 'float32', value: 0.1 },
  { key: 'f64', type: 'float64', value: 0.1 },
  { key: 'yes', type: 'bool', value: true },
  { key: 'text', type: 'string', value: 'lláma 🦙' },
  { key: 'texts', type: 'array', itemType: 'string', values: ['a', ''] },
  { key: 'numbers', type: 'array', itemType: 'int64', values: [-1, 2n ** 60n] },
]

describe('a written GGUF file', () => {
  it('reads back as it was given, types included', async () => {
    const data = Uint8Array.from({ length: 18 }, (_, i) => i)
    const bytes = await toBytes({
      metadata: METADATA,
      tensors: [
        { name: 't', type: 'Q4_0', shape: [32], data },
        { name: 'u', type: 'F32', shape: [1], data: new Uint8Array(4) },
      ],
    })
    const head = await parseGgufHead(createBytesSource(bytes), { arrays: 'values' })
    expect(entriesOf(head)).toEqual(METADATA)
    expect(bytes.subarray(head.dataOffsetBytes, head.dataOffsetBytes + 18)).toEqual(data)
    expect(bytes.byteLength).toBe(head.dataOffsetBytes + 64)
  })

  it('takes the data of a tensor from a stream', async () => {
    async function* halves() {
      yield new Uint8Array(2).fill(1)
      yield new Uint8Array(2).fill(2)
    }
    const file = path.join(folder, 'stream.gguf')
    await writeGgufFile(file, { metadata: [], tensors: [{ name: 't', type: 'F32', shape: [1], data: halves }] })
    expect((await readGgufHead(file)).fileSizeBytes).toBe(statSync(file).size)
  })

  it.each([3, 5])('is not finished when a tensor of 4 bytes has %d', async (length) => {
    await expect(
      toBytes({ metadata: [], tensors: [{ name: 't', type: 'F32', shape: [1], data: new Uint8Array(length) }] }),
    ).rejects.toMatchObject({ code: 'internal' })
  })

  it('cannot be a copy of a head whose arrays were skipped', async () => {
    const head = await parseGgufHead(createBytesSource(await toBytes({ metadata: METADATA, tensors: [] })), { arrays: 'skip' })
    expect(() => entriesOf(head)).toThrow(expect.objectContaining({ code: 'internal' }))
  })
})

describe('a tiny model', () => {
  it('is the same file for the same seed and another for another', async () => {
    const files = [1, 1, 2].map((seed, i) => ({ seed, file: path.join(folder, `tiny-${i}.gguf`) }))
    for (const { seed, file } of files) await writeTinyModel(file, { seed })
    const [first, same, other] = files.map(({ file }) => readFileSync(file))
    expect(first).toEqual(same)
    expect(first).not.toEqual(other)
    expect((await readGgufHead(files[0]?.file ?? '')).metadata.get('general.architecture')).toBe('llama')
  })

  it('takes other metadata in place of its own', async () => {
    const file = path.join(folder, 'other.gguf')
    await writeTinyModel(file, { metadata: [{ key: 'general.name', type: 'string', value: 'Other' }], embedding: true, chatTemplate: null })
    const { metadata } = await readGgufHead(file)
    expect(metadata.get('general.name')).toBe('Other')
    expect(metadata.get('llama.pooling_type')).toBe(1)
    expect(metadata.has('tokenizer.chat_template')).toBe(false)
  })

  it('can be a BERT, whose tensors are those of its one block', async () => {
    const file = path.join(folder, 'bert.gguf')
    await writeTinyBert(file, { contextTokens: 64 })
    const head = await readGgufHead(file)
    expect(head.metadata.get('bert.context_length')).toBe(64)
    expect(head.tensors.find(({ name }) => name === 'position_embd.weight')?.shape).toEqual([32, 64])
  })
})
