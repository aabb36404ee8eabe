import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DISK_PAGE_BYTES, findExcess, readFolder } from './cache-folder.ts'

const file = (name: string, sizeBytes: number, diskBytes = sizeBytes) => ({ name, sizeBytes, diskBytes })

describe('readFolder', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'llamero-bench-cache-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('counts what is reserved, and beside it what the disk has given', () => {
    mkdirSync(path.join(folder, 'key'))
    writeFileSync(path.join(folder, 'key', 'a.state'), Buffer.alloc(10_000, 1))
    writeFileSync(path.join(folder, 'key', 'tmp-b'), '')
    truncateSync(path.join(folder, 'key', 'tmp-b'), 5_000_000)
    const { sizeBytes, diskBytes, files } = readFolder(folder)
    expect(sizeBytes).toBe(5_010_000)
    expect(diskBytes).toBeLessThan(1_000_000)
    expect(files.map(({ name }) => name).sort()).toEqual([path.join('key', 'a.state'), path.join('key', 'tmp-b')])
  })

  it('is nothing where the folder is not there yet', () => {
    expect(readFolder(path.join(folder, 'none'))).toEqual({ sizeBytes: 0, diskBytes: 0, files: [] })
  })

  it('looks until it has seen the same twice, so that no file counts beside one that made way for it', () => {
    const looks = [[file('old', 9), file('new', 9)], [file('new', 9)], [file('new', 9, 20)]]
    expect(readFolder('', () => looks.shift() ?? [])).toEqual({ sizeBytes: 9, diskBytes: 20, files: [file('new', 9, 20)] })
  })

  it('gives up on a folder that never keeps still', () => {
    let looks = 0
    expect(readFolder('', () => [file('a', ++looks)]).sizeBytes).toBe(looks)
  })
})

describe('findExcess', () => {
  const found = (...files: ReturnType<typeof file>[]) => {
    const [sizes, disks] = [files.map(({ sizeBytes }) => sizeBytes), files.map(({ diskBytes }) => diskBytes)]
    const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0)
    return { sizeBytes: sum(sizes), diskBytes: sum(disks), files }
  }

  it('finds nothing at the limit, with the rest of a page of each file', () => {
    expect(findExcess(found(file('a', 50, 50 + DISK_PAGE_BYTES), file('b', 50)), 100)).toBeUndefined()
  })

  it('finds what is reserved beyond the limit, though the disk has not given it', () => {
    expect(findExcess(found(file('a', 60, 60), file('tmp-b', 41, 0)), 100)).toBe(
      'the cache had 101 bytes, 60 of the disk, where the limit is 100, in 2 files:\n  a: 60 bytes, 60 of the disk\n  tmp-b: 41 bytes, 0 of the disk',
    )
  })

  it('finds what the disk has given beyond the limit', () => {
    expect(findExcess(found(file('a', 50, 101 + DISK_PAGE_BYTES)), 100)).toContain('4197 of the disk, where')
  })
})
