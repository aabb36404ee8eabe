import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../src/base/errors.ts'
import { createBytesSource } from '../../src/gguf/byte-source.ts'
import { parseGgufHead } from '../../src/gguf/head.ts'
import { HostileBytes, TYPE } from '../../src/gguf/testing/hostile-bytes.ts'
import type { GgufHead } from '../../src/gguf/types.ts'
import { writeGguf } from '../../src/gguf/writer.ts'
import { fuzzRuns } from '../support/fuzz-seed.ts'

/** Of the whole file, or undefined where it was refused as the format says. */
async function read(bytes: Uint8Array, arrays: 'skip' | 'values'): Promise<GgufHead | undefined> {
  try {
    return await parseGgufHead(createBytesSource(bytes), { arrays })
  } catch (error) {
    if (isAppError(error, 'invalid_gguf')) return undefined
    throw error
  }
}

async function check(bytes: Uint8Array): Promise<void> {
  for (const arrays of ['skip', 'values'] as const) {
    const head = await read(bytes, arrays)
    if (!head) continue
    expect(head.fileSizeBytes).toBe(bytes.byteLength)
    for (const tensor of head.tensors)
      expect(head.dataOffsetBytes + tensor.offsetBytes + tensor.sizeBytes).toBeLessThanOrEqual(bytes.byteLength)
  }
}

const chunks: Uint8Array[] = []
for await (const chunk of writeGguf({
  metadata: [
    { key: 'general.architecture', type: 'string', value: 'llama' },
    { key: 'general.alignment', type: 'uint32', value: 32 },
    { key: 'llama.block_count', type: 'uint64', value: 1 },
    { key: 'llama.rope.freq_base', type: 'float32', value: 1e4 },
    { key: 'tokenizer.ggml.tokens', type: 'array', itemType: 'string', values: ['a', 'bc', ''] },
    { key: 'tokenizer.ggml.scores', type: 'array', itemType: 'float32', values: [1, 2, 3] },
  ],
  tensors: [
    { name: 'token_embd.weight', type: 'F32', shape: [4, 3], data: new Uint8Array(48) },
    { name: 'output.weight', type: 'Q8_0', shape: [32, 2], data: new Uint8Array(68) },
  ],
}))
  chunks.push(chunk)
const good = Buffer.concat(chunks)

const numbers = fc.oneof(
  fc.bigInt({ min: 0n, max: 12n }),
  fc.constantFrom(0xffffffffn, 0x7fffffffffffffffn, 0xffffffffffffffffn, 2n ** 32n, 2n ** 53n),
)
const types = fc.oneof(fc.constantFrom(...Object.values(TYPE)), fc.nat({ max: 300 }))

describe('whatever a file that calls itself GGUF holds, its head is read or refused', () => {
  it('with bytes changed, cut off and put in', async () => {
    const changes = fc.array(
      fc.record({ at: fc.nat({ max: good.byteLength }), bytes: fc.uint8Array({ maxLength: 9 }), insert: fc.boolean() }),
      { minLength: 1, maxLength: 4 },
    )
    await fc.assert(
      fc.asyncProperty(changes, fc.nat({ max: good.byteLength }), async (list, length) => {
        let bytes = Buffer.from(good)
        for (const { at, bytes: put, insert } of list)
          bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(insert ? at : at + put.length)])
        await check(bytes)
        await check(bytes.subarray(0, length))
      }),
      fuzzRuns(300),
    )
  })

  it('with keys, types, lengths and shapes that no writer would write', async () => {
    const text = fc.oneof(fc.constantFrom('general.alignment', 'general.architecture', 'a'), fc.string({ unit: 'binary', maxLength: 12 }))
    const keys = fc.array(
      fc.record({ name: text, type: types, itemType: types, length: numbers, bytes: fc.uint8Array({ maxLength: 24 }) }),
      { maxLength: 4 },
    )
    const tensors = fc.array(fc.record({ name: text, shape: fc.array(numbers, { maxLength: 6 }), type: types, offset: numbers }), {
      maxLength: 3,
    })
    const heads = fc.record({
      version: fc.constantFrom(1, 2, 3, 4),
      littleEndian: fc.boolean(),
      keys,
      tensors,
      countedKeys: fc.option(numbers),
      countedTensors: fc.option(numbers),
      dataBytes: fc.nat({ max: 256 }),
    })
    await fc.assert(
      fc.asyncProperty(heads, async ({ version, littleEndian, keys: all, tensors: list, countedKeys, countedTensors, dataBytes }) => {
        const count = (counted: bigint | null, real: number) =>
          version === 1 ? BigInt.asUintN(32, counted ?? BigInt(real)) : (counted ?? BigInt(real))
        const out = new HostileBytes({
          version,
          littleEndian,
          keys: count(countedKeys, all.length),
          tensors: count(countedTensors, list.length),
        })
        for (const { name, type, itemType, length, bytes } of all) {
          out.key(name, type)
          if (type === TYPE.array) out.u32(itemType).length(count(length, 0))
          out.raw(bytes)
        }
        for (const { name, shape, type, offset } of list) out.tensor(name, { shape: shape.map((size) => count(size, 0)), type, offset })
        await check(out.data(dataBytes).bytes())
      }),
      fuzzRuns(300),
    )
  })
})
