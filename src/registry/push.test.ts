import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '../base/log.ts'
import { MEDIA_TYPES } from '../model/media-type.ts'
import { pushModel } from './push.ts'
import { createFakeHttp, type FakeServer } from './testing/fake-http.ts'
import { BLOBS, collect, layerOf, MANIFEST, MANIFEST_BYTES, NAME, openSession, statuses, WEIGHTS } from './testing/fixtures.ts'
import { createImpatientClock } from './testing/impatient-clock.ts'
import { createMemoryStore, digestOf, type MemoryStore } from './testing/memory-store.ts'

/** Takes everything; remembers nothing. */
const accepting: FakeServer = ({ method }, url) => {
  if (method === 'HEAD') return { status: 404 }
  if (method === 'POST') return { status: 202, headers: { location: '/v2/up/1' } }
  if (method === 'PATCH') return { status: 202, headers: { location: `${url.pathname}x` } }
  return { status: 201 }
}

describe('a push', () => {
  let folder: string
  let store: MemoryStore
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'llamero-push-'))
    store = createMemoryStore({ folder })
    for (const bytes of BLOBS.values()) await store.blobs.write(bytes)
    await store.manifests.write(NAME, MANIFEST_BYTES)
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  function push(server: FakeServer) {
    const http = createFakeHttp(server)
    const open = () => openSession(http)
    return { http, items: collect(pushModel(NAME, {}, { store, clock: createImpatientClock(), log: silentLog, openSession: open })) }
  }

  it('sends every blob, then the manifest as it is stored', async () => {
    const { http, items } = push(accepting)
    const short = [...BLOBS.keys()].map((digest) => `pushing ${digest.slice(7, 19)}`)
    expect(statuses(await items)).toEqual(['retrieving manifest', ...short, 'pushing manifest', 'success'])
    const last = http.requests.at(-1)
    expect(last).toMatchObject({ method: 'PUT', url: 'https://registry.example/v2/library/tiny/manifests/v1', body: MANIFEST_BYTES })
    expect(last?.headers['content-type']).toBe(MEDIA_TYPES.manifest)
    const sent = http.requests.filter(({ method }) => method === 'PATCH').map(({ body }) => digestOf(body))
    expect(sent).toEqual([...BLOBS.keys()])
  })

  it('sends an OCI manifest as what it is', async () => {
    const oci = MANIFEST_BYTES.toString().replace(MEDIA_TYPES.manifest, MEDIA_TYPES.ociManifest)
    await store.manifests.write(NAME, Buffer.from(oci))
    const { http, items } = push(accepting)
    await items
    expect(http.requests.at(-1)?.headers['content-type']).toBe(MEDIA_TYPES.ociManifest)
  })

  it('skips blobs that are there', async () => {
    const { http, items } = push((request, url) => (request.method === 'HEAD' ? { status: 200 } : accepting(request, url)))
    expect((await items).filter(({ digest }) => digest).every((item) => item.completedBytes === item.totalBytes)).toBe(true)
    expect(http.requests.map(({ method }) => method)).toEqual(['HEAD', 'HEAD', 'HEAD', 'PUT'])
  })

  it('mounts a layer from the model of the same registry that it was taken from', async () => {
    const from = { ...layerOf(WEIGHTS, MEDIA_TYPES.model), from: 'registry.example/other/base:latest' }
    await store.manifests.write(NAME, { ...MANIFEST, layers: [from] })
    const { http, items } = push((request, url) => (url.searchParams.has('mount') ? { status: 201 } : accepting(request, url)))
    await items
    const mount = new URL(http.requests[1]?.url ?? '')
    expect(mount.searchParams.get('from')).toBe('other/base')
    expect(mount.searchParams.get('mount')).toBe(digestOf(WEIGHTS))
    expect(http.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1)
  })

  it.each(['library/base', '/tmp/model.gguf', 'registry.example/library/tiny'])('does not mount from %s', async (from) => {
    await store.manifests.write(NAME, { ...MANIFEST, layers: [{ ...layerOf(WEIGHTS, MEDIA_TYPES.model), from }] })
    const { http, items } = push(accepting)
    await items
    expect(http.requests.some(({ url }) => url.includes('mount='))).toBe(false)
  })

  it('of an unknown model says so without naming a path', async () => {
    await store.manifests.remove(NAME)
    const { http, items } = push(accepting)
    await expect(items).rejects.toMatchObject({ code: 'model_not_found', message: 'model "registry.example/library/tiny:v1" not found' })
    expect(http.requests).toEqual([])
  })

  it('repeats what the registry says against the manifest', async () => {
    const { items } = push((request, url) =>
      url.pathname.includes('/manifests/') ? { status: 400, body: 'MANIFEST_INVALID' } : accepting(request, url),
    )
    await expect(items).rejects.toMatchObject({ code: 'registry_error', message: '400: MANIFEST_INVALID' })
  })
})
