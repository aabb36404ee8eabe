import { describe, expect, it } from 'vitest'
import { silentLog } from '../../base/log.ts'
import { parseDigest } from '../../model/digest.ts'
import { formatManifest } from '../../model/manifest.ts'
import type { FetchedBlob } from '../blob-download.ts'
import { SharedTasks } from '../shared-tasks.ts'
import { createFakeHttp, type FakeRequest, type FakeServer, rangeAnswer } from '../testing/fake-http.ts'
import {
  BLOBS,
  CONFIG,
  collect,
  layerOf,
  MANIFEST,
  MANIFEST_BYTES,
  NAME,
  openSession,
  statuses,
  TEMPLATE,
  WEIGHTS,
} from '../testing/fixtures.ts'
import { createImpatientClock } from '../testing/impatient-clock.ts'
import { createMemoryStore, digestOf, type MemoryStore } from '../testing/memory-store.ts'
import { createOciSource } from './oci.ts'

const registry: FakeServer = (request, url) => {
  if (url.pathname.includes('/manifests/')) return { status: 200, body: MANIFEST_BYTES }
  return blobAnswer(request, url)
}

function blobAnswer(request: FakeRequest, url: URL) {
  const blob = BLOBS.get(parseDigest(url.pathname.split('/').pop() ?? ''))
  return blob ? rangeAnswer(request, blob) : { status: 404 }
}

function setUp(server: FakeServer = registry, store: MemoryStore = createMemoryStore()) {
  const http = createFakeHttp(server)
  const source = createOciSource({
    store,
    log: silentLog,
    clock: createImpatientClock(),
    downloads: new SharedTasks<FetchedBlob>(),
    openSession: (name, insecure) => openSession(http, { name, insecure }),
  })
  const pull = (signal?: AbortSignal) => source.pull(NAME, { hasFallback: false, ...(signal ? { signal } : {}) })
  return { http, store, pull }
}

const short = (bytes: Uint8Array) => digestOf(bytes).slice(7, 19)

