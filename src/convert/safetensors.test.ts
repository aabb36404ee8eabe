import { mkdtempSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_HEADER_BYTES, readSafetensors, requireFloats } from './safetensors.ts'
import { formatSafetensors, withHeader } from './testing/safetensors-file.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-safetensors-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function read(bytes: Uint8Array) {
  const file = path.join(folder, 'x.safetensors')
  await writeFile(file, bytes)
  return readSafetensors(file, 'x.safetensors')
}

function tensor(fields: Record<string, unknown> = {}) {
  return { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...fields }
}

describe('a safetensors file', () => {
  it('has its tensors in the order of the head, with their places in the file', async () => {
    const bytes = formatSafetensors([
      { name: 'b', type: 'BF16', shape: [2, 3], values: new Float32Array(6) },
      { name: 'a', type: 'F32', shape: [1], values: new Float32Array(1) },
      { name: 'none', type: 'F16', shape: [0, 4], values: new Float32Array(0) },
    ])
    const tensors = await read(bytes)
    const start = bytes.byteLength - 16
    expect(tensors.map(({ path: _, ...rest }) => rest)).toEqual([
      { name: 'b', type: 'BF16', shape: [2, 3], startBytes: start, sizeBytes: 12 },
      { name: 'a', type: 'F32', shape: [1], startBytes: start + 12, sizeBytes: 4 },
      { name: 'none', type: 'F16', shape: [0, 4], startBytes: start + 16, sizeBytes: 0 },
    ])
  })

  it('may have buffers of other types beside its weights', async () => {
    const [buffer] = await read(withHeader(JSON.stringify({ a: tensor({ dtype: 'I64', shape: [1] }) }), new Uint8Array(8)))
    if (!buffer) throw new Error('there is no tensor')
    expect(buffer).toMatchObject({ type: 'I64', sizeBytes: 8 })
    expect(() => requireFloats(buffer)).toThrow('unknown data type: I64 of the tensor "a"')
    expect(requireFloats({ ...buffer, type: 'BF16' }).type).toBe('BF16')
  })

  it('believes a header length up to the limit, and compares it with the file', async () => {
    const claim = (bytes: number) => read(withHeader('{}', new Uint8Array(8), BigInt(bytes)))
    await expect(claim(MAX_HEADER_BYTES)).rejects.toThrow(`the header claims ${MAX_HEADER_BYTES} bytes, the file has 10`)
    await expect(claim(MAX_HEADER_BYTES + 1)).rejects.toThrow(`the limit is ${MAX_HEADER_BYTES}`)
  })

  // cli-registry.md section 5, the last rows: a length of -1 kills Ollama, a huge one exhausts its memory.
  it.each([2n ** 64n - 1n, 2n ** 63n, 2n ** 53n + 1n, 10n ** 9n])('refuses a header that claims %s bytes', async (claimed) => {
    await expect(read(withHeader('{}', new Uint8Array(8), claimed))).rejects.toMatchObject({ code: 'invalid_gguf' })
  })

  it('refuses a header that is longer than the file', async () => {
    await expect(read(withHeader('{}', new Uint8Array(8), 11n))).rejects.toThrow('the header claims 11 bytes, the file has 10')
  })

  it('refuses every beginning of a file', async () => {
    const bytes = formatSafetensors([{ name: 'a', type: 'F32', shape: [3], values: new Float32Array(3) }])
    for (let length = 0; length < bytes.byteLength; length++)
      await expect(read(bytes.subarray(0, length))).rejects.toMatchObject({ code: 'invalid_gguf' })
  })

  it.each<[string, unknown, string]>([
    ['no object', [], 'the header is not a JSON object'],
    ['a tensor that is a text', { a: 'x' }, 'is not described by an object'],
    ['no type', { a: tensor({ dtype: undefined }) }, 'unknown data type: nothing'],
    ['a type that is none', { a: tensor({ dtype: 'F4' }) }, 'unknown data type: F4'],
    ['a type that every object has', { a: tensor({ dtype: 'constructor' }) }, 'unknown data type: constructor'],
    ['a shape below zero', { a: tensor({ shape: [-2] }) }, 'has the shape [-2]'],
    ['a shape with a fraction', { a: tensor({ shape: [1.5] }) }, 'has the shape [1.5]'],
    ['a shape that is a text', { a: tensor({ shape: '2' }) }, 'has the shape 2'],
    ['too many dimensions', { a: tensor({ shape: [1, 1, 1, 1, 2] }) }, 'has 5 dimensions, the limit is 4'],
    ['a shape that overflows', { a: tensor({ shape: [2 ** 40, 2 ** 40] }) }, 'lies at [0,8]'],
    ['one offset', { a: tensor({ data_offsets: [0] }) }, 'lies at [0]'],
    ['an offset below zero', { a: tensor({ data_offsets: [-8, 0] }) }, 'lies at [-8,0]'],
    ['offsets the wrong way round', { a: tensor({ data_offsets: [8, 0] }) }, 'lies at [8,0]'],
    ['too few bytes', { a: tensor({ shape: [3] }) }, 'which is not 12 bytes'],
    ['an end beyond the file', { a: tensor({ shape: [4], data_offsets: [0, 16] }) }, 'ends at byte 16 of the data, which has 8 bytes'],
    ['bytes that two tensors share', { a: tensor(), b: tensor() }, 'overlap or leave a gap'],
    ['a gap', { a: tensor({ shape: [1], data_offsets: [4, 8] }) }, 'overlap or leave a gap at byte 0'],
    ['bytes of no tensor', { a: tensor({ shape: [1], data_offsets: [0, 4] }) }, '4 bytes at the end belong to no tensor'],
    ['a name without end', { ['a'.repeat(513)]: tensor() }, 'has 513 characters, the limit is 512'],
  ])('refuses a header with %s', async (_, header, message) => {
    await expect(read(withHeader(JSON.stringify(header), new Uint8Array(8)))).rejects.toThrow(message)
  })

  it('refuses a header that is no JSON, or no text at all', async () => {
    await expect(read(withHeader('{"a"', new Uint8Array(8)))).rejects.toThrow('the header is not JSON')
    await expect(read(new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 0xff]))).rejects.toThrow('the header is not JSON')
  })

  it('is a regular file', async () => {
    await expect(readSafetensors(folder, 'x.safetensors')).rejects.toThrow('x.safetensors is not a regular file')
    await expect(readSafetensors('/dev/zero', 'x.safetensors')).rejects.toThrow('is not a regular file')
    await expect(readSafetensors(path.join(folder, 'absent'), 'x.safetensors')).rejects.toThrow('x.safetensors cannot be opened')
  })
})
