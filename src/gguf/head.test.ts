import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { AppError } from '../base/errors.ts'
import { createBytesSource, WINDOW_BYTES } from './byte-source.ts'
import { MAX_HEAD_BYTES, MAX_METADATA_KEYS, MAX_TENSOR_NAME_BYTES, MAX_TENSORS, parseGgufHead, readGgufHead } from './head.ts'
import {
  MAX_ARRAY_DEPTH,
  MAX_ARRAY_LENGTH,
  MAX_KEPT_ITEMS,
  MAX_KEPT_TEXT_BYTES,
  MAX_KEY_BYTES,
  MAX_SHORT_ARRAY,
  MAX_STRING_BYTES,
} from './metadata-reader.ts'
import { HostileBytes, TYPE } from './testing/hostile-bytes.ts'
import { type GgufContent, writeGguf } from './writer.ts'

/** Node cannot make pipes. */
const MAKE_PIPE = 'mkfifo'
const folder = mkdtempSync(path.join(tmpdir(), 'gguf-head-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const parse = (file: HostileBytes | Uint8Array, arrays: 'skip' | 'short' | 'values' = 'values') =>
  parseGgufHead(createBytesSource(file instanceof HostileBytes ? file.bytes() : file), { arrays })

async function refusal(file: HostileBytes | Uint8Array, arrays?: 'skip' | 'short' | 'values'): Promise<string> {
  const error = await parse(file, arrays).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof AppError) || error.code !== 'invalid_gguf') throw new Error(`not refused as invalid_gguf: ${error}`)
  return error.message
}

async function toBytes(content: GgufContent): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of writeGguf(content)) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

const SMALL: GgufContent = {
  metadata: [
    { key: 'general.architecture', type: 'string', value: 'llama' },
    { key: 'llama.block_count', type: 'uint32', value: 2 },
    { key: 'tokens', type: 'array', itemType: 'string', values: ['a', 'bc', ''] },
    { key: 'scores', type: 'array', itemType: 'float32', values: [0.1, -2] },
  ],
  tensors: [
    { name: 'a', type: 'F32', shape: [3, 2], data: new Uint8Array(24) },
    { name: 'b', type: 'Q4_0', shape: [32], data: new Uint8Array(18) },
  ],
}

