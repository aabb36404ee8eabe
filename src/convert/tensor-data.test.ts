import { mkdtempSync } from 'node:fs'
import { rm, truncate, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FloatType } from '../gguf/half-floats.ts'
import type { SourceTensor } from './safetensors.ts'
import { changedShape, checkChange, MAX_HEAD_BYTES, readTensor, type TensorChange } from './tensor-data.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-tensor-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const START = 4

/** A file with some bytes before the tensor and one after. */
async function put(values: Float32Array, shape: readonly number[]): Promise<SourceTensor> {
  const file = path.join(folder, 'weights')
  await writeFile(file, Buffer.concat([new Uint8Array(START), new Uint8Array(values.buffer), new Uint8Array(1)]))
  return { name: 't', type: 'F32', shape, path: file, startBytes: START, sizeBytes: values.byteLength }
}

async function read(tensor: SourceTensor, change: TensorChange, to: FloatType = 'F32') {
  const pieces: Uint8Array[] = []
  for await (const piece of readTensor(tensor, to, change)) pieces.push(piece)
  const bytes = Uint8Array.from(Buffer.concat(pieces))
  return {
    values: [...new Float32Array(bytes.buffer)],
    largest: Math.max(...pieces.map((piece) => piece.byteLength)),
    pieces: pieces.length,
  }
}

const rows = (count: number, width: number) => Float32Array.from({ length: count * width }, (_, index) => Math.floor(index / width))

describe('the data of a tensor', () => {
  it('comes in pieces of a mebibyte, however large it is', async () => {
    const values = Float32Array.from({ length: 700_000 }, (_, index) => index)
    const found = await read(await put(values, [700_000]), {})
    expect(found.values.findIndex((value, index) => value !== index)).toBe(-1)
    expect(found.values).toHaveLength(700_000)
    expect(found).toMatchObject({ pieces: 3, largest: 1024 * 1024 })
  })

  it('weaves the halves of each head', async () => {
    const tensor = await put(rows(8, 2), [8, 2])
    const order = (values: number[]) => values.filter((_, index) => index % 2 === 0)
    expect(order((await read(tensor, { weaveHeads: 2 })).values)).toEqual([0, 2, 1, 3, 4, 6, 5, 7])
    expect(order((await read(tensor, { weaveHeads: 1 })).values)).toEqual([0, 4, 1, 5, 2, 6, 3, 7])
    const bias = await put(rows(4, 1), [4])
    expect((await read(bias, { weaveHeads: 1 })).values).toEqual([0, 2, 1, 3])
  })

  it('takes some of the rows', async () => {
    const tensor = await put(rows(5, 3), [5, 3])
    const change = { rows: { first: 1, count: 2 } }
    expect((await read(tensor, change)).values).toEqual([1, 1, 1, 2, 2, 2])
    expect(changedShape(tensor, change)).toEqual([2, 3])
    expect(changedShape(tensor, {})).toEqual([5, 3])
  })

  it('adds to every value', async () => {
    expect((await read(await put(rows(2, 2), [2, 2]), { add: 1 })).values).toEqual([1, 1, 2, 2])
  })

  it('has an end where the file is cut meanwhile', async () => {
    const tensor = await put(rows(8, 2), [8, 2])
    await truncate(tensor.path, 20)
    await expect(read(tensor, {})).rejects.toThrow('became shorter while it was read')
  })
})

describe('a change that does not fit', () => {
  const tensor: SourceTensor = { name: 't', type: 'F32', shape: [6, 2], path: '', startBytes: 0, sizeBytes: 48 }

  it('is found before anything is read', () => {
    expect(() => checkChange(tensor, { weaveHeads: 3 })).not.toThrow()
    expect(() => checkChange(tensor, { weaveHeads: 2 })).toThrow('which are not 2 heads of two halves')
    expect(() => checkChange(tensor, { weaveHeads: 0 })).toThrow('which are not 0 heads of two halves')
    expect(() => checkChange(tensor, { rows: { first: 0, count: 6 } })).not.toThrow()
    expect(() => checkChange(tensor, { rows: { first: 1, count: 6 } })).toThrow('fewer than 7')
  })

  it('is a head that memory has no room for', () => {
    const large = (sizeBytes: number): SourceTensor => ({ ...tensor, sizeBytes })
    expect(() => checkChange(large(MAX_HEAD_BYTES), { weaveHeads: 1 })).not.toThrow()
    expect(() => checkChange(large(MAX_HEAD_BYTES + 1), { weaveHeads: 1 })).toThrow(`more than ${MAX_HEAD_BYTES} bytes`)
  })
})
