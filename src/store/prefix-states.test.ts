import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { digestHex } from '../model/digest.ts'
import { parseModelName } from '../model/name.ts'
import { createStore } from './open.ts'
import { prefixStatesFolder } from './prefix-states.ts'
import type { OpenStore } from './store.ts'
import { createScratch, type Scratch, writeModelBlobs } from './testing/scratch.ts'

let scratch: Scratch
let states: string
const open = (noPrune = false): Promise<OpenStore> =>
  createStore({ root: scratch.root, stateFolder: path.join(scratch.root, 'state'), clock: scratch.clock, noPrune })
beforeEach(async () => {
  scratch = await createScratch()
  states = prefixStatesFolder(path.join(scratch.root, 'state'))
})
afterEach(() => scratch.remove())

const gone = '1'.repeat(64)

function plant(modelHex: string, key = '0123456789abcdef'): string {
  const folder = path.join(states, `${modelHex}-${key}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'a.state'), 'x'.repeat(100))
  writeFileSync(path.join(folder, 'b.state'), 'x'.repeat(50))
  return folder
}

/** The hash of a model that is there. */
async function createModel(store: OpenStore): Promise<string> {
  const manifest = await writeModelBlobs(store, 'config', 'weights')
  await store.manifests.write(parseModelName('m'), manifest)
  return digestHex(manifest.layers[0]?.digest ?? manifest.config.digest)
}

const onRequest = { dryRun: false, partials: false }

describe('saved prefixes', () => {
  it('go when their model is not there, on request', async () => {
    const store = await open()
    const there = plant(await createModel(store))
    const stale = plant(gone)
    const item = { kind: 'prefix', digest: `sha256:${gone}`, sizeBytes: 150 }
    expect(await store.maintenance.prune({ ...onRequest, dryRun: true })).toEqual([item])
    expect(existsSync(stale)).toBe(true)
    expect(await store.maintenance.prune(onRequest)).toEqual([item])
    expect([existsSync(stale), existsSync(there)]).toEqual([false, true])
  })

  it('go with a model that goes in the same prune, and a dry one tells so', async () => {
    writeFileSync(path.join(scratch.root, 'blobs', `sha256-${gone}`), 'weights')
    plant(gone)
    const store = await open()
    const kindsOf = async (dryRun: boolean) => (await store.maintenance.prune({ ...onRequest, dryRun })).map(({ kind }) => kind)
    expect(await kindsOf(true)).toEqual(['blob', 'prefix'])
    expect(await kindsOf(false)).toEqual(['blob', 'prefix'])
    expect(readdirSync(states)).toEqual([])
  })

  it('go at the start of a server, unless nothing may be pruned', async () => {
    const stale = plant(gone)
    await (await open(true)).prune()
    expect(existsSync(stale)).toBe(true)
    await (await open()).prune()
    expect(existsSync(stale)).toBe(false)
  })

  it('leave alone what has another name', async () => {
    plant(gone)
    mkdirSync(path.join(states, 'notes'))
    await (await open()).prune()
    expect(readdirSync(states)).toEqual(['notes'])
  })
})
