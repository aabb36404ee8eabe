import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Digest, toDigest } from '../model/digest.ts'
import { parseModelName } from '../model/name.ts'
import { createStore } from './open.ts'
import type { OpenStore } from './store.ts'
import { createScratch, type Scratch, writeModelBlobs } from './testing/scratch.ts'
import type { BlobCheck } from './verify.ts'

let scratch: Scratch
let store: OpenStore
beforeEach(async () => {
  scratch = await createScratch()
  // Another process: what the scratch's own store has written is pinned there only until we forget it.
  store = await createStore({ root: scratch.root, clock: scratch.clock })
})
afterEach(() => scratch.remove())

const blobs = () => path.join(scratch.root, 'blobs')
const digestOf = (text: string) => toDigest(createHash('sha256').update(text).digest('hex'))
const fileOf = (digest: Digest) => path.join(blobs(), digest.replace(':', '-'))
const plant = (text: string, content = text): Digest => {
  const digest = digestOf(text)
  writeFileSync(fileOf(digest), content)
  return digest
}
const forgetPins = () => rmSync(path.join(scratch.root, '.locks'), { recursive: true, force: true })
const neverAborted = new AbortController().signal

async function check(digest: Digest, signal = neverAborted): Promise<{ reads: number[]; result: BlobCheck }> {
  const reads: number[] = []
  const running = store.maintenance.check(digest, signal)
  for (;;) {
    const step = await running.next()
    if (step.done) return { reads, result: step.value }
    reads.push(step.value)
  }
}

async function startDownload(text: string, completedBytes: number): Promise<Digest> {
  const digest = digestOf(text)
  const partial = await store.blobs.openPartial(digest, text.length)
  if (completedBytes > 0) await partial.write(0, Buffer.from(text.slice(0, completedBytes)))
  await partial.close()
  return digest
}

describe('a prune on request', () => {
  it('takes blobs that nothing refers to, whatever their age, and leaves the others', async () => {
    await scratch.store.manifests.write(parseModelName('m'), await writeModelBlobs(scratch.store, 'config', 'layer'))
    const stray = plant('stray')
    expect(await store.maintenance.prune({ dryRun: false, partials: false })).toEqual([{ kind: 'blob', digest: stray, sizeBytes: 5 }])
    expect(readdirSync(blobs())).toHaveLength(2)
    expect(await store.maintenance.prune({ dryRun: false, partials: false })).toEqual([])
  })

  it('tells the same and deletes nothing when it is dry', async () => {
    const stray = plant('stray')
    const partial = await startDownload('download', 3)
    const told = await store.maintenance.prune({ dryRun: true, partials: true })
    expect(told).toEqual([
      { kind: 'blob', digest: stray, sizeBytes: 5 },
      { kind: 'download', digest: partial, sizeBytes: expect.any(Number) },
    ])
    expect(existsSync(fileOf(stray))).toBe(true)
    expect(await store.maintenance.prune({ dryRun: false, partials: true })).toEqual(told)
    expect(readdirSync(blobs())).toEqual([])
  })

  it('leaves what another process counts on, temporary files that are young, and files that are not ours', async () => {
    await scratch.store.blobs.write('uploaded, not yet used')
    writeFileSync(path.join(blobs(), 'tmp-1-ab'), 'being written')
    writeFileSync(path.join(blobs(), 'notes.txt'), 'mine')
    expect(await store.maintenance.prune({ dryRun: false, partials: true })).toEqual([])
    scratch.clock.advance(3601e3)
    expect(await store.maintenance.prune({ dryRun: false, partials: true })).toEqual([{ kind: 'temporary', sizeBytes: 13 }])
    forgetPins()
    expect(await store.maintenance.prune({ dryRun: false, partials: true })).toMatchObject([{ kind: 'blob', sizeBytes: 22 }])
    expect(readdirSync(blobs())).toEqual(['notes.txt'])
  })

  it('takes a download only when it is old or asked for, and never one that somebody holds', async () => {
    const digest = await startDownload('download', 3)
    expect(await store.maintenance.prune({ dryRun: false, partials: false })).toEqual([])
    const held = await scratch.store.blobs.openPartial(digest, 8)
    expect(await store.maintenance.prune({ dryRun: false, partials: true })).toEqual([])
    await held.close()
    scratch.clock.advance(8 * 24 * 3600e3)
    expect(await store.maintenance.prune({ dryRun: false, partials: false })).toMatchObject([{ kind: 'download', digest }])
    expect(readdirSync(blobs())).toEqual([])
  })

  it('refuses while a manifest cannot be read, and names it', async () => {
    plant('stray')
    const folder = path.join(scratch.root, 'manifests', 'registry.ollama.ai', 'library', 'bad')
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'latest'), '{')
    await expect(store.maintenance.prune({ dryRun: false, partials: true })).rejects.toMatchObject({
      code: 'store_corrupt',
      message: expect.stringContaining('registry.ollama.ai/library/bad/latest'),
    })
    expect(await store.maintenance.corruptManifests()).toEqual(['registry.ollama.ai/library/bad/latest'])
    expect(readdirSync(blobs())).toHaveLength(1)
  })
})

