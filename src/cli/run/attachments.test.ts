import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findAttachmentPaths, MAX_ATTACHMENT_BYTES, readAttachments } from './attachments.ts'

const PNG = Buffer.from('\x89PNG\r\n\x1a\nrest', 'latin1')
const WAV = Buffer.from('RIFF\x00\x00\x00\x00WAVEfmt ', 'latin1')

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'media-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('findAttachmentPaths', () => {
  it.each([
    ['what is ./a.png and /b/c d.JPG?', ['./a.png', '/b/c d.JPG']],
    ['see C:\\pictures\\x.webp now', ['C:\\pictures\\x.webp']],
    ['a.png is no path', []],
    ['/not/an/image.txt', []],
  ])('finds in %j %j', (text, paths) => expect(findAttachmentPaths(text)).toEqual(paths))
})

describe('readAttachments', () => {
  it('takes files that exist out of the text', async () => {
    await writeFile(path.join(folder, 'a b.png'), PNG)
    await writeFile(path.join(folder, 'c.wav'), WAV)
    const { text, images, paths } = await readAttachments(`compare '${folder}/a\\ b.png' with ${folder}/c.wav please`)
    expect(text).toBe('compare  with  please')
    expect(images).toEqual([PNG.toString('base64'), WAV.toString('base64')])
    expect(paths).toEqual([`${folder}/a b.png`, `${folder}/c.wav`])
  })

  it('leaves a path that names no file', async () => {
    expect(await readAttachments(`what is ${folder}/none.png`)).toEqual({ text: `what is ${folder}/none.png`, images: [], paths: [] })
  })

  it('refuses a file that is no picture and no sound', async () => {
    await writeFile(path.join(folder, 'x.png'), 'text')
    await expect(readAttachments(`${folder}/x.png`)).rejects.toThrow('invalid file type')
  })

  it('refuses a file beyond the limit before it reads it', async () => {
    const file = path.join(folder, 'x.png')
    await writeFile(file, PNG)
    await truncate(file, MAX_ATTACHMENT_BYTES + 1)
    await expect(readAttachments(file)).rejects.toThrow('file size exceeds maximum limit (100MB)')
  })
})
