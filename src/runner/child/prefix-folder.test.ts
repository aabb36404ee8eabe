import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createManualClock } from '../../base/testing/manual-clock.ts'
import { createExclusiveFiles } from '../testing/exclusive-files.ts'
import { encodeHead } from './prefix-file.ts'
import { MAX_FILES, nameOf, PrefixFolder, type PrefixFolderOptions } from './prefix-folder.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'prefix-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const keyOf = (byte: number) => ({ bytes: Buffer.alloc(32, byte), folderName: `key-${byte}` })
const openExclusively = createExclusiveFiles()
const nowMs = 1_700_000_000_000

function open(options: Partial<PrefixFolderOptions> = {}): PrefixFolder {
  return new PrefixFolder({
    root,
    key: keyOf(1),
    limitBytes: 1e9,
    freeShare: 1,
    clock: createManualClock(nowMs),
    openExclusively,
    ...options,
  })
}

/** Each state is told by its tokens, of which the second says when it was written. */
const saved = (first: number, stateBytes = 100) => ({
  tokens: Int32Array.of(first, 2, 3),
  leastLength: 1,
  state: Buffer.alloc(stateBytes, first),
})
const fileOf = (first: number, folder = 'key-1') => path.join(root, folder, nameOf(saved(first).tokens))
const firstTokens = (folder: PrefixFolder) => folder.list().map(({ tokens }) => tokens[0])

/** Writes, and dates the file. */
async function write(folder: PrefixFolder, first: number, { ageMs = 0, stateBytes = 100, folderName = 'key-1' } = {}) {
  const done = await folder.write(saved(first, stateBytes))
  if (done) utimesSync(fileOf(first, folderName), (nowMs - ageMs) / 1000, (nowMs - ageMs) / 1000)
  return done
}

