import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { digestHex } from '../model/digest.ts'
import { parseModelName } from '../model/name.ts'
import { createStore } from './open.ts'
import type { OpenStore } from './store.ts'
import { createScratch, type Scratch, writeModelBlobs } from './testing/scratch.ts'
import { translationsFolder } from './translations.ts'

let scratch: Scratch
let copies: string
const open = (noPrune = false): Promise<OpenStore> =>
  createStore({ root: scratch.root, stateFolder: path.join(scratch.root, 'state'), clock: scratch.clock, noPrune })
beforeEach(async () => {
  scratch = await createScratch()
  copies = translationsFolder(path.join(scratch.root, 'state'))
  mkdirSync(copies, { recursive: true })
})
afterEach(() => scratch.remove())

const gone = '1'.repeat(64)

function plant(name: string, { ageMs = 0 } = {}): string {
  const file = path.join(copies, name)
  writeFileSync(file, 'x'.repeat(100))
  const seconds = (scratch.clock.nowMs() - ageMs) / 1000
  utimesSync(file, seconds, seconds)
  return file
}

/** The hash of a model that is there. */
async function createModel(store: OpenStore): Promise<string> {
  const manifest = await writeModelBlobs(store, 'config', 'weights')
  await store.manifests.write(parseModelName('m'), manifest)
  return digestHex(manifest.layers[0]?.digest ?? manifest.config.digest)
}

const onRequest = { dryRun: false, partials: false }

describe('translated copies', () => {
  it('go when their model is not there, on request', async () => {
    const store = await open()
    const there = plant(`${await createModel(store)}-text-1.gguf`)
    const stale = plant(`${gone}-projector-1.gguf`)
    const item = { kind: 'translation', digest: `sha256:${gone}`, sizeBytes: 100 }
    expect(await store.maintenance.prune({ ...onRequest, dryRun: true })).toEqual([item])
    expect(existsSync(stale)).toBe(true)
    expect(await store.maintenance.prune(onRequest)).toEqual([item])
    expect([existsSync(stale), existsSync(there)]).toEqual([false, true])
  })

  it('go with a model that is removed, all of them, and those of others stay', async () => {
    const store = await open()
    const hex = await createModel(store)
    plant(`${hex}-text-1.gguf`)
    plant(`${hex}-projector-1.gguf`)
    plant(`${gone}-text-1.gguf`)
    const stored = await store.manifests.read(parseModelName('m'))
    await store.manifests.remove(parseModelName('m'))
    await store.removeUnused(stored?.manifest.layers ?? [])
    expect(readdirSync(copies)).toEqual([`${gone}-text-1.gguf`])
  })

  it('go at the start of a server, unless nothing may be pruned', async () => {
    const stale = plant(`${gone}-text-1.gguf`)
    await (await open(true)).prune()
    expect(existsSync(stale)).toBe(true)
    await (await open()).prune()
    expect(existsSync(stale)).toBe(false)
  })

  it('that were never finished go when nobody has written them for an hour, whether or not the model is there', async () => {
    const store = await open()
    const hex = await createModel(store)
    const old = plant(`${hex}-text-1.gguf.tmp-1-aa`, { ageMs: 3_610_000 })
    const young = plant(`${gone}-text-1.gguf.tmp-1-bb`, { ageMs: 3_590_000 })
    await store.prune()
    expect([existsSync(old), existsSync(young)]).toEqual([false, true])
  })

  it('are told from what has another name', async () => {
    plant('notes.gguf')
    await (await open()).prune()
    expect(readdirSync(copies)).toEqual(['notes.gguf'])
  })
})
