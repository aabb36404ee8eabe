import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { freeBytes, replaceFile, requireFree, toStoreError, writeAllFully } from './durable.ts'
import { createStore } from './open.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'durable-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const failure = (code: string) => Object.assign(new Error(`${code}: ${folder}/secret`), { code })

describe('a disk that refuses', () => {
  it.each(['ENOSPC', 'EDQUOT'])('is full (%s), with what was needed and what is free', async (code) => {
    const error = await toStoreError(failure(code), folder, 5e9)
    expect(error).toMatchObject({ code: 'disk_full', details: { neededBytes: 5e9, freeBytes: expect.any(Number) } })
    expect((error as Error).message).toMatch(/^no space left on the volume of the models folder: 5 GB needed, .* free$/)
  })

  it.each(['EACCES', 'EPERM', 'EROFS'])('may not be written (%s), and the path stays with us', async (code) => {
    const error = await toStoreError(failure(code), folder)
    expect(error).toMatchObject({ code: 'internal', message: expect.stringContaining(code) })
    expect((error as Error).message).not.toContain(folder)
  })

  it('leaves other failures as they are', async () => {
    const error = failure('EIO')
    expect(await toStoreError(error, folder)).toBe(error)
    expect(await toStoreError('text', folder)).toBe('text')
  })
})

describe('free space', () => {
  it('is that of the nearest folder that exists', async () => {
    expect(await freeBytes(path.join(folder, 'not', 'there'))).toBeGreaterThan(0)
  })

  it('is asked before a byte is written', async () => {
    await requireFree(folder, 0)
    await expect(requireFree(folder, 2 ** 60)).rejects.toMatchObject({ code: 'disk_full', details: { neededBytes: 2 ** 60 } })
  })
})

describe('replacing a file', () => {
  it('leaves the old one and no temporary file when it fails', async () => {
    const file = path.join(folder, 'file')
    writeFileSync(file, 'old')
    const temporary = path.join(folder, 'temporary')
    await expect(replaceFile(path.join(folder, 'not', 'there'), new Uint8Array(3), temporary)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(readdirSync(folder)).toEqual(['file'])
    await replaceFile(file, new TextEncoder().encode('new'), temporary)
    expect(readFileSync(file, 'utf8')).toBe('new')
    expect(readdirSync(folder)).toEqual(['file'])
  })
})

describe('writing several pieces', () => {
  it('goes on where the system took less than all of them', async () => {
    const written: [number[], number][] = []
    const handle = {
      async writev(pieces: Uint8Array[], position: number) {
        const bytes = Buffer.concat(pieces).subarray(0, 4)
        written.push([[...bytes], position])
        return { bytesWritten: bytes.length }
      },
    } as unknown as Parameters<typeof writeAllFully>[0]
    await writeAllFully(
      handle,
      [[1, 2, 3], [], [4, 5, 6], [7]].map((piece) => new Uint8Array(piece)),
      10,
    )
    expect(written).toEqual([
      [[1, 2, 3, 4], 10],
      [[5, 6, 7], 14],
    ])
  })
})

describe('a models folder that cannot be made', () => {
  it('says so when it is opened', async () => {
    const file = path.join(folder, 'in-the-way')
    writeFileSync(file, '')
    await expect(createStore({ root: path.join(file, 'models') })).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('cannot be made'),
    })
  })
})
