import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { createScratch, type Scratch } from '../../store/testing/scratch.ts'
import { type ImportEvent, type ImportRequest, importFile } from './import-file.ts'

const CONTENT = 'GGUF and then some'
const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex')

let scratch: Scratch
let file: string
beforeEach(async () => {
  scratch = await createScratch()
  file = path.join(scratch.root, 'model.gguf')
  writeFileSync(file, CONTENT)
})
afterEach(() => scratch.remove())

const described = (): ImportRequest => {
  const { size, mtimeMs } = statSync(file)
  return { path: file, sizeBytes: size, modifiedMs: mtimeMs, start: { bytes: 4, sha256: sha256Of('GGUF') } }
}

async function run(request: ImportRequest, signal = new AbortController().signal): Promise<ImportEvent[]> {
  const events = []
  for await (const event of importFile(request, { store: scratch.store, clock: systemClock }, signal)) events.push(event)
  return events
}

const blobs = () => readdirSync(path.join(scratch.root, 'blobs'))

describe('a file that is imported', () => {
  it('becomes a blob whose digest is told', async () => {
    expect((await run(described())).at(-1)).toEqual({ type: 'done', digest: `sha256:${sha256Of(CONTENT)}`, sizeBytes: CONTENT.length })
    expect(blobs()).toEqual([`sha256-${sha256Of(CONTENT)}`])
  })

  it.each<[string, (request: ImportRequest) => Partial<ImportRequest>]>([
    ['that is not there', () => ({ path: '/nonexistent/m.gguf' })],
    ['whose path is relative', () => ({ path: 'm.gguf' })],
    ['that is a folder', () => ({ path: path.dirname(file) })],
    ['that is a device', () => ({ path: '/dev/zero' })],
    ['of another size', ({ sizeBytes }) => ({ sizeBytes: sizeBytes + 1 })],
    ['of another age', ({ modifiedMs }) => ({ modifiedMs: modifiedMs - 1 })],
    ['with another beginning', () => ({ start: { bytes: 4, sha256: sha256Of('GGML') } })],
    ['of which less is known', () => ({ start: { bytes: 3, sha256: sha256Of('GGUF') } })],
  ])('is refused in the same words when a client means one %s', async (_, change) => {
    const request = described()
    await expect(run({ ...request, ...change(request) })).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'this is no file that can be imported here: send it with POST /api/blobs',
    })
    expect(blobs()).toEqual([])
  })

  it('is another one once it has been changed', async () => {
    const request = described()
    utimesSync(file, 1, 1)
    await expect(run(request)).rejects.toThrow('no file that can be imported')
  })

  it('leaves nothing when the client leaves', async () => {
    const stop = new AbortController()
    stop.abort()
    await expect(run(described(), stop.signal)).rejects.toMatchObject({ code: 'cancelled' })
    expect(blobs()).toEqual([])
  })

  it('does not say why the store could not take it', async () => {
    scratch.remove()
    mkdirSync(scratch.root)
    writeFileSync(path.join(scratch.root, 'blobs'), 'in the way')
    writeFileSync(file, CONTENT)
    await expect(run(described())).rejects.toThrow('no file that can be imported')
  })
})