describe('the head of a GGUF file', () => {
  it('has the metadata, the tensors and where their data begins', async () => {
    const bytes = await toBytes(SMALL)
    const head = await parse(bytes)
    expect(head).toMatchObject({ version: 3, littleEndian: true, alignment: 32, parameterCount: 38, fileSizeBytes: bytes.byteLength })
    expect([...head.metadata.keys()]).toEqual(['general.architecture', 'llama.block_count', 'tokens', 'scores'])
    expect(head.metadata.get('tokens')).toEqual({ itemType: 'string', length: 3, values: ['a', 'bc', ''] })
    expect(head.tensors).toEqual([
      { name: 'a', type: 'F32', shape: [3, 2], offsetBytes: 0, sizeBytes: 24 },
      { name: 'b', type: 'Q4_0', shape: [32], offsetBytes: 32, sizeBytes: 18 },
    ])
    expect(head.dataOffsetBytes % 32).toBe(0)
    expect(head.dataOffsetBytes + 64).toBe(bytes.byteLength)
  })

  it('keeps byte order marks: some tokens are one, or begin with one', async () => {
    const values = ['\ufeff', '\ufeffusing', '']
    const bytes = await toBytes({ metadata: [{ key: 'k', type: 'array', itemType: 'string', values }], tensors: [] })
    expect((await parse(bytes)).metadata.get('k')).toEqual({ itemType: 'string', length: 3, values })
  })

  it('leaves out the items of arrays when told to skip them, and those of vocabularies when told to keep short ones', async () => {
    const bytes = await toBytes(SMALL)
    expect((await parse(bytes, 'skip')).metadata.get('scores')).toEqual({ itemType: 'float32', length: 2 })
    const short = await parse(bytes, 'short')
    expect(short.metadata.get('scores')).toEqual({ itemType: 'float32', length: 2, values: [0.1, -2] })
    expect(short.metadata.get('tokens')).toEqual({ itemType: 'string', length: 3 })
    const values = new Array(MAX_SHORT_ARRAY + 1).fill(0)
    const long = await toBytes({ metadata: [{ key: 'k', type: 'array', itemType: 'uint8', values }], tensors: [] })
    expect((await parse(long, 'short')).metadata.get('k')).toEqual({ itemType: 'uint8', length: MAX_SHORT_ARRAY + 1 })
  })

  it.each([
    { version: 1, littleEndian: true },
    { version: 1, littleEndian: false },
    { version: 2, littleEndian: true },
    { version: 2, littleEndian: false },
    { version: 3, littleEndian: false },
  ])('is read in version $version, little-endian $littleEndian', async (layout) => {
    const file = new HostileBytes({ ...layout, tensors: 1, keys: 2 })
    file
      .key('k', TYPE.string)
      .text('text')
      .key('n', TYPE.uint32)
      .u32(77)
      .tensor('t', { shape: [2, 2] })
      .data(16)
    const head = await parse(file)
    expect(head).toMatchObject(layout)
    expect(head.metadata.get('k')).toBe('text')
    expect(head.metadata.get('n')).toBe(77)
    expect(head.tensors[0]).toMatchObject({ shape: [2, 2], sizeBytes: 16 })
  })

  it('drops the NUL that ends strings in some files of version 1, and takes those without', async () => {
    const file = new HostileBytes({ version: 1, keys: 3 })
    file.key('k', TYPE.string).text('text\0').key('l', TYPE.string).text('text').key('m', TYPE.string).length(0)
    expect([...(await parse(file)).metadata.values()]).toEqual(['text', 'text', ''])
  })

  it('gives 64-bit integers as numbers while these are exact', async () => {
    const file = new HostileBytes({ keys: 2 })
    file
      .key('exact', TYPE.uint64)
      .u64(2n ** 53n - 1n)
      .key('beyond', TYPE.uint64)
      .u64(2n ** 64n - 1n)
    const { metadata } = await parse(file)
    expect(metadata.get('exact')).toBe(2 ** 53 - 1)
    expect(metadata.get('beyond')).toBe(2n ** 64n - 1n)
  })

  it('gives float32 values with the digits that were written', async () => {
    const bytes = await toBytes({
      metadata: [
        { key: 'e', type: 'float32', value: 1e-5 },
        { key: 'n', type: 'float32', value: Number.NaN },
      ],
      tensors: [],
    })
    const { metadata } = await parse(bytes)
    expect(metadata.get('e')).toBe(1e-5)
    expect(metadata.get('n')).toBeNaN()
  })

  it('is read across windows of the file', async () => {
    const values = Array.from({ length: 3000 }, (_, i) => `${i}`.repeat(50))
    const content: GgufContent = {
      metadata: [
        { key: 'k', type: 'array', itemType: 'string', values },
        { key: 'n', type: 'uint8', value: 9 },
      ],
      tensors: [],
    }
    const file = path.join(folder, 'windows.gguf')
    const bytes = await toBytes(content)
    expect(bytes.byteLength).toBeGreaterThan(2 * WINDOW_BYTES)
    writeFileSync(file, bytes)
    const { metadata } = await readGgufHead(file, { arrays: 'values' })
    expect(metadata.get('k')).toMatchObject({ values })
    expect((await readGgufHead(file)).metadata.get('n')).toBe(9)
  })

  it('takes a file without tensors, whatever its length', async () => {
    const head = await parse(new HostileBytes({ keys: 1 }).key('k', TYPE.uint8).u8(1))
    expect(head.tensors).toEqual([])
    expect(head.dataOffsetBytes).toBe(head.fileSizeBytes)
  })
})