describe('a pull from a registry', () => {
  it('reports every step in order and keeps manifest and blobs byte for byte', async () => {
    const { pull, store } = setUp()
    const items = await collect(pull())
    expect(statuses(items)).toEqual([
      `pulling ${short(WEIGHTS)}`,
      `pulling ${short(TEMPLATE)}`,
      `pulling ${short(CONFIG)}`,
      'verifying sha256 digest',
      'writing manifest',
      'success',
    ])
    const last = items.findLast((item) => item.status === `pulling ${short(WEIGHTS)}`)
    expect(last).toMatchObject({ digest: digestOf(WEIGHTS), totalBytes: 5000, completedBytes: 5000 })
    expect(Buffer.from((await store.manifests.read(NAME))?.bytes ?? [])).toEqual(MANIFEST_BYTES)
    for (const [digest, bytes] of BLOBS) expect(Buffer.from(store.bytes.get(digest) ?? [])).toEqual(bytes)
  })

  it('has one full line for a blob that is there, and asks for nothing', async () => {
    const { pull, http } = setUp()
    await collect(pull())
    const before = http.requests.length
    const items = await collect(pull())
    expect(items.map(({ status }) => status)).toEqual([...statuses(items)])
    expect(items[0]).toMatchObject({ totalBytes: 5000, completedBytes: 5000 })
    expect(http.requests.slice(before).map(({ url }) => url)).toEqual(['https://registry.example/v2/library/tiny/manifests/v1'])
  })

  it('fetches a blob of the wrong size again', async () => {
    const { pull, store } = setUp()
    store.bytes.set(digestOf(WEIGHTS), WEIGHTS.subarray(0, 10))
    await collect(pull())
    expect(store.bytes.get(digestOf(WEIGHTS))?.length).toBe(5000)
  })

  it('fetches a digest that stands twice once', async () => {
    const twice = { config: layerOf(WEIGHTS, 'c'), layers: [layerOf(WEIGHTS, 'm')] }
    const { pull, http } = setUp((request, url) =>
      url.pathname.includes('/manifests/') ? { status: 200, body: formatManifest(twice) } : blobAnswer(request, url),
    )
    await collect(pull())
    expect(http.requests.filter(({ url }) => url.includes('/blobs/'))).toHaveLength(1)
  })

  it('takes an empty blob without asking for it', async () => {
    const empty = { config: layerOf(CONFIG, 'c'), layers: [layerOf(new Uint8Array(), 'm')] }
    const { pull, store } = setUp((request, url) =>
      url.pathname.includes('/manifests/') ? { status: 200, body: formatManifest(empty) } : blobAnswer(request, url),
    )
    await collect(pull())
    expect(store.bytes.get(digestOf(''))?.length).toBe(0)
  })

  it('refuses bytes of another digest, and writes no manifest', async () => {
    const { pull, store } = setUp((request, url) => {
      const answer = registry(request, url) as ReturnType<typeof blobAnswer>
      return url.pathname.endsWith(digestOf(WEIGHTS)) ? rangeAnswer(request, Buffer.alloc(5000)) : answer
    })
    await expect(collect(pull())).rejects.toMatchObject({
      code: 'digest_mismatch',
      message: `digest mismatch, file must be downloaded again: want ${digestOf(WEIGHTS)}, got ${digestOf(Buffer.alloc(5000))}`,
    })
    expect(await store.manifests.read(NAME)).toBeUndefined()
    expect(store.bytes.has(digestOf(WEIGHTS))).toBe(false)
  })

  it('is refused before the first byte when the disk cannot hold all of it', async () => {
    const needed = WEIGHTS.length + TEMPLATE.length + CONFIG.length
    const { pull, http } = setUp(registry, createMemoryStore({ freeBytes: needed - 1 }))
    await expect(collect(pull())).rejects.toMatchObject({ code: 'disk_full', details: { neededBytes: needed, freeBytes: needed - 1 } })
    expect(http.requests.some(({ url }) => url.includes('/blobs/'))).toBe(false)
    await collect(setUp(registry, createMemoryStore({ freeBytes: needed })).pull())
  })

  it('removes what only the former manifest used', async () => {
    const { pull, store } = setUp()
    const old = Buffer.from('old weights')
    await store.blobs.write(old)
    await store.manifests.write(NAME, { config: MANIFEST.config, layers: [layerOf(old, 'm')] })
    const items = await collect(pull())
    expect(statuses(items).slice(-3)).toEqual(['writing manifest', 'removing unused layers', 'success'])
    expect(store.removed).toEqual([digestOf(old)])
  })

  it('succeeds when the unused layers cannot be removed, and says so', async () => {
    const { pull, store } = setUp()
    await store.manifests.write(NAME, { config: MANIFEST.config, layers: [layerOf(Buffer.from('old'), 'm')] })
    store.removeUnused = () => Promise.reject(new Error('no permission'))
    expect(statuses(await collect(pull())).slice(-2)).toEqual(["couldn't remove unused layers: no permission", 'success'])
  })

  it('shares its downloads with another pull at the same time, and survives that one leaving', async () => {
    let release: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const { pull, http, store } = setUp(async (request, url) => {
      if (url.pathname.endsWith(digestOf(WEIGHTS))) await gate
      return registry(request, url)
    })
    const stop = new AbortController()
    const first = collect(pull(stop.signal))
    const second = collect(pull())
    await until(() => http.requests.some(({ url }) => url.endsWith(digestOf(WEIGHTS))))
    stop.abort()
    await expect(first).rejects.toMatchObject({ code: 'cancelled' })
    release()
    expect((await second).at(-1)).toEqual({ status: 'success' })
    expect(http.requests.filter(({ url }) => url.endsWith(digestOf(WEIGHTS)))).toHaveLength(1)
    expect(store.partials.get(digestOf(WEIGHTS))?.open).toBe(false)
  })

  it('stops the download when the only client leaves, keeping its bytes for the next', async () => {
    let signal: AbortSignal | undefined
    const { pull, http, store } = setUp((request, url) => {
      if (!url.pathname.endsWith(digestOf(WEIGHTS)) || signal) return registry(request, url)
      signal = request.signal
      const halting = async function* () {
        yield WEIGHTS.subarray(0, 1000)
        await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))))
      }
      return { ...rangeAnswer(request, WEIGHTS), body: halting() }
    })
    const stop = new AbortController()
    const first = collect(pull(stop.signal))
    await until(() => (store.partials.get(digestOf(WEIGHTS))?.missing()[0]?.start ?? 0) === 1000)
    stop.abort()
    await expect(first).rejects.toMatchObject({ code: 'cancelled' })
    expect(signal?.aborted).toBe(true)
    expect(store.partials.get(digestOf(WEIGHTS))?.open).toBe(false)
    await collect(pull())
    expect(http.requests.findLast(({ url }) => url.endsWith(digestOf(WEIGHTS)))?.headers.range).toBe('bytes=1000-4999')
  })
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
