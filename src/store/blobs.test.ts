import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseDigest, toDigest } from '../model/digest.ts'
import { createScratch, type Scratch } from './testing/scratch.ts'

let scratch: Scratch
beforeEach(async () => {
  scratch = await createScratch()
})
afterEach(() => scratch.remove())

const digestOf = (text: string) => toDigest(createHash('sha256').update(text).digest('hex'))
const files = () => readdirSync(path.join(scratch.root, 'blobs'))
const nothing = parseDigest(`sha256:${'0'.repeat(64)}`)

async function* chunksOf(...texts: string[]) {
  for (const text of texts) yield new TextEncoder().encode(text)
}

describe('a file that is a blob already', () => {
  it('is found by its size and its hash, and not written again', async () => {
    const { blobs } = scratch.store
    const file = path.join(scratch.root, 'model')
    writeFileSync(file, 'hello')
    let read = 0
    expect(await blobs.importFile(file, { onRead: (bytes) => (read += bytes) })).toMatchObject({ existed: false })
    expect(read).toBe(5)
    const written = statSync(blobs.path(digestOf('hello'))).ino
    expect(await blobs.importFile(file)).toEqual({ digest: digestOf('hello'), sizeBytes: 5, existed: true })
    expect(await blobs.importFile(blobs.path(digestOf('hello')))).toMatchObject({ existed: true })
    expect(statSync(blobs.path(digestOf('hello'))).ino).toBe(written)
    writeFileSync(file, 'world')
    expect(await blobs.importFile(file)).toEqual({ digest: digestOf('world'), sizeBytes: 5, existed: false })
    expect(files()).toHaveLength(2)
  })
})

describe('a file that another program writes', () => {
  const { MAX_SAFE_INTEGER } = Number

  it('is hashed and named when it is done', async () => {
    const { blobs } = scratch.store
    const make = async (file: string) => writeFileSync(file, 'hello')
    expect(await blobs.make(make, { neededBytes: 5 })).toEqual({ digest: digestOf('hello'), sizeBytes: 5, existed: false })
    expect(await blobs.make(make, { neededBytes: 5 })).toMatchObject({ existed: true })
    expect(files()).toEqual([path.basename(blobs.path(digestOf('hello')))])
  })

  it('is not begun where the room for it is not free', async () => {
    const make = () => Promise.reject(new Error('was begun'))
    await expect(scratch.store.blobs.make(make, { neededBytes: MAX_SAFE_INTEGER })).rejects.toMatchObject({ code: 'disk_full' })
  })

  it('is gone when it could not be made, or when somebody called it off', async () => {
    const failing = async (file: string) => {
      writeFileSync(file, 'half')
      throw new Error('out of ideas')
    }
    await expect(scratch.store.blobs.make(failing, { neededBytes: 1 })).rejects.toThrow('out of ideas')
    const stop = new AbortController()
    const left = async (file: string) => {
      writeFileSync(file, 'whole')
      stop.abort()
    }
    await expect(scratch.store.blobs.make(left, { neededBytes: 1, signal: stop.signal })).rejects.toMatchObject({ code: 'cancelled' })
    expect(files()).toEqual([])
  })
})

describe('writing a blob', () => {
  it('gives it the name of its hash, from text, bytes and a stream', async () => {
    const { blobs } = scratch.store
    for (const source of ['hello', new TextEncoder().encode('hello2'), chunksOf('hel', '', 'lo3')]) await blobs.write(source)
    for (const text of ['hello', 'hello2', 'hello3']) {
      expect(readFileSync(blobs.path(digestOf(text)), 'utf8')).toBe(text)
      expect(await blobs.sizeBytes(digestOf(text))).toBe(text.length)
    }
    expect(files()).toHaveLength(3)
    expect(statSync(blobs.path(digestOf('hello'))).mode & 0o777).toBe(0o644)
  })

  it('says how long it is and whether it was there', async () => {
    const { blobs } = scratch.store
    expect(await blobs.write('hello')).toEqual({ digest: digestOf('hello'), sizeBytes: 5, existed: false })
    expect(await blobs.write('hello')).toEqual({ digest: digestOf('hello'), sizeBytes: 5, existed: true })
    expect(await blobs.write(chunksOf('hel', 'lo'))).toEqual({ digest: digestOf('hello'), sizeBytes: 5, existed: true })
    expect(await blobs.write('')).toEqual({ digest: digestOf(''), sizeBytes: 0, existed: false })
  })

  it('does not read the source when the expected blob is there', async () => {
    const { blobs } = scratch.store
    await blobs.write('hello')
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => {
        throw new Error('read')
      },
    }
    expect(await blobs.write(source, { expected: digestOf('hello') })).toMatchObject({ existed: true, sizeBytes: 5 })
  })

  it.each([
    ['a stream', () => chunksOf('hello')],
    ['text', () => 'hello'],
  ])('refuses %s with other bytes than expected and leaves nothing', async (_, source) => {
    await expect(scratch.store.blobs.write(source(), { expected: nothing })).rejects.toMatchObject({
      code: 'digest_mismatch',
      message: `digest mismatch, expected "${nothing}", got "${digestOf('hello')}"`,
    })
    expect(files()).toEqual([])
  })

  it('leaves nothing when the source fails', async () => {
    async function* broken() {
      yield new Uint8Array(10)
      throw new Error('the client left')
    }
    await expect(scratch.store.blobs.write(broken())).rejects.toThrow('the client left')
    expect(files()).toEqual([])
  })

  it('ends and leaves nothing when it is aborted while the source keeps it waiting', async () => {
    const abort = new AbortController()
    async function* endless() {
      yield new Uint8Array(10)
      abort.abort()
      await new Promise(() => {})
    }
    await expect(scratch.store.blobs.write(endless(), { signal: abort.signal })).rejects.toMatchObject({ code: 'cancelled' })
    expect(files()).toEqual([])
    await expect(scratch.store.blobs.write('x', { signal: abort.signal })).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('lets the source go when it is aborted', async () => {
    const abort = new AbortController()
    let released = false
    const iterator: AsyncIterator<Uint8Array> = {
      next: () => {
        abort.abort()
        return new Promise(() => {})
      },
      return: async () => {
        released = true
        return { done: true, value: undefined }
      },
    }
    const source: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => iterator }
    await expect(scratch.store.blobs.write(source, { signal: abort.signal })).rejects.toMatchObject({ code: 'cancelled' })
    expect(released).toBe(true)
  })

  it('is done once when many write the same at once', async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => scratch.store.blobs.write(chunksOf('same'))))
    expect(results.filter(({ existed }) => !existed)).toHaveLength(1)
    expect(files()).toHaveLength(1)
  })

  it('puts the right bytes in place of a blob of the wrong length', async () => {
    const { blobs } = scratch.store
    writeFileSync(blobs.path(digestOf('hello')), 'hel')
    expect(await blobs.write(chunksOf('hello'))).toMatchObject({ existed: false })
    expect(readFileSync(blobs.path(digestOf('hello')), 'utf8')).toBe('hello')
  })

  it('makes a blob young again that was there', async () => {
    const { blobs } = scratch.store
    await blobs.write('hello')
    utimesSync(blobs.path(digestOf('hello')), 1, 1)
    await blobs.write('hello')
    expect(Math.abs(statSync(blobs.path(digestOf('hello'))).mtimeMs - scratch.clock.nowMs())).toBeLessThan(1000)
  })
})

