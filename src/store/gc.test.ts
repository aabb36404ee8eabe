import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toDigest } from '../model/digest.ts'
import type { Manifest } from '../model/manifest.ts'
import { parseModelName } from '../model/name.ts'
import { PARTIAL_AGE_MS, UNUSED_AGE_MS } from './gc.ts'
import { createStore } from './open.ts'
import { MAX_PIN_AGE_MS } from './pins.ts'
import { createScratch, type Scratch, writeModelBlobs } from './testing/scratch.ts'

let scratch: Scratch
beforeEach(async () => {
  scratch = await createScratch()
})
afterEach(() => scratch.remove())

const name = parseModelName
const library = (...parts: string[]) => path.join(scratch.root, 'manifests', 'registry.ollama.ai', 'library', ...parts)
const blobFile = (file: string) => path.join(scratch.root, 'blobs', file)
const blobCount = () => readdirSync(path.join(scratch.root, 'blobs')).length
const layersOf = (manifest: Manifest) => [...manifest.layers, manifest.config]
const hex = 'a'.repeat(64)

/** Another process on the same folder: it knows nothing of what this one has in mind. */
const otherProcess = (noPrune = false) => createStore({ root: scratch.root, clock: scratch.clock, noPrune })

function forgetPins(): void {
  for (const file of readdirSync(path.join(scratch.root, '.locks'))) {
    if (file.startsWith('pin-')) renameSync(path.join(scratch.root, '.locks', file), path.join(scratch.root, `forgotten-${file}`))
  }
}

describe('replacing a manifest', () => {
  it('removes the blobs that only the old one used', async () => {
    await scratch.store.manifests.write(name('m'), await writeModelBlobs(scratch.store, 'config', 'old', 'shared'))
    const next = await writeModelBlobs(scratch.store, 'config', 'new', 'shared')
    await scratch.store.manifests.write(name('m'), next)
    expect(blobCount()).toBe(3)
    for (const layer of layersOf(next)) expect(await scratch.store.blobs.has(layer.digest)).toBe(true)
  })

  it('keeps them when told to, when another model uses them, and with pruning off', async () => {
    const { store } = scratch
    const old = await writeModelBlobs(store, 'config', 'old')
    const next = await writeModelBlobs(store, 'config', 'new')
    await store.manifests.write(name('m'), old)
    await store.manifests.write(name('m'), next, { keepUnused: true })
    expect(blobCount()).toBe(3)
    await store.manifests.write(name('other'), old)
    await store.manifests.write(name('m'), old)
    await store.manifests.write(name('m'), await writeModelBlobs(store, 'config', 'new'))
    expect(blobCount()).toBe(3)
    await (await otherProcess(true)).manifests.write(name('other'), await writeModelBlobs(store, 'config', 'new'))
    expect(blobCount()).toBe(3)
  })
})

describe('removing what was used', () => {
  it('removes candidates that no manifest refers to, and nothing else', async () => {
    const { store } = scratch
    const gone = await writeModelBlobs(store, 'config', 'gone', 'shared')
    const stays = await writeModelBlobs(store, 'config', 'stays', 'shared')
    await store.manifests.write(name('gone'), gone)
    await store.manifests.write(name('stays'), stays)
    await store.blobs.write('never in a manifest')
    await store.manifests.remove(name('gone'))
    await store.removeUnused(layersOf(gone))
    expect(blobCount()).toBe(4)
    expect(await store.blobs.has(gone.layers[0]?.digest ?? toDigest(hex))).toBe(false)
    await store.removeUnused(layersOf(gone))
  })

  it('removes nothing while a manifest cannot be read', async () => {
    const { store } = scratch
    const gone = await writeModelBlobs(store, 'config', 'gone')
    await store.manifests.write(name('gone'), gone)
    await store.manifests.remove(name('gone'))
    mkdirSync(library('bad'), { recursive: true })
    writeFileSync(library('bad', 'latest'), '')
    await store.removeUnused(layersOf(gone))
    expect(blobCount()).toBe(2)
    expect(scratch.logged).toEqual([expect.stringContaining('nothing is deleted')])
  })

  it.each(['write', 'keep', 'stream'])('leaves a blob that a process counts on for a manifest to come (%s)', async (how) => {
    const other = await otherProcess()
    const old = await writeModelBlobs(scratch.store, 'config')
    await scratch.store.manifests.write(name('old'), old)
    if (how === 'write') await other.blobs.write('config')
    if (how === 'keep') await other.blobs.keep(old.config.digest)
    if (how === 'stream') await other.blobs.write([new TextEncoder().encode('config')] as never)
    await scratch.store.manifests.remove(name('old'))
    await scratch.store.removeUnused(layersOf(old))
    expect(await other.blobs.has(old.config.digest)).toBe(true)
    await other.manifests.write(name('new'), old)
    await other.manifests.remove(name('new'))
    await scratch.store.removeUnused(layersOf(old))
    expect(blobCount()).toBe(0)
  })

  it('does not count on a process that is dead, or for ever', async () => {
    const { store } = scratch
    const manifest = await writeModelBlobs(store, 'config')
    const digestHex = manifest.config.digest.slice('sha256:'.length)
    forgetPins()
    const pin = path.join(scratch.root, '.locks', `pin-${digestHex}-elsewhere_1_1`)
    writeFileSync(pin, '')
    await store.removeUnused([manifest.config])
    expect(blobCount()).toBe(1)
    scratch.clock.advance(MAX_PIN_AGE_MS + 1000)
    await store.removeUnused([manifest.config])
    expect(blobCount()).toBe(0)
    expect(existsSync(pin)).toBe(false)
  })
})

