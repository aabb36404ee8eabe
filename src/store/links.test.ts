import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Digest, toDigest } from '../model/digest.ts'
import { createStore } from './open.ts'
import type { OpenStore } from './store.ts'
import { createScratch, type Scratch } from './testing/scratch.ts'

const CONTENT = 'a model of some size'
const DIGEST = toDigest(createHash('sha256').update(CONTENT).digest('hex'))

let scratch: Scratch
let store: OpenStore
let file: string
beforeEach(async () => {
  scratch = await createScratch()
  store = await createStore({ root: scratch.root, clock: scratch.clock })
  file = path.join(scratch.root, 'model.gguf')
  writeFileSync(file, CONTENT, { mode: 0o644 })
  // As old as models are that somebody links.
  utimesSync(file, 1_000_000, 1_000_000)
})
afterEach(() => scratch.remove())

const link = () => store.blobs.importFile(file, { link: true })
const isLinked = () => statSync(store.blobs.path(DIGEST)).ino === statSync(file).ino
const notes = () => readdirSync(path.join(scratch.root, '.locks')).filter((name) => name.startsWith('linked-'))
const leftovers = () => readdirSync(path.join(scratch.root, 'blobs')).filter((name) => name.startsWith('tmp-'))

async function check(digest: Digest) {
  const running = store.maintenance.check(digest, new AbortController().signal)
  for (;;) {
    const step = await running.next()
    if (step.done) return step.value
  }
}

// Where this system cannot link there is nothing to test.
describe.skipIf(process.platform === 'win32')('a file that becomes a blob by a second name', () => {
  it('is not copied, keeps its age, and can be removed under either name', async () => {
    expect(await link()).toEqual({ digest: DIGEST, sizeBytes: CONTENT.length, existed: false })
    expect(isLinked()).toBe(true)
    expect(await store.blobs.keep(DIGEST)).toBe(true)
    expect(statSync(file).mtimeMs).toBe(1e9)
    expect(await link()).toMatchObject({ existed: true })
    expect(leftovers()).toEqual([])
    rmSync(file)
    expect(await store.blobs.readText(DIGEST)).toBe(CONTENT)
  })

  it('is copied unless that is asked for', async () => {
    await store.blobs.importFile(file)
    expect(isLinked()).toBe(false)
    expect(notes()).toEqual([])
  })

  it('may be read-only, and is found through a link', async () => {
    chmodSync(file, 0o444)
    const other = path.join(scratch.root, 'other.gguf')
    symlinkSync(file, other)
    await store.blobs.importFile(other, { link: true })
    expect(isLinked()).toBe(true)
  })

  it.each([0o664, 0o646, 0o666])('is copied where others may write it: %o', async (mode) => {
    chmodSync(file, mode)
    await link()
    expect(isLinked()).toBe(false)
  })

  it.each<[string, () => void]>([
    ['overwritten with as many bytes', () => writeFileSync(file, CONTENT.toUpperCase())],
    ['cut short', () => writeFileSync(file, 'a model')],
    ['appended to', () => appendFileSync(file, '!')],
  ])('is no blob any more once it is %s, until it is imported again', async (_, change) => {
    await link()
    change()
    expect(await store.blobs.has(DIGEST)).toBe(false)
    expect(await store.blobs.keep(DIGEST)).toBe(false)
    await expect(store.blobs.sizeBytes(DIGEST)).rejects.toMatchObject({ code: 'blob_not_found' })
    expect(await check(DIGEST)).toMatchObject({ state: 'damaged' })

    const changed = readFileSync(file, 'utf8')
    await store.blobs.write(CONTENT)
    expect(await store.blobs.readText(DIGEST)).toBe(CONTENT)
    expect(isLinked()).toBe(false)
    expect(readFileSync(file, 'utf8')).toBe(changed)
    expect(notes()).toEqual([])
  })

  it('stays as it was where another file gets its name', async () => {
    await link()
    writeFileSync(`${file}.new`, 'another model')
    renameSync(`${file}.new`, file)
    expect(await store.blobs.readText(DIGEST)).toBe(CONTENT)
    expect(await check(DIGEST)).toEqual({ state: 'whole', sizeBytes: CONTENT.length })
  })

  it('is a blob again once its bytes are found to be the same', async () => {
    await link()
    utimesSync(file, 2_000_000, 2_000_000)
    expect(await store.blobs.has(DIGEST)).toBe(false)
    expect(await check(DIGEST)).toMatchObject({ state: 'whole' })
    expect(await store.blobs.has(DIGEST)).toBe(true)
    expect(statSync(file).mtimeMs).toBe(2e9)
  })

  it('can be linked again after it was changed back', async () => {
    await link()
    writeFileSync(file, CONTENT)
    expect(await link()).toMatchObject({ digest: DIGEST })
    expect(await store.blobs.readText(DIGEST)).toBe(CONTENT)
    expect(leftovers()).toEqual([])
  })

  it('is refused where it changes while it is read, and nothing stays', async () => {
    const importing = store.blobs.importFile(file, { link: true, onRead: () => writeFileSync(file, 'shorter') })
    await expect(importing).rejects.toMatchObject({ code: 'invalid_request', message: 'the file changed while it was imported' })
    expect(readdirSync(path.join(scratch.root, 'blobs'))).toEqual([])
    expect(notes()).toEqual([])
  })

  it('goes with its note when the damaged blob is removed, and the file stays', async () => {
    await link()
    writeFileSync(file, 'other bytes')
    const result = await check(DIGEST)
    if (result.state !== 'damaged') throw new Error('it is damaged')
    expect(await result.remove()).toBe(true)
    expect(existsSync(file)).toBe(true)
    expect(notes()).toEqual([])
  })

  it('goes with its note when nothing refers to it', async () => {
    const { digest, sizeBytes } = await link()
    await store.removeUnused([{ mediaType: 'application/vnd.ollama.image.model', digest, sizeBytes }], { release: true })
    expect(existsSync(store.blobs.path(DIGEST))).toBe(false)
    expect(existsSync(file)).toBe(true)
    expect(notes()).toEqual([])
  })
})