describe('importing a file', () => {
  it('makes a blob of it and leaves it where it is', async () => {
    const file = path.join(scratch.root, 'model.gguf')
    writeFileSync(file, 'a model')
    expect(await scratch.store.blobs.importFile(file)).toEqual({ digest: digestOf('a model'), sizeBytes: 7, existed: false })
    expect(await scratch.store.blobs.importFile(file, { expected: digestOf('a model') })).toMatchObject({ existed: true })
    expect(readFileSync(file, 'utf8')).toBe('a model')
    expect(readFileSync(scratch.store.blobs.path(digestOf('a model')), 'utf8')).toBe('a model')
  })

  it('refuses other bytes than expected', async () => {
    const file = path.join(scratch.root, 'model.gguf')
    writeFileSync(file, 'a model')
    await expect(scratch.store.blobs.importFile(file, { expected: nothing })).rejects.toMatchObject({ code: 'digest_mismatch' })
    expect(files()).toEqual([])
  })

  it.each(['nothing', '.'])('refuses what is no file: %s', async (name) => {
    await expect(scratch.store.blobs.importFile(path.join(scratch.root, name))).rejects.toMatchObject({ code: 'invalid_request' })
  })
})

describe('reading blobs', () => {
  it('tells an absent one', async () => {
    const { blobs } = scratch.store
    expect(await blobs.has(nothing)).toBe(false)
    expect(await blobs.keep(nothing)).toBe(false)
    await expect(blobs.sizeBytes(nothing)).rejects.toMatchObject({ code: 'blob_not_found' })
    await expect(blobs.readText(nothing)).rejects.toMatchObject({ code: 'blob_not_found' })
  })

  it('gives the text of a small one and refuses one beyond the limit', async () => {
    const { blobs } = scratch.store
    const { digest } = await blobs.write('lláma')
    expect(await blobs.readText(digest, 6)).toBe('lláma')
    await expect(blobs.readText(digest, 5)).rejects.toMatchObject({ code: 'store_corrupt' })
  })

  it('does not follow links that lead out of the folder', async () => {
    const { blobs } = scratch.store
    const outside = path.join(scratch.root, 'outside')
    writeFileSync(outside, 'secret')
    symlinkSync(outside, blobs.path(digestOf('secret')))
    expect(await blobs.has(digestOf('secret'))).toBe(false)
    await expect(blobs.readText(digestOf('secret'))).rejects.toMatchObject({ code: 'blob_not_found' })
  })

  it('follows links inside, and a blobs folder that is a link itself', async () => {
    const { blobs } = scratch.store
    const { digest } = await blobs.write('hello')
    symlinkSync(blobs.path(digest), blobs.path(nothing))
    expect(await blobs.readText(nothing)).toBe('hello')
  })

  it('does not take a folder for a blob', async () => {
    mkdirSync(scratch.store.blobs.path(nothing))
    expect(await scratch.store.blobs.has(nothing)).toBe(false)
  })

  it('puts every path below the blobs folder', () => {
    expect(existsSync(path.dirname(scratch.store.blobs.path(nothing)))).toBe(true)
    expect(path.dirname(scratch.store.blobs.path(nothing))).toBe(path.join(scratch.root, 'blobs'))
  })
})
