import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formatManifest, type Manifest } from '../model/manifest.ts'
import { parseModelName, shortName } from '../model/name.ts'
import { createStore } from './open.ts'
import type { OpenStore } from './store.ts'
import { createScratch, type Scratch, writeModelBlobs } from './testing/scratch.ts'

let scratch: Scratch
let store: OpenStore
let stateFolder: string
let manifest: Manifest
beforeEach(async () => {
  scratch = await createScratch()
  stateFolder = path.join(scratch.root, '..', `${path.basename(scratch.root)}-state`)
  store = await createStore({ root: scratch.root, stateFolder, clock: scratch.clock })
  manifest = await writeModelBlobs(store, 'config', 'layer')
})
afterEach(() => {
  rmSync(stateFolder, { recursive: true, force: true })
  return scratch.remove()
})

const asSent = () => new TextEncoder().encode(formatManifest(manifest).trimEnd())
const install = (name: string, bytes: Manifest | Uint8Array) => store.manifests.write(parseModelName(name), bytes)
const file = () => path.join(stateFolder, readdirSync(stateFolder)[0] ?? 'none')
const origins = async () =>
  Object.fromEntries((await store.maintenance.origins()).map(({ name, origin }) => [shortName(name), origin] as const))

describe('the origin of a model', () => {
  it('is the registry for what was pulled, whatever its manifest looks like', async () => {
    await store.maintenance.notePulled(await install('pulled', manifest))
    await install('made', await writeModelBlobs(store, 'config', 'other'))
    expect(await origins()).toEqual({ 'pulled:latest': 'registry', 'made:latest': 'local' })
  })

  it('is this machine again for a model that was replaced since', async () => {
    await store.maintenance.notePulled(await install('m', manifest))
    await install('m', await writeModelBlobs(store, 'config', 'other'))
    expect(await origins()).toEqual({ 'm:latest': 'local' })
  })

  it('is this machine for a copy', async () => {
    await store.maintenance.notePulled(await install('m', asSent()))
    await install('copy', asSent())
    expect(await origins()).toEqual({ 'm:latest': 'registry', 'copy:latest': 'local' })
  })

  it('is the registry for what Ollama has pulled', async () => {
    await install('theirs', asSent())
    expect(await origins()).toEqual({ 'theirs:latest': 'registry' })
  })

  it('forgets models that are gone, and starts anew with a file that is not its own', async () => {
    await store.maintenance.notePulled(await install('gone', manifest))
    await store.manifests.remove(parseModelName('gone'))
    await store.maintenance.notePulled(await install('m', manifest))
    expect(Object.keys(JSON.parse(readFileSync(file(), 'utf8')))).toEqual(['registry.ollama.ai/library/m:latest'])
    for (const text of ['{', 'null', '{"registry.ollama.ai/library/m:latest":1}']) {
      writeFileSync(file(), text)
      expect(await origins()).toEqual({ 'm:latest': 'local' })
      await store.maintenance.notePulled(await install('m', manifest))
      expect(await origins()).toEqual({ 'm:latest': 'registry' })
    }
  })
})