describe('unfinished downloads', () => {
  it('are listed with what is there, the youngest first', async () => {
    const first = await startDownload('the first download', 9)
    const second = await startDownload('the second', 0)
    for (const name of readdirSync(blobs()).filter((file) => file.startsWith(path.basename(fileOf(first))))) {
      utimesSync(path.join(blobs(), name), 1000, 1000)
    }
    expect(await store.maintenance.partials()).toEqual([
      { digest: second, models: [], sizeBytes: 10, completedBytes: 0, modifiedMs: expect.any(Number) },
      { digest: first, models: [], sizeBytes: 18, completedBytes: 9, modifiedMs: 1_000_000 },
    ])
  })

  it('count what somebody who was killed has written, before any progress file says so', async () => {
    const bytes = new Uint8Array(300_000).fill(7)
    const digest = toDigest(createHash('sha256').update(bytes).digest('hex'))
    const partial = await store.blobs.openPartial(digest, bytes.length)
    await partial.write(100_000, bytes.subarray(0, 150_000))
    expect(await store.maintenance.partials()).toMatchObject([{ digest, sizeBytes: 300_000, completedBytes: 150_000 }])
    await partial.close()
  })

  it('count as empty where only progress files are left', async () => {
    const digest = await startDownload('download', 3)
    rmSync(`${fileOf(digest)}-partial`)
    expect(await store.maintenance.partials()).toMatchObject([{ digest, sizeBytes: 0, completedBytes: 0 }])
  })
})

describe('checking a blob', () => {
  it('finds it whole, missing or damaged', async () => {
    expect(await check(plant('good'))).toEqual({ reads: [4], result: { state: 'whole', sizeBytes: 4 } })
    expect((await check(plant(''))).result).toEqual({ state: 'whole', sizeBytes: 0 })
    expect((await check(digestOf('nowhere'))).result).toEqual({ state: 'missing' })
    expect((await check(plant('good one', 'bad'))).result).toMatchObject({ state: 'damaged', sizeBytes: 3 })
  })

  it('reports as it reads', async () => {
    const { reads } = await check(plant('x'.repeat(17 * 1024 * 1024)))
    expect(reads).toEqual([16, 1].map((mebibytes) => mebibytes * 1024 * 1024))
  })

  it('removes a damaged blob, and not the good one that took its place', async () => {
    const damaged = (await check(plant('one', 'bad'))).result
    expect(damaged.state === 'damaged' && (await damaged.remove())).toBe(true)
    expect(existsSync(fileOf(digestOf('one')))).toBe(false)
    const replaced = (await check(plant('two', 'bad'))).result
    writeFileSync(path.join(blobs(), 'new'), 'two')
    renameSync(path.join(blobs(), 'new'), fileOf(digestOf('two')))
    expect(replaced.state === 'damaged' && (await replaced.remove())).toBe(false)
    expect((await check(digestOf('two'))).result.state).toBe('whole')
  })

  it('ends when it is called off', async () => {
    await expect(check(plant('good'), AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('does not follow a link out of the folder', async () => {
    writeFileSync(path.join(scratch.root, 'elsewhere'), 'text')
    symlinkSync(path.join(scratch.root, 'elsewhere'), fileOf(digestOf('text')))
    expect((await check(digestOf('text'))).result).toEqual({ state: 'missing' })
  })

  it('lists everything that has the name of a blob', async () => {
    const digest = plant('good')
    await startDownload('download', 3)
    expect(await store.maintenance.blobs()).toEqual([{ digest, sizeBytes: 4 }])
  })
})
