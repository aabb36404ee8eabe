import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Digest, toDigest } from '../model/digest.ts'
import { createStore } from './open.ts'
import { planParts } from './parts.ts'
import type { PartialBlob } from './store.ts'
import { createScratch, type Scratch } from './testing/scratch.ts'

let scratch: Scratch
beforeEach(async () => {
  scratch = await createScratch()
})
afterEach(() => scratch.remove())

const bytes = new Uint8Array(1000).map((_, i) => i)
const digest = toDigest(createHash('sha256').update(bytes).digest('hex'))
const dataFile = () => `${scratch.store.blobs.path(digest)}-partial`
const partFile = (n: number) => `${dataFile()}-${n}`
const readPart = (n: number) => JSON.parse(readFileSync(partFile(n), 'utf8'))
const open = (of: Digest = digest, size = bytes.byteLength, signal?: AbortSignal) => scratch.store.blobs.openPartial(of, size, { signal })

describe('a download in parts', () => {
  it('becomes a blob when all bytes are there, in whatever order they came', async () => {
    const partial = await open()
    expect(partial.missing()).toEqual([{ start: 0, end: 1000 }])
    await Promise.all([partial.write(600, bytes.subarray(600)), partial.write(0, bytes.subarray(0, 300))])
    expect(partial.missing()).toEqual([{ start: 300, end: 600 }])
    await partial.write(300, bytes.subarray(300, 600))
    await partial.commit()
    expect(new Uint8Array(readFileSync(scratch.store.blobs.path(digest)))).toEqual(bytes)
    expect(readdirSync(path.join(scratch.root, 'blobs'))).toHaveLength(1)
  })

  it('can be empty', async () => {
    const empty = toDigest(createHash('sha256').digest('hex'))
    const partial = await open(empty, 0)
    expect(partial.missing()).toEqual([])
    await partial.commit()
    expect(await scratch.store.blobs.sizeBytes(empty)).toBe(0)
  })

  it('is deleted when its bytes do not have the hash', async () => {
    const partial = await open()
    await partial.write(0, new Uint8Array(1000))
    await expect(partial.commit()).rejects.toMatchObject({ code: 'digest_mismatch', details: { expected: digest } })
    expect(readdirSync(path.join(scratch.root, 'blobs'))).toEqual([])
    await (await open()).close()
  })

  it('is not committed while bytes are missing, and goes on after that', async () => {
    const partial = await open()
    await partial.write(0, bytes.subarray(0, 999))
    await expect(partial.commit()).rejects.toMatchObject({ code: 'internal' })
    await partial.write(999, bytes.subarray(999))
    await partial.commit()
  })

  it.each([
    [-1, 2],
    [999, 2],
    [9, 2],
    [0, 5],
  ])('takes no bytes outside of what is missing: %d, %d long', async (offset, length) => {
    const partial = await open()
    await partial.write(0, bytes.subarray(0, 10))
    await expect(partial.write(offset, new Uint8Array(length))).rejects.toMatchObject({ code: 'internal' })
    await partial.close()
  })

  it('takes nothing after it was closed', async () => {
    const partial = await open()
    await partial.close()
    await partial.close()
    await expect(partial.write(0, bytes)).rejects.toMatchObject({ code: 'internal' })
    await expect(partial.commit()).rejects.toMatchObject({ code: 'internal' })
  })

  it('is refused before a byte is written when the disk cannot hold it', async () => {
    await expect(open(digest, 2 ** 52)).rejects.toMatchObject({
      code: 'disk_full',
      details: { neededBytes: 2 ** 52, freeBytes: expect.any(Number) },
    })
    await (await open()).close()
  })
})

