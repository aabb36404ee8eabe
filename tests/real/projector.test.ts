// The reader of media with its real library: an image becomes the rows that the projector was made to give, and what cannot be read is refused
// while the reader goes on.

import { rmSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { deflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_IMAGE_PIXELS } from '../../src/runner/child/media/medium.ts'
import { openMediaReader } from '../../src/runner/child/media/open-media.ts'
import type { MediaReader, MediaRun, PromptPart } from '../../src/runner/child/media.ts'
import {
  BLUE,
  BLUE_IMAGES,
  COLOUR_ROWS,
  type Colour,
  colourBmp,
  colourPng,
  GREEN,
  pngFile,
  RED,
  silentWav,
  writeColourProjector,
} from '../support/projector.ts'
import { makeFolder, realSpec } from './runner-support.ts'

const ROW_LENGTH = 576

const folder = makeFolder()
const projectorPath = path.join(folder, 'colours.gguf')
let reader: MediaReader
const open = async () => {
  reader = await openMediaReader({ projectorPath, modelPath: realSpec().modelPath, threads: 1 })
}
const close = () => reader.close()
beforeAll(() => writeColourProjector(realSpec().modelPath, projectorPath))
afterAll(() => rmSync(folder, { recursive: true }))

const isRun = (part: PromptPart): part is MediaRun => !Array.isArray(part)

async function readRun(file: Uint8Array): Promise<MediaRun> {
  const [run] = (await reader.read('[img-0]', [file])).filter(isRun)
  if (!run) throw new Error('there is no run')
  return run
}

async function rowOf(file: Uint8Array): Promise<number[]> {
  return Array.from((await (await readRun(file)).embed()).subarray(0, ROW_LENGTH))
}

/** The greatest difference. */
function distance(one: readonly number[], other: readonly number[]): number {
  return Math.max(...one.map((value, index) => Math.abs(value - (other[index] as number))))
}

describe('an image', () => {
  beforeAll(open)
  afterAll(close)

  it('becomes rows among the tokens of its prompt', async () => {
    const parts = await reader.read('My colour is [img-0], is it not?', [colourPng(RED)])
    expect(parts.map(isRun)).toEqual([false, true, false])
    const run = parts.find(isRun) as MediaRun
    expect(run.ids).toHaveLength(COLOUR_ROWS)
    expect(run.positions).toBe(COLOUR_ROWS)
    expect(run.bidirectional).toBe(true)
    expect(run.rotaryPositions).toBeUndefined()
    const rows = await run.embed()
    expect(rows).toHaveLength(COLOUR_ROWS * ROW_LENGTH)
    expect(distance(Array.from(rows.subarray(0, ROW_LENGTH)), Array.from(rows.subarray(ROW_LENGTH, 2 * ROW_LENGTH)))).toBeLessThan(1e-5)
  })

  it('gives the rows of its own colour', async () => {
    const rows = await Promise.all([RED, GREEN, BLUE].map((colour: Colour) => rowOf(colourPng(colour))))
    for (const [index, row] of rows.entries()) {
      for (const other of rows.slice(index + 1)) expect(distance(row, other)).toBeGreaterThan(0.05)
    }
  })

  it('gives the same rows in every format and size', async () => {
    const blue = await rowOf(colourPng(BLUE))
    const others = [colourPng(BLUE, 200), colourBmp(BLUE), ...Object.values(BLUE_IMAGES).map((text) => Buffer.from(text, 'base64'))]
    // What loses detail turns the blue a little.
    for (const file of others) expect(distance(await rowOf(file), blue)).toBeLessThan(0.02)
  })

  it('has ids by its content', async () => {
    const [one, again, other] = await Promise.all([colourPng(RED), colourPng(RED), colourPng(GREEN)].map(readRun))
    expect(again?.ids).toEqual(one?.ids)
    expect(one?.ids.some((id) => other?.ids.includes(id))).toBe(false)
    expect(one?.ids.every((id) => id < -1)).toBe(true)
  })

  it('may stand in a prompt beside others, in any order', async () => {
    const [first, second] = (await reader.read('[img-1] and [img-0]', [colourPng(RED), colourPng(GREEN)])).filter(isRun)
    expect(first?.ids).toEqual((await readRun(colourPng(GREEN))).ids)
    expect(second?.ids).toEqual((await readRun(colourPng(RED))).ids)
    const [green, red] = [Array.from((await first?.embed()) ?? []), Array.from((await second?.embed()) ?? [])]
    expect(distance(green.slice(0, ROW_LENGTH), await rowOf(colourPng(GREEN)))).toBe(0)
    expect(distance(red.slice(0, ROW_LENGTH), await rowOf(colourPng(RED)))).toBe(0)
  })

  it('can be asked for its rows long after others were read', async () => {
    const run = await readRun(colourPng(GREEN, 48))
    for (const side of [50, 51, 52]) await readRun(colourPng(RED, side))
    expect(distance(Array.from(await run.embed()), Array.from(await (await readRun(colourPng(GREEN))).embed()))).toBeLessThan(1e-5)
  })
})

describe('a prompt', () => {
  beforeAll(open)
  afterAll(close)

  it('is only text where marks name nothing, and where it has the words of the library', async () => {
    const parts = await reader.read('[img-1] <__media__> <__image__>', [colourPng(RED)])
    expect(parts.filter(isRun)).toEqual([])
    expect(parts.flat()).not.toEqual([])
  })
})

describe('what cannot be read', () => {
  beforeAll(open)
  afterAll(close)
  const png = colourPng(RED)
  it.each([
    ['no image at all', Buffer.from('this is only a text about an image')],
    ['nothing', new Uint8Array()],
    ['a PNG that ends in its head', png.subarray(0, 20)],
    ['a PNG that ends in its rows', png.subarray(0, 60)],
    ['a PNG with other than its rows', pngFile(64, 64, deflateSync(Buffer.alloc(10)))],
    ['a PNG that says it is huge', pngFile(MAX_IMAGE_PIXELS, 2, deflateSync(Buffer.alloc(10)))],
    ['a JPEG that ends early', Buffer.from(BLUE_IMAGES.jpeg, 'base64').subarray(0, 150)],
    ['a WebP that ends early', Buffer.from(BLUE_IMAGES.webp, 'base64').subarray(0, 45)],
    ['a sound for a projector without ears', silentWav(1)],
  ])('is refused: %s', async (_, file) => {
    await expect(reader.read('See [img-0]', [file])).rejects.toMatchObject({ code: 'invalid_request' })
    expect(await rowOf(png)).toHaveLength(ROW_LENGTH)
  })
})

describe('a reader', () => {
  it('does not begin what nobody waits for, and fails once it is closed', async () => {
    await open()
    const abort = new AbortController()
    const run = await readRun(colourPng(RED, 40))
    abort.abort()
    await expect(run.embed(abort.signal)).rejects.toMatchObject({ code: 'cancelled' })
    await expect(reader.read('[img-0]', [png()], abort.signal)).rejects.toMatchObject({ code: 'cancelled' })
    expect(await run.embed()).toHaveLength(COLOUR_ROWS * ROW_LENGTH)
    await close()
    await expect(reader.read('[img-0]', [png()])).rejects.toMatchObject({ code: 'engine_error' })
  })

  it('is not opened with what is no projector', async () => {
    const file = path.join(folder, 'none.gguf')
    await writeFile(file, 'GGUF, but not really')
    const { modelPath } = realSpec()
    await expect(openMediaReader({ projectorPath: file, modelPath, threads: 1 })).rejects.toMatchObject({ code: 'load_failed' })
    await expect(openMediaReader({ projectorPath: modelPath, modelPath, threads: 1 })).rejects.toMatchObject({ code: 'load_failed' })
    await rm(file)
  })
})

function png(): Uint8Array {
  return colourPng(RED)
}
