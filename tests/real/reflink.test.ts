// A model file on a file system that shares blocks: imported without a copy, on a small disk of its own, where this user may mount one.

import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStore } from '../../src/store/open.ts'
import type { OpenStore } from '../../src/store/store.ts'
import { isMountable, mount, unmount } from '../support/mount.ts'

const MIB = 1024 * 1024
const MODEL_BYTES = 48 * MIB
/** XFS and btrfs make none that are smaller. The file that holds it is sparse. */
const DISK_BYTES = 320 * MIB

const FORMATS: [name: string, command: string, ...words: string[]][] = [
  ['XFS', 'mkfs.xfs', '-q', '-m', 'reflink=1'],
  ['btrfs', 'mkfs.btrfs', '-q'],
]

/** Its file lies beside the folder. */
function mountDisk(folder: string, [, command, ...words]: (typeof FORMATS)[number]): boolean {
  const image = `${folder}.image`
  closeSync(openSync(image, 'w'))
  truncateSync(image, DISK_BYTES)
  return spawnSync(command, [...words, image]).status === 0 && mount(folder, '-o', 'loop', image)
}

for (const format of FORMATS) {
  describe.runIf(isMountable(format[0], (folder) => mountDisk(folder, format)))(`on ${format[0]}`, () => importsShared(format))
}

function importsShared(format: (typeof FORMATS)[number]): void {
  let folder: string
  let store: OpenStore
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'reflink-'))
    if (!mountDisk(folder, format)) throw new Error(`${format[0]} cannot be mounted`)
    store = await createStore({ root: path.join(folder, 'models'), stateFolder: folder })
  })
  afterAll(() => {
    unmount(folder)
    rmSync(folder, { recursive: true, force: true })
    rmSync(`${folder}.image`, { force: true })
  })

  const freeBytes = () => {
    spawnSync('sync', ['-f', folder])
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  }

  it('a file becomes a blob that shares its blocks and is a file of its own', async () => {
    const file = path.join(folder, 'model.gguf')
    const content = randomBytes(MODEL_BYTES)
    writeFileSync(file, content)
    const before = freeBytes()
    const imported = await store.blobs.importFile(file)
    expect(imported).toEqual({
      digest: `sha256:${createHash('sha256').update(content).digest('hex')}`,
      sizeBytes: MODEL_BYTES,
      existed: false,
    })
    expect(before - freeBytes()).toBeLessThan(MODEL_BYTES / 4)
    const blob = store.blobs.path(imported.digest)
    expect(statSync(blob).ino).not.toBe(statSync(file).ino)
    writeFileSync(file, 'other bytes')
    expect(readFileSync(blob).equals(content)).toBe(true)
  })

  it('a file is taken that is larger than what is free', async () => {
    const file = path.join(folder, 'large.gguf')
    writeFileSync(file, randomBytes(MODEL_BYTES))
    writeFileSync(path.join(folder, 'filler'), Buffer.alloc(Math.max(0, freeBytes() - MODEL_BYTES / 2), 1))
    expect(freeBytes()).toBeLessThan(MODEL_BYTES)
    expect(await store.blobs.importFile(file)).toMatchObject({ sizeBytes: MODEL_BYTES, existed: false })
  })
}