describe('a download that goes on', () => {
  it('has the bytes that were written before it was closed', async () => {
    const first = await open()
    await first.write(0, bytes.subarray(0, 400))
    await first.close()
    const second = await open()
    expect(second.missing()).toEqual([{ start: 400, end: 1000 }])
    await second.write(400, bytes.subarray(400))
    await second.commit()
  })

  it('keeps its progress in the files of Ollama', async () => {
    const partial = await open()
    expect(statSync(dataFile()).size).toBe(1000)
    expect(readFileSync(partFile(0), 'utf8')).toBe('{"N":0,"Offset":0,"Size":1000,"Completed":0}\n')
    await partial.write(0, bytes.subarray(0, 123))
    await partial.close()
    expect(readPart(0)).toEqual({ N: 0, Offset: 0, Size: 1000, Completed: 123 })
  })

  it('writes its progress down every few seconds', async () => {
    const partial = await open()
    await partial.write(0, bytes.subarray(0, 10))
    expect(readPart(0).Completed).toBe(0)
    scratch.clock.advance(3000)
    await partial.write(10, bytes.subarray(10, 20))
    expect(readPart(0).Completed).toBe(20)
    await partial.close()
  })

  it('has parts of a sixteenth, at least 100 MB and at most 1 GB', () => {
    expect(planParts(250e6).map((part) => [part.N, part.Offset, part.Size])).toEqual([
      [0, 0, 100e6],
      [1, 100e6, 100e6],
      [2, 200e6, 50e6],
    ])
    expect(planParts(3.2e9).map(({ Size }) => Size)).toEqual(new Array(16).fill(200e6))
    expect(planParts(20.5e9).map(({ Size }) => Size)).toEqual([...new Array(20).fill(1e9), 0.5e9])
  })

  it('goes on from what Ollama left', async () => {
    writeFileSync(dataFile(), bytes.subarray(0, 750))
    truncateSync(dataFile(), 1000)
    writeFileSync(partFile(0), '{"N":0,"Offset":0,"Size":500,"Completed":500}\n')
    writeFileSync(partFile(1), '{"N":1,"Offset":500,"Size":500,"Completed":250}\n')
    const partial = await open()
    expect(partial.missing()).toEqual([{ start: 750, end: 1000 }])
    await partial.write(750, bytes.subarray(750))
    await partial.commit()
    expect(await scratch.store.blobs.sizeBytes(digest)).toBe(1000)
    expect(readdirSync(path.join(scratch.root, 'blobs'))).toHaveLength(1)
  })

  it.each([
    ['a part is missing', ['{"N":0,"Offset":0,"Size":500,"Completed":500}']],
    ['parts overlap', ['{"N":0,"Offset":0,"Size":600,"Completed":1}', '{"N":1,"Offset":500,"Size":500,"Completed":1}']],
    ['the total is another', ['{"N":0,"Offset":0,"Size":900,"Completed":1}']],
    ['a file is cut short', ['{"N":0,"Offset":0,"Si']],
    ['a file is empty', ['']],
    ['a number is negative', ['{"N":0,"Offset":0,"Size":1000,"Completed":-5}']],
    ['more is done than there is', ['{"N":0,"Offset":0,"Size":1000,"Completed":1001}']],
    ['a value is no number', ['{"N":0,"Offset":"0","Size":1000,"Completed":1}']],
    ['a number is that of another part', ['{"N":1,"Offset":0,"Size":1000,"Completed":1}']],
    ['it is no object', ['null']],
    ['it is longer than a line can be', [`{"N":0,"Offset":0,"Size":1000,"Completed":1}${' '.repeat(5000)}`]],
  ])('starts over when %s', async (_, parts) => {
    writeFileSync(dataFile(), bytes)
    for (const [index, text] of parts.entries()) writeFileSync(partFile(index), text)
    const partial = await open()
    expect(partial.missing()).toEqual([{ start: 0, end: 1000 }])
    await partial.close()
    expect(existsSync(partFile(1))).toBe(false)
  })

  it.each([0, 999, 1001])('starts over when the file has %d bytes instead of 1000', async (size) => {
    writeFileSync(dataFile(), new Uint8Array(size))
    writeFileSync(partFile(0), '{"N":0,"Offset":0,"Size":1000,"Completed":1000}\n')
    const partial = await open()
    expect(partial.missing()).toEqual([{ start: 0, end: 1000 }])
    await partial.close()
  })
})

describe('two on the same download', () => {
  it('take turns, and the second has what the first wrote', async () => {
    const first = await open()
    let opened = false
    const second = open().then((partial) => {
      opened = true
      return partial
    })
    await first.write(0, bytes.subarray(0, 10))
    expect(opened).toBe(false)
    await first.close()
    const partial = await second
    expect(partial.missing()).toEqual([{ start: 10, end: 1000 }])
    await partial.close()
  })

  it('make it once: who comes after the end finds nothing missing, and leaves nothing behind', async () => {
    const first = await open()
    const second = open()
    await first.write(0, bytes)
    await first.commit()
    const late = await second
    expect(late.missing()).toEqual([])
    await expect(late.write(0, bytes)).rejects.toMatchObject({ code: 'internal' })
    await late.commit()
    await late.close()
    expect(readdirSync(path.join(scratch.root, 'blobs'))).toHaveLength(1)
  })

  it('hears how far the other is', async () => {
    const other = await createStore({ root: scratch.root, clock: scratch.clock })
    const first = await open()
    await first.write(0, bytes.subarray(0, 400))
    // The journal is written when so much time has passed since the last write.
    scratch.clock.advance(100)
    await first.write(400, bytes.subarray(400, 500))
    let second: Promise<PartialBlob> | undefined
    const heard = await new Promise<number>((resolve) => {
      second = other.blobs.openPartial(digest, 1000, { onWaiting: resolve })
      scratch.clock.advance(500)
    })
    expect(heard).toBe(500)
    await first.close()
    scratch.clock.advance(250)
    await (await second)?.close()
  })

  it('may give up waiting', async () => {
    const first = await open()
    const abort = new AbortController()
    const second = open(digest, 1000, abort.signal)
    abort.abort()
    await expect(second).rejects.toMatchObject({ code: 'cancelled' })
    await first.close()
  })
})
