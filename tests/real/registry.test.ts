// Push to and pull from a real registry that knows nothing of models.

import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { MEDIA_TYPES } from '../../src/model/media-type.ts'
import { type ModelName, parseModelName } from '../../src/model/name.ts'
import { createRegistry } from '../../src/registry/create-registry.ts'
import type { Progress } from '../../src/registry/registry.ts'
import { createStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { type DockerRegistry, missingDockerRegistry, startDockerRegistry } from './docker-registry.ts'

// bcrypt of `secret`, as `htpasswd -B` writes it.
const PASSWORDS = 'ann:$2b$04$T7g44UGQtjtPibTdG9HUUOqsaujJmQsAQN0eb0h3C5nIcccdp98ce\n'
const WEIGHTS = randomBytes(9_000_000)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'registry-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function openStore(name: string): Promise<Store> {
  return createStore({ root: path.join(folder, name) })
}

function openRegistry(store: Store, credentialUrls: string[] = []) {
  return createRegistry({
    store,
    log: silentLog,
    clock: systemClock,
    home: path.join(folder, 'home'),
    userHome: path.join(folder, 'user'),
    environment: {},
    version: '0.0.0',
    credentialUrls,
    buildManifest: () => Promise.reject(new Error('no package is expected here')),
  })
}

async function createModel(store: Store, name: ModelName, from?: string): Promise<void> {
  const layer = async (bytes: Uint8Array, mediaType: string) => ({ mediaType, ...(await store.blobs.write(bytes)) })
  const model = await layer(WEIGHTS, MEDIA_TYPES.model)
  await store.manifests.write(name, {
    config: await layer(Buffer.from('{"model_format":"gguf"}'), MEDIA_TYPES.config),
    layers: [{ ...model, ...(from === undefined ? {} : { from }) }, await layer(Buffer.from(''), MEDIA_TYPES.system)],
  })
}

async function run(progress: AsyncIterable<Progress>): Promise<Progress[]> {
  const items: Progress[] = []
  for await (const item of progress) items.push(item)
  return items
}

const statuses = (items: Progress[]) => [...new Set(items.map(({ status }) => status.replace(/ [0-9a-f]{12}$/, '')))]

describe.skipIf(missingDockerRegistry())('a plain registry', () => {
  let docker: DockerRegistry
  beforeAll(async () => {
    docker = await startDockerRegistry()
  })
  afterAll(() => docker.stop())

  it('takes a model and gives it back byte for byte', async () => {
    const name = parseModelName(`${docker.host}/library/tiny:v1`)
    const [here, there] = [await openStore('here'), await openStore('there')]
    await createModel(here, name)
    expect(statuses(await run(openRegistry(here).push(name, { insecure: true })))).toEqual([
      'retrieving manifest',
      'pushing',
      'pushing manifest',
      'success',
    ])
    expect(statuses(await run(openRegistry(there).pull(name, { insecure: true })))).toEqual([
      'pulling manifest',
      'pulling',
      'verifying sha256 digest',
      'writing manifest',
      'success',
    ])
    const [sent, got] = [await here.manifests.read(name), await there.manifests.read(name)]
    expect(got?.digestHex).toBe(sent?.digestHex)
    expect(got?.bytes).toEqual(sent?.bytes)
    const model = sent?.manifest.layers[0]?.digest ?? raise()
    expect(readFileSync(there.blobs.path(model)).equals(WEIGHTS)).toBe(true)
    const reply = await fetch(`http://${docker.host}/v2/library/tiny/manifests/v1`, { headers: { accept: MEDIA_TYPES.manifest } })
    expect(reply.headers.get('docker-content-digest')).toBe(`sha256:${sent?.digestHex}`)
    expect(
      createHash('sha256')
        .update(Buffer.from(await reply.arrayBuffer()))
        .digest('hex'),
    ).toBe(sent?.digestHex)
  })

  it('mounts the layers of a model that it has under another name', async () => {
    const store = await openStore('here')
    const base = parseModelName(`${docker.host}/library/base:v1`)
    const derived = parseModelName(`${docker.host}/library/derived:v1`)
    await createModel(store, base)
    await run(openRegistry(store).push(base, { insecure: true }))
    await createModel(store, derived, `${docker.host}/library/base:v1`)
    expect((await run(openRegistry(store).push(derived, { insecure: true }))).at(-1)).toEqual({ status: 'success' })
    const other = await openStore('there')
    expect((await run(openRegistry(other).pull(derived, { insecure: true }))).at(-1)).toEqual({ status: 'success' })
  })

  it('goes on with the bytes that a cancelled pull got', async () => {
    const name = parseModelName(`${docker.host}/library/resumed:v1`)
    const [here, there] = [await openStore('here'), await openStore('there')]
    await createModel(here, name)
    await run(openRegistry(here).push(name, { insecure: true }))
    const { digest, sizeBytes } = (await here.manifests.read(name))?.manifest.layers[0] ?? raise()
    const partial = await there.blobs.openPartial(digest, sizeBytes)
    await partial.write(0, WEIGHTS.subarray(0, 5_000_000))
    await partial.close()
    const items = await run(openRegistry(there).pull(name, { insecure: true }))
    const amounts = items.filter((item) => item.digest === digest).map((item) => item.completedBytes ?? 0)
    expect(Math.min(...amounts)).toBeGreaterThanOrEqual(5_000_000)
    expect(items.at(-1)).toEqual({ status: 'success' })
  })

  it('that does not have a model says so', async () => {
    const name = parseModelName(`${docker.host}/library/absent:v1`)
    await expect(run(openRegistry(await openStore('here')).pull(name, { insecure: true }))).rejects.toMatchObject({
      code: 'registry_not_found',
      message: 'pull model manifest: file does not exist',
    })
  })

  it('is not spoken to in plain http unless that is allowed', async () => {
    const name = parseModelName(`http://${docker.host}/library/tiny:v1`)
    await expect(run(openRegistry(await openStore('here')).pull(name, {}))).rejects.toMatchObject({
      code: 'registry_unreachable',
      message: expect.stringMatching(/^pull model manifest: Get "https:.*tls: first record does not look like a TLS handshake/),
    })
  })
})

describe.skipIf(missingDockerRegistry())('a registry with passwords and relative addresses', () => {
  let docker: DockerRegistry
  beforeAll(async () => {
    docker = await startDockerRegistry({ relativeUrls: true, passwords: PASSWORDS })
  })
  afterAll(() => docker.stop())

  it('lets in who is known to it', async () => {
    const name = parseModelName(`${docker.host}/library/tiny:v1`)
    const [here, there] = [await openStore('here'), await openStore('there')]
    await createModel(here, name)
    const urls = [`http://ann:secret@${docker.host}`]
    expect((await run(openRegistry(here, urls).push(name, { insecure: true }))).at(-1)).toEqual({ status: 'success' })
    expect((await run(openRegistry(there, urls).pull(name, { insecure: true }))).at(-1)).toEqual({ status: 'success' })
  })

  it('refuses the others', async () => {
    const name = parseModelName(`${docker.host}/library/tiny:v1`)
    const store = await openStore('here')
    await expect(run(openRegistry(store).pull(name, { insecure: true }))).rejects.toMatchObject({ code: 'unauthorized' })
    await expect(run(openRegistry(store, [`http://ann:wrong@${docker.host}`]).pull(name, { insecure: true }))).rejects.toMatchObject({
      code: 'unauthorized',
      message: 'pull model manifest: unauthorized: access denied',
    })
  })
})

function raise(): never {
  throw new Error('the model has no such layer')
}