describe('a damaged GGUF file', () => {
  it('is refused when it ends at any byte before the last tensor does', async () => {
    const bytes = await toBytes(SMALL)
    const { dataOffsetBytes } = await parse(bytes)
    for (let length = 0; length < dataOffsetBytes + 32 + 18; length++) await refusal(bytes.subarray(0, length))
    await parse(bytes.subarray(0, dataOffsetBytes + 32 + 18))
  })

  it('is a head or a refusal for every single byte that is changed', async () => {
    const bytes = await toBytes(SMALL)
    const { dataOffsetBytes } = await parse(bytes)
    for (let at = 0; at < dataOffsetBytes; at++) {
      for (const value of [0, 0x7f, 0xff]) {
        const changed = Uint8Array.from(bytes)
        changed[at] = value
        await parse(changed).catch((error: unknown) => expect(error).toMatchObject({ code: 'invalid_gguf' }))
      }
    }
  })

  it('names another format as such', async () => {
    await expect(parse(new TextEncoder().encode('PK\x03\x04 and more'))).rejects.toMatchObject({
      code: 'invalid_gguf',
      details: { reason: 'magic' },
    })
    await expect(parse(new Uint8Array(0))).rejects.toMatchObject({ code: 'invalid_gguf', details: { reason: 'magic' } })
  })

  it.each([0, 4, 2 ** 31])('is refused with version %d', async (version) =>
    expect(await refusal(new HostileBytes({ version }))).toContain('version'),
  )

  it.each([
    ['tensors', { tensors: 2n ** 63n }],
    ['keys', { keys: 2n ** 64n - 1n }],
    ['tensors', { tensors: MAX_TENSORS + 1 }],
    ['keys', { keys: MAX_METADATA_KEYS + 1 }],
  ])('is refused for more %s than the limit, before anything is read of them', async (what, counts) =>
    expect(await refusal(new HostileBytes(counts))).toMatch(new RegExp(`number of ${what}.*limit`)),
  )

  it.each([{ tensors: MAX_TENSORS }, { keys: MAX_METADATA_KEYS }])(
    'is refused for counts that the file has no room for: %j',
    async (counts) => expect(await refusal(new HostileBytes(counts))).toContain('ends too early'),
  )

  it.each([
    ['a key longer than the limit', (f: HostileBytes) => f.length(MAX_KEY_BYTES + 1), 'limit'],
    ['a key of 2^63 bytes', (f: HostileBytes) => f.length(2n ** 63n), 'limit'],
    ['an empty key', (f: HostileBytes) => f.key('', TYPE.uint8).u8(1), 'empty'],
    ['an unknown type', (f: HostileBytes) => f.key('k', 13), 'unknown type 13'],
    ['a string longer than the limit', (f: HostileBytes) => f.key('k', TYPE.string).length(MAX_STRING_BYTES + 1), 'limit'],
    ['a string longer than the file', (f: HostileBytes) => f.key('k', TYPE.string).length(MAX_STRING_BYTES), 'ends too early'],
    ['a bool that is neither', (f: HostileBytes) => f.key('k', TYPE.bool).u8(2), 'bool'],
    [
      'an array longer than the limit',
      (f: HostileBytes) =>
        f
          .key('k', TYPE.array)
          .u32(TYPE.uint8)
          .length(MAX_ARRAY_LENGTH + 1),
      'limit',
    ],
    [
      'an array longer than the file',
      (f: HostileBytes) => f.key('k', TYPE.array).u32(TYPE.uint64).length(MAX_ARRAY_LENGTH),
      'ends too early',
    ],
    [
      'an array of strings longer than the file',
      (f: HostileBytes) => f.key('k', TYPE.array).u32(TYPE.string).length(1000),
      'ends too early',
    ],
    ['an array of an unknown type', (f: HostileBytes) => f.key('k', TYPE.array).u32(99).length(0), 'unknown type 99'],
  ])('is refused for %s', async (_, build, message) => {
    const file = build(new HostileBytes({ keys: 1 })).raw(new Uint8Array(16))
    expect(await refusal(file, 'values')).toContain(message)
    expect(await refusal(file, 'skip')).toContain(message)
  })

  it('is refused for a key that appears twice', async () => {
    const file = new HostileBytes({ keys: 2 }).key('k', TYPE.uint8).u8(1).key('k', TYPE.uint8).u8(2)
    expect(await refusal(file.data(32))).toContain('twice')
  })

  it('is read with arrays nested as deep as the limit and refused one deeper', async () => {
    const nested = (depth: number) => {
      const file = new HostileBytes({ keys: 1 }).key('k', TYPE.array)
      for (let i = 1; i < depth; i++) file.u32(TYPE.array).length(1)
      return file.u32(TYPE.uint8).length(1).u8(7)
    }
    expect((await parse(nested(MAX_ARRAY_DEPTH))).metadata.get('k')).toMatchObject({ itemType: 'array', length: 1 })
    expect(await refusal(nested(MAX_ARRAY_DEPTH + 1))).toContain('nested deeper')
  })

  it('is refused when its arrays together have more items than the limit', async () => {
    const half = MAX_KEPT_ITEMS / 2
    const file = new HostileBytes({ keys: 3 })
    for (const [key, length] of [
      ['a', half],
      ['b', half],
      ['c', 1],
    ] as const)
      file.key(key, TYPE.array).u32(TYPE.uint8).length(length).raw(new Uint8Array(length))
    expect(await refusal(file, 'values')).toContain('limit')
    expect((await parse(file, 'skip')).metadata.size).toBe(3)
  })

  it('is refused when its texts together are longer than the limit', async () => {
    const text = new Uint8Array(MAX_STRING_BYTES).fill(120)
    const count = MAX_KEPT_TEXT_BYTES / MAX_STRING_BYTES
    const file = new HostileBytes({ keys: count })
    for (let i = 0; i < count; i++) file.key(`k${i}`, TYPE.string).length(text.byteLength).raw(text)
    expect(await refusal(file, 'skip')).toContain('longer than the limit')
  })

  it('is refused when its head goes on beyond the limit', async () => {
    // Every value is an array of the greatest length, of which the reader skips all but the start: a file that needs no memory here.
    const start = new HostileBytes({ keys: 60 }).bytes()
    const entryBytes = 8 + 2 + 4 + 4 + 8 + MAX_ARRAY_LENGTH
    const read = async (position: number, length: number) => {
      const bytes = new Uint8Array(length)
      if (position === 0) bytes.set(start)
      for (let at = position === 0 ? start.byteLength : 0; at + 26 <= length; at += entryBytes) {
        const index = (position + at - start.byteLength) / entryBytes
        bytes.set([2, 0, 0, 0, 0, 0, 0, 0, 65 + index, 66, TYPE.array, 0, 0, 0, TYPE.uint8, 0, 0, 0, 0, 0, 0, 1], at)
      }
      return bytes
    }
    const file = { sizeBytes: MAX_HEAD_BYTES * 2, read }
    await expect(parseGgufHead(file, { arrays: 'skip' })).rejects.toMatchObject({
      code: 'invalid_gguf',
      message: expect.stringContaining('limit of'),
    })
  })
})