describe('pruning at start', () => {
  it('deletes unused blobs and temporary files older than an hour', async () => {
    const { store } = scratch
    await store.manifests.write(name('m'), await writeModelBlobs(store, 'config'))
    await store.blobs.write('unused')
    forgetPins()
    for (const file of ['tmp-1-abc', 'sha256-12345', `sha256-${hex}.tmp`, 'README']) writeFileSync(blobFile(file), '')
    writeFileSync(path.join(scratch.root, 'manifests', '.tmp-1-abc'), '')
    scratch.clock.advance(UNUSED_AGE_MS - 60_000)
    await (await otherProcess()).prune()
    expect(blobCount()).toBe(6)
    scratch.clock.advance(120_000)
    await (await otherProcess(true)).prune()
    expect(blobCount()).toBe(6)
    await (await otherProcess()).prune()
    expect(readdirSync(path.join(scratch.root, 'blobs')).sort()).toEqual(['README', expect.stringMatching(/^sha256-/)])
    expect(readdirSync(path.join(scratch.root, 'manifests'))).toEqual(['registry.ollama.ai'])
    expect((await store.manifests.list()).map((stored) => stored.name.model)).toEqual(['m'])
  })

  it('leaves blobs that a living process counts on', async () => {
    await scratch.store.blobs.write('just uploaded')
    scratch.clock.advance(UNUSED_AGE_MS + 60_000)
    await (await otherProcess()).prune()
    expect(blobCount()).toBe(1)
  })

  it('deletes a download only when a week has passed and nobody holds it', async () => {
    const digest = toDigest(hex)
    const partial = await scratch.store.blobs.openPartial(digest, 10)
    scratch.clock.advance(PARTIAL_AGE_MS + 60_000)
    await (await otherProcess()).prune()
    expect(blobCount()).toBe(2)
    await partial.close()
    await (await otherProcess()).prune()
    expect(blobCount()).toBe(0)
  })

  it('keeps a young download', async () => {
    await (await scratch.store.blobs.openPartial(toDigest(hex), 10)).close()
    scratch.clock.advance(PARTIAL_AGE_MS - 60_000)
    await scratch.store.prune()
    expect(blobCount()).toBe(2)
  })

  it.each([
    ['is corrupt', () => writeFileSync(library('bad', 'latest'), '{')],
    ['is a link that leads elsewhere', () => symlinkSync('/dev/null', library('bad', 'latest'))],
    ['lies behind a link in place of a folder', () => symlinkSync(scratch.root, path.join(scratch.root, 'manifests', 'linked'))],
  ])('deletes nothing while a manifest %s', async (_, spoil) => {
    mkdirSync(library('bad'), { recursive: true })
    spoil()
    writeFileSync(blobFile(`sha256-${hex}`), '')
    scratch.clock.advance(UNUSED_AGE_MS + 60_000)
    await scratch.store.prune()
    expect(blobCount()).toBe(1)
    expect(scratch.logged).toHaveLength(1)
  })

  it('gives blobs of old versions their name, also with pruning off', async () => {
    writeFileSync(blobFile(`sha256:${hex}`), 'old')
    await (await otherProcess(true)).prune()
    expect(readdirSync(path.join(scratch.root, 'blobs'))).toEqual([`sha256-${hex}`])
  })

  it('removes empty folders of manifests', async () => {
    mkdirSync(library('empty'), { recursive: true })
    await scratch.store.manifests.write(name('ns/m'), await writeModelBlobs(scratch.store, 'config'))
    await scratch.store.prune()
    expect(existsSync(library())).toBe(false)
    expect(await scratch.store.manifests.list()).toHaveLength(1)
  })

  it('does nothing in a new folder', async () => {
    await scratch.store.prune()
    expect(scratch.logged).toEqual([])
  })
})
