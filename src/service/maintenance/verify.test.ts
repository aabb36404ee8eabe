import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseModelName } from '../../model/name.ts'
import { createStore } from '../../store/open.ts'
import type { OpenStore } from '../../store/store.ts'
import { createScratch, type Scratch, writeModelBlobs } from '../../store/testing/scratch.ts'
import { removeModel } from '../copy-remove.ts'
import { type VerifyEvent, verifyStore } from './verify.ts'

let scratch: Scratch
let store: OpenStore
beforeEach(async () => {
  scratch = await createScratch()
  store = await createStore({ root: scratch.root, clock: scratch.clock })
})
afterEach(() => scratch.remove())

const signal = new AbortController().signal

async function install(name: string, ...texts: [string, ...string[]]) {
  const manifest = await writeModelBlobs(store, ...texts)
  await store.manifests.write(parseModelName(name), manifest)
  return manifest
}

async function verify(model = '', fix = false): Promise<Exclude<VerifyEvent, { type: 'progress' }>[]> {
  const events: Exclude<VerifyEvent, { type: 'progress' }>[] = []
  for await (const event of verifyStore({ model, fix }, store, signal)) if (event.type !== 'progress') events.push(event)
  return events
}

describe('verify', () => {
  it('reads everything and finds nothing where nothing is wrong', async () => {
    await install('a', 'config', 'shared', 'one')
    await install('b', 'config', 'shared', 'two')
    expect(await verify()).toEqual([{ type: 'done', blobs: 4, sizeBytes: 18, damaged: 0 }])
    expect(await verify('b')).toEqual([{ type: 'done', blobs: 3, sizeBytes: 15, damaged: 0 }])
  })

  it('tells how far it is, out of everything', async () => {
    await install('a', 'config', 'layer')
    const progress = []
    for await (const event of verifyStore({ model: '', fix: false }, store, signal)) {
      if (event.type === 'progress') progress.push([event.completedBytes, event.totalBytes])
    }
    expect(progress[0]).toEqual([0, 11])
    expect(progress.at(-1)).toEqual([11, 11])
  })

  it('names the models of a damaged blob and removes it only when told to', async () => {
    const { layers } = await install('a', 'config', 'shared')
    await install('b', 'config', 'shared', 'more')
    const digest = layers[0]?.digest ?? expect.unreachable()
    writeFileSync(store.blobs.path(digest), 'SHARED')
    const damage = { type: 'damaged-blob', digest, reason: 'hash', models: expect.arrayContaining(['a:latest', 'b:latest']) }
    expect(await verify()).toEqual([
      { ...damage, removed: false },
      { type: 'done', blobs: 3, sizeBytes: 16, damaged: 1 },
    ])
    expect((await verify('a', true))[0]).toEqual({ ...damage, removed: true })
    expect(existsSync(store.blobs.path(digest))).toBe(false)
    expect((await verify('b'))[0]).toMatchObject({ reason: 'missing', removed: false })
  })

  it('finds a layer whose size is not what the manifest tells', async () => {
    const manifest = await install('a', 'config', 'layer')
    const layer = manifest.layers[0] ?? expect.unreachable()
    await store.manifests.write(parseModelName('liar'), { ...manifest, layers: [{ ...layer, sizeBytes: 6 }] }, { keepUnused: true })
    expect((await verify())[0]).toEqual({
      type: 'damaged-blob',
      digest: layer.digest,
      reason: 'size',
      models: ['liar:latest'],
      removed: false,
    })
  })

  it('passes over a blob that went away with its model meanwhile', async () => {
    await install('a', 'config', 'layer')
    const events: VerifyEvent[] = []
    for await (const event of verifyStore({ model: '', fix: false }, store, signal)) {
      if (events.length === 0) await removeModel('a', store)
      events.push(event)
    }
    expect(events.filter(({ type }) => type === 'damaged-blob')).toEqual([])
  })

  it('reports a manifest that cannot be read, which can then be removed', async () => {
    await install('good', 'config', 'layer')
    const folder = path.join(scratch.root, 'manifests', 'registry.ollama.ai', 'library', 'bad')
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'latest'), '{')
    expect((await verify())[0]).toEqual({ type: 'damaged-manifest', path: 'registry.ollama.ai/library/bad/latest' })
    expect(await verify('good')).toHaveLength(1)
    await removeModel('bad', store)
    expect(await verify()).toHaveLength(1)
    await expect(removeModel('bad', store)).rejects.toMatchObject({ code: 'model_not_found' })
  })

  it('does not know a model that is not there', async () => {
    await expect(verify('nope')).rejects.toMatchObject({ code: 'model_not_found', message: "model 'nope' not found" })
    await expect(verify('a b')).rejects.toMatchObject({ code: 'invalid_model_name' })
  })

  it('finds a stray file that is not what its name says', async () => {
    const digest = (await store.blobs.write('stray')).digest
    writeFileSync(store.blobs.path(digest), 'other')
    expect((await verify())[0]).toMatchObject({ digest, reason: 'hash', models: [] })
    rmSync(store.blobs.path(digest))
    expect(await verify()).toEqual([{ type: 'done', blobs: 0, sizeBytes: 0, damaged: 0 }])
  })
})