describe('the tensors of a damaged file', () => {
  const one = (shape: (number | bigint)[], options: { type?: number; offset?: number | bigint } = {}) =>
    new HostileBytes({ tensors: 1 }).tensor('t', { shape, ...options }).data(64)

  it.each([
    ['more than 4 dimensions', one([1, 1, 1, 1, 1]), 'dimensions'],
    [
      '2^32-1 dimensions',
      new HostileBytes({ tensors: 1 })
        .text('t')
        .u32(2 ** 32 - 1)
        .data(64),
      'dimensions',
    ],
    ['a dimension beyond 2^53', one([2n ** 63n]), 'dimension'],
    ['dimensions whose product overflows', one([2 ** 32, 2 ** 32]), 'elements'],
    ['a product that 64 bits would wrap to 0', one([2 ** 16, 2 ** 16, 2 ** 16, 2 ** 16]), 'elements'],
    ['a size beyond 2^53', one([2 ** 52], { type: 28 }), 'size'],
    ['an unknown type', one([32], { type: 4 }), 'unknown type 4'],
    ['a type of the future', one([32], { type: 2 ** 31 }), 'unknown type'],
    ['rows that are no whole blocks', one([33], { type: 2 }), 'multiple'],
    ['an offset that is not aligned', one([4], { offset: 4 }), 'multiple'],
    ['an offset beyond the file', one([4], { offset: 64 }), 'ends at byte'],
    ['an offset near 2^64', one([4], { offset: 2n ** 64n - 32n }), 'offset'],
    ['a size beyond the file', one([17]), 'ends at byte'],
    ['a name longer than the limit', new HostileBytes({ tensors: 1 }).text('t'.repeat(MAX_TENSOR_NAME_BYTES + 1)).data(64), 'limit'],
  ])('are refused for %s', async (_, file, message) => expect(await refusal(file)).toContain(message))

  it('are refused when two share a name', async () => {
    const file = new HostileBytes({ tensors: 2 }).tensor('t', { shape: [8] }).tensor('t', { shape: [8], offset: 32 })
    expect(await refusal(file.data(64))).toContain('twice')
  })

  it('are refused when two overlap', async () => {
    const file = new HostileBytes({ tensors: 2 }).tensor('t', { shape: [16] }).tensor('u', { shape: [8], offset: 32 })
    expect(await refusal(file.data(64))).toContain('overlap')
  })

  it('may end with the file, be scalars or have no elements', async () => {
    const head = await parse(
      new HostileBytes({ tensors: 3 })
        .tensor('s', { shape: [] })
        .tensor('e', { shape: [0], offset: 32 })
        .tensor('t', { shape: [8], offset: 32 })
        .data(64),
    )
    expect(head.tensors.map(({ sizeBytes }) => sizeBytes)).toEqual([4, 0, 32])
    expect(head.parameterCount).toBe(9)
  })

  it.each([0, 3, 48, 2 ** 21, 2 ** 32 - 1])('are refused with an alignment of %d', async (alignment) =>
    expect(await refusal(new HostileBytes({ keys: 1 }).key('general.alignment', TYPE.uint32).u32(alignment))).toContain('power of two'),
  )

  it('are refused with an alignment of another type', async () =>
    expect(await refusal(new HostileBytes({ keys: 1 }).key('general.alignment', TYPE.string).text('32'))).toContain('not uint32'))

  it('follow general.alignment', async () => {
    const bytes = await toBytes({ metadata: [{ key: 'general.alignment', type: 'uint32', value: 256 }], tensors: SMALL.tensors })
    const head = await parse(bytes)
    expect(head.alignment).toBe(256)
    expect(head.dataOffsetBytes).toBe(256)
    expect(head.tensors[1]?.offsetBytes).toBe(256)
  })
})

describe('a path that is no model file', () => {
  it('is refused without waiting: a folder, a device, a pipe, nothing at all', async () => {
    const pipe = path.join(folder, 'pipe')
    execFileSync(MAKE_PIPE, [pipe])
    for (const file of [folder, '/dev/zero', pipe, path.join(folder, 'nothing')]) {
      await expect(readGgufHead(file)).rejects.toMatchObject({ code: 'invalid_gguf' })
    }
  })

  it('is not named in the error, which a client may see', async () => {
    await expect(readGgufHead(path.join(folder, 'nothing'))).rejects.toSatisfy((error: Error) => !error.message.includes(folder))
  })
})
