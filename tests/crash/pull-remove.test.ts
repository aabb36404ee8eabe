// What is removed while it is pulled, and what is left of a pull that failed.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MEDIA_TYPES } from '../../src/model/media-type.ts'
import { parseModelName, shortName } from '../../src/model/name.ts'
import { removeModel } from '../../src/service/copy-remove.ts'
import { createStore } from '../../src/store/open.ts'
import type { OpenStore } from '../../src/store/store.ts'
import { answer, digestOf, type FaultRegistry, modelOf, type Plan, resetAfter, startFaultRegistry } from '../support/fault-registry.ts'
import { createPulling, type Pulling } from '../support/pulling.ts'

const WEIGHTS = randomBytes(3_000_000)
const MODEL = modelOf(WEIGHTS)

let registry: FaultRegistry
let pulling: Pulling
let store: OpenStore
beforeEach(async () => {
  pulling = await createPulling()
  // As another process sees the folder.
  store = await createStore({ root: pulling.store.root })
})
afterEach(async () => {
  await registry.close()
  pulling.remove()
})

const nameHere = () => `${registry.host}/library/m:v1`
const partials = async () => (await store.maintenance.partials()).map(({ models }) => models.map((name) => shortName(name)))

async function serve(plan: Plan): Promise<void> {
  registry = await startFaultRegistry(MODEL, plan)
}

const brokenAfter =
  (bytes: number): Plan =>
  ({ wanted, count }) =>
    wanted?.blob === WEIGHTS ? (count === 1 ? resetAfter(bytes) : answer(404)) : undefined

async function failToPull(): Promise<void> {
  await expect(pulling.pull(nameHere())).rejects.toMatchObject({ code: 'registry_not_found' })
}

describe('what a pull left unfinished', () => {
  it('is listed under its model and goes when that is removed', async () => {
    await serve(brokenAfter(500_000))
    await failToPull()
    const [partial] = await store.maintenance.partials()
    expect(partial).toMatchObject({ digest: MODEL.digest, sizeBytes: WEIGHTS.length })
    expect(partial?.completedBytes).toBeGreaterThan(0)
    expect(await partials()).toEqual([[nameHere()]])
    await removeModel(nameHere(), store)
    expect(await partials()).toEqual([])
    expect(pulling.blobs().filter((name) => name.includes('partial'))).toEqual([])
    await expect(removeModel(nameHere(), store)).rejects.toMatchObject({ code: 'model_not_found' })
  })

  it('stays while another model wants it', async () => {
    await serve(brokenAfter(500_000))
    await failToPull()
    const other = `${registry.host}/library/other:v1`
    await expect(pulling.pull(other)).rejects.toMatchObject({ code: 'registry_not_found' })
    expect(await partials()).toEqual([[nameHere(), other]])
    await expect(removeModel(nameHere(), store)).rejects.toMatchObject({ code: 'model_not_found' })
    expect(await partials()).toEqual([[other]])
    await removeModel(other, store)
    expect(await partials()).toEqual([])
  })

  it('stays when its model is another', async () => {
    await serve(brokenAfter(500_000))
    await failToPull()
    await expect(removeModel('m:v1', store)).rejects.toMatchObject({ code: 'model_not_found' })
    expect(await partials()).toHaveLength(1)
  })
})

describe('a pull that is under way', () => {
  it('is not disturbed by who removes its model and prunes meanwhile: the model is whole after it', async () => {
    let touched: Promise<unknown> | undefined
    await serve(({ wanted, count }) => {
      if (wanted?.blob !== WEIGHTS || count !== 2) return undefined
      return (request, reply) => {
        touched ??= (async () => {
          await expect(removeModel(nameHere(), store)).rejects.toMatchObject({ code: 'model_not_found' })
          await store.maintenance.prune({ dryRun: false, partials: true })
          await store.prune()
        })()
        void touched.then(() => resetAfter(100_000)(request, reply))
      }
    })
    expect((await pulling.pull(nameHere())).at(-1)).toEqual({ status: 'success' })
    await expect(touched).resolves.toBeUndefined()
    expect(readFileSync(store.blobs.path(MODEL.digest)).equals(WEIGHTS)).toBe(true)
  })

  it('of an update may lose its model, and brings it back whole', async () => {
    const text = Buffer.from('a new text')
    const textLayer = { mediaType: MEDIA_TYPES.system, digest: digestOf(text), size: text.length }
    const manifest = JSON.parse(String(MODEL.manifest)) as { layers: unknown[] }
    const update = JSON.stringify({ ...manifest, layers: [...manifest.layers, textLayer] })
    let touched: Promise<unknown> | undefined
    await serve(({ kind, url, count }) => {
      if (kind === 'manifest' && count > 1) return answer(200, {}, update)
      if (!url.endsWith(textLayer.digest)) return undefined
      return (_, reply) => {
        touched ??= removeModel(nameHere(), store).then(() => store.maintenance.prune({ dryRun: false, partials: false }))
        void touched.then(() => reply.writeHead(200, { 'content-length': text.length }).end(text))
      }
    })
    await pulling.pull(nameHere())
    expect((await pulling.pull(nameHere())).at(-1)).toEqual({ status: 'success' })
    // The weights, which the update has not fetched again, were no longer any model's when they were pruned around.
    await expect(touched).resolves.toEqual([])
    expect(readFileSync(store.blobs.path(MODEL.digest)).equals(WEIGHTS)).toBe(true)
    expect((await store.manifests.read(parseModelName(nameHere())))?.manifest.layers).toHaveLength(2)
    expect(pulling.blobs()).toHaveLength(3)
  })
})