describe('PrefixFolder', () => {
  it('gives back what was written, to another process too', async () => {
    const folder = open()
    folder.list()
    await write(folder, 7, { stateBytes: 5_000_000 })
    const [entry] = open().list()
    expect(entry).toMatchObject({ tokens: Int32Array.of(7, 2, 3), leastLength: 1, sizeBytes: 5_000_000 })
    expect(saved(7, 5_000_000).state.equals((entry && (await open().read(entry, Buffer.alloc))) ?? Buffer.alloc(0))).toBe(true)
  })

  it.skipIf(process.platform === 'win32')('lets nobody else look', async () => {
    const folder = open({ root: path.join(root, 'cache', 'prefix') })
    folder.list()
    await folder.write(saved(7))
    const modeOf = (...parts: string[]) => statSync(path.join(root, 'cache', ...parts)).mode & 0o777
    expect([modeOf(), modeOf('prefix'), modeOf('prefix', 'key-1')]).toEqual([0o700, 0o700, 0o700])
    expect(modeOf('prefix', 'key-1', nameOf(saved(7).tokens))).toBe(0o600)
  })

  it('lists the oldest first, and uses make a file young', async () => {
    const folder = open()
    folder.list()
    await write(folder, 1, { ageMs: 3000 })
    await write(folder, 2, { ageMs: 2000 })
    const [oldest] = folder.list()
    expect(firstTokens(folder)).toEqual([1, 2])
    if (oldest) await folder.read(oldest, Buffer.alloc)
    expect(firstTokens(folder)).toEqual([2, 1])
  })

  it.each([
    { what: 'a byte of its state', damage: (file: string) => flip(file, 70 + 12) },
    { what: 'its last byte', damage: (file: string) => flip(file, statSync(file).size - 1) },
    { what: 'its end', damage: (file: string) => truncateSync(file, statSync(file).size - 1) },
  ])('deletes a file that lost $what, when it is read', async ({ damage }) => {
    const folder = open()
    folder.list()
    await write(folder, 7)
    const [entry] = folder.list()
    damage(fileOf(7))
    expect(entry && (await folder.read(entry, Buffer.alloc))).toBeUndefined()
    expect(existsSync(fileOf(7))).toBe(false)
  })

  it.each([
    { what: 'a damaged head', damage: (file: string) => flip(file, 50) },
    { what: 'damaged tokens', damage: (file: string) => flip(file, 65) },
    { what: 'no end', damage: (file: string) => truncateSync(file, 100) },
    { what: 'nothing in it', damage: (file: string) => truncateSync(file, 0) },
    { what: 'another text', damage: (file: string) => writeFileSync(file, 'x'.repeat(500)) },
  ])('deletes a file with $what, when it is listed', async ({ damage }) => {
    const folder = open()
    folder.list()
    await write(folder, 7)
    await write(folder, 8)
    damage(fileOf(7))
    expect(firstTokens(folder)).toEqual([8])
    expect(existsSync(fileOf(7))).toBe(false)
  })

  it('does not take the state of other tokens for the one that was listed', async () => {
    const folder = open()
    folder.list()
    await write(folder, 7)
    await write(folder, 8)
    const entry = folder.list().find(({ tokens }) => tokens[0] === 7)
    writeFileSync(fileOf(7), readFileSync(fileOf(8)))
    expect(entry && (await folder.read(entry, Buffer.alloc))).toBeUndefined()
  })

  it('has nothing where another process has deleted a file', async () => {
    const folder = open()
    folder.list()
    await write(folder, 7)
    const [entry] = folder.list()
    rmSync(fileOf(7))
    expect(entry && (await folder.read(entry, Buffer.alloc))).toBeUndefined()
  })

  it('touches nothing that has another name', () => {
    const folder = open()
    folder.list()
    writeFileSync(path.join(root, 'key-1', 'notes.txt'), 'mine')
    expect(folder.list()).toEqual([])
    expect(readdirSync(path.join(root, 'key-1'))).toEqual(['notes.txt'])
  })

  it('says which files of its own key had to go', async () => {
    const [one, other] = [open({ limitBytes: 600 }), open({ limitBytes: 600, key: keyOf(2) })]
    for (const folder of [one, other]) folder.list()
    await write(one, 1, { ageMs: 4000 })
    await write(other, 2, { ageMs: 3000, folderName: 'key-2' })
    await write(one, 3, { ageMs: 2000 })
    expect(await write(one, 4)).toEqual({ removed: [nameOf(saved(1).tokens)] })
    expect(await write(one, 5)).toEqual({ removed: [] })
    expect(existsSync(fileOf(2, 'key-2'))).toBe(false)
    expect(firstTokens(one)).toEqual([3, 4, 5])
  })

  it('writes nothing where there is no room', async () => {
    const exact = 64 + 12 + 100
    const folder = open({ limitBytes: exact })
    folder.list()
    expect(await write(folder, 1)).toEqual({ removed: [] })
    expect(await write(folder, 2, { stateBytes: 101 })).toBeUndefined()
    expect(firstTokens(folder)).toEqual([1])
  })

  it('writes the same tokens over the old file', async () => {
    const folder = open({ limitBytes: 200 })
    folder.list()
    await write(folder, 1)
    expect(await write(folder, 1)).toEqual({ removed: [] })
    expect(firstTokens(folder)).toEqual([1])
  })

  it('keeps a bounded number of files', async () => {
    const folder = open()
    folder.list()
    for (let index = 0; index <= MAX_FILES; index++) {
      const { tokens, leastLength } = saved(index)
      writeFileSync(fileOf(index), encodeHead({ key: keyOf(1).bytes, tokens, leastLength, stateBytes: 0, stateChecksum: 0 }))
      utimesSync(fileOf(index), nowMs / 1000 + index, nowMs / 1000 + index)
    }
    expect(firstTokens(folder)).toEqual(Array.from({ length: MAX_FILES }, (_, index) => index + 1))
    expect(existsSync(fileOf(0))).toBe(false)
  })

  it('leaves nothing of a file that could not be written, and of one that was abandoned', async () => {
    const folder = open()
    folder.list()
    rmSync(path.join(root, 'key-1'), { recursive: true })
    await expect(folder.write(saved(1))).rejects.toMatchObject({ code: 'ENOENT' })
    folder.list()
    const writing = folder.write(saved(2, 20_000_000))
    while (!readdirSync(path.join(root, 'key-1')).some((name) => name.startsWith('tmp-'))) await new Promise(setImmediate)
    folder.abandon()
    expect(readdirSync(path.join(root, 'key-1'))).toEqual([])
    expect(await writing).toBeUndefined()
  })
})

function flip(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(file, bytes)
}
