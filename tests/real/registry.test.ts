// Push to and pull from a real registry that knows nothing of models.

import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { mergeSplitFiles } from '../../src/gguf/merge.ts'
import { MEDIA_TYPES } from '../../src/model/media-type.ts'
import { type ModelName, parseModelName } from '../../src/model/name.ts'
import { createRegistry, type RegistryOptions } from '../../src/registry/create-registry.ts'
import type { Progress } from '../../src/registry/registry.ts'
import { createStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { startTokenServer, type TokenServer } from '../support/token-server.ts'
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

function openRegistry(store: Store, options: Partial<RegistryOptions> = {}) {
  return createRegistry({
    store,
    log: silentLog,
    clock: systemClock,
    home: path.join(folder, 'home'),
    userHome: path.join(folder, 'user'),
    environment: {},
    version: '0.0.0',
    mergeFiles: mergeSplitFiles,
    buildManifest: () => Promise.reject(new Error('no package is expected here')),
    ...options,
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

  it('keeps a manifest of the OCI kind as it is', async () => {
    const name = parseModelName(`${docker.host}/library/oci:v1`)
    const [here, there] = [await openStore('here'), await openStore('there')]
    await createModel(here, name)
    const { bytes } = (await here.manifests.read(name)) ?? raise()
    const manifest = { ...JSON.parse(Buffer.from(bytes).toString()), mediaType: MEDIA_TYPES.ociManifest, annotations: { kept: 'yes' } }
    const sent = await here.manifests.write(name, Buffer.from(JSON.stringify(manifest, null, 3)))
    await run(openRegistry(here).push(name, { insecure: true }))
    await run(openRegistry(there).pull(name, { insecure: true }))
    const got = await there.manifests.read(name)
    expect(got?.bytes).toEqual(sent.bytes)
    const reply = await fetch(`http://${docker.host}/v2/library/oci/manifests/v1`, { headers: { accept: MEDIA_TYPES.ociManifest } })
    expect(reply.headers.get('content-type')).toBe(MEDIA_TYPES.ociManifest)
    expect(reply.headers.get('docker-content-digest')).toBe(`sha256:${got?.digestHex}`)
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

interface SetUp {
  docker: DockerRegistry
  tokenServer?: TokenServer
  /** What the operator has to say so that it lets us in. */
  options: Partial<RegistryOptions>
}

const LOGIN = 'ann:secret'

async function startPlain(relativeUrls: boolean): Promise<SetUp> {
  return { docker: await startDockerRegistry({ relativeUrls }), options: {} }
}

async function startWithPasswords(relativeUrls: boolean): Promise<SetUp> {
  const docker = await startDockerRegistry({ passwords: PASSWORDS, relativeUrls })
  return { docker, options: { credentialUrls: [`http://${LOGIN}@${docker.host}`] } }
}

async function startWithTokens(field: 'token' | 'access_token'): Promise<SetUp> {
  const tokenServer = await startTokenServer({ logins: [LOGIN], field, refreshToken: 'R' })
  const { origin, certificate } = tokenServer
  const docker = await startDockerRegistry({ tokens: { origin, certificatePem: certificate.certificatePem } })
  const bundle = path.join(mkdtempSync(path.join(os.tmpdir(), 'authority-')), 'authority.pem')
  writeFileSync(bundle, certificate.certificatePem)
  return {
    tokenServer,
    docker,
    options: {
      environment: { SSL_CERT_FILE: bundle },
      credentialUrls: [`http://${LOGIN}@${docker.host}`],
      tokenServers: [{ registry: docker.host, origin }],
    },
  }
}

describe.skipIf(missingDockerRegistry()).each<[string, () => Promise<SetUp>]>([
  ['without a login', () => startPlain(false)],
  ['with relative addresses', () => startPlain(true)],
  ['with passwords', () => startWithPasswords(false)],
  ['with passwords and relative addresses', () => startWithPasswords(true)],
  ['with tokens', () => startWithTokens('token')],
  ['with tokens under their other name', () => startWithTokens('access_token')],
])('a registry %s', (_, start) => {
  let setUp: SetUp
  beforeAll(async () => {
    setUp = await start()
  })
  afterAll(async () => {
    await setUp.docker.stop()
    await setUp.tokenServer?.close()
  })

  it.each(['library/tiny:v1', 'org/team/project/tiny:v1'])('takes %s and gives it back byte for byte', async (repository) => {
    const name = parseModelName(`${setUp.docker.host}/${repository}`)
    const [here, there] = [await openStore('here'), await openStore('there')]
    await createModel(here, name)
    expect((await run(openRegistry(here, setUp.options).push(name, { insecure: true }))).at(-1)).toEqual({ status: 'success' })
    expect((await run(openRegistry(there, setUp.options).pull(name, { insecure: true }))).at(-1)).toEqual({ status: 'success' })
    const [sent, got] = [await here.manifests.read(name), await there.manifests.read(name)]
    expect(got?.digestHex).toBe(sent?.digestHex)
    expect(got?.bytes).toEqual(sent?.bytes)
    for (const { digest } of got?.manifest.layers ?? []) {
      expect(readFileSync(there.blobs.path(digest)).equals(readFileSync(here.blobs.path(digest)))).toBe(true)
    }
  })
})

describe.skipIf(missingDockerRegistry())('a registry with passwords', () => {
  it('refuses who is not known to it', async () => {
    const docker = await startDockerRegistry({ passwords: PASSWORDS })
    try {
      const name = parseModelName(`${docker.host}/library/tiny:v1`)
      const store = await openStore('here')
      await expect(run(openRegistry(store).pull(name, { insecure: true }))).rejects.toMatchObject({ code: 'unauthorized' })
      const wrong = openRegistry(store, { credentialUrls: [`http://ann:wrong@${docker.host}`] })
      await expect(run(wrong.pull(name, { insecure: true }))).rejects.toMatchObject({
        code: 'unauthorized',
        message: 'pull model manifest: unauthorized: access denied',
      })
    } finally {
      await docker.stop()
    }
  })
})

describe.skipIf(missingDockerRegistry())('a registry whose tokens come from elsewhere', () => {
  let setUp: SetUp & { tokenServer?: TokenServer }
  beforeAll(async () => {
    setUp = await startWithTokens('token')
  })
  afterAll(async () => {
    await setUp.docker.stop()
    await setUp.tokenServer?.close()
  })
  const nameOf = (repository: string) => parseModelName(`${setUp.docker.host}/${repository}`)

  it('gives a model to strangers and takes none of theirs', async () => {
    const name = nameOf('library/open:v1')
    const [here, there] = [await openStore('here'), await openStore('there')]
    await createModel(here, name)
    const { credentialUrls: _, ...strangers } = setUp.options
    await expect(run(openRegistry(here, strangers).push(name, { insecure: true }))).rejects.toMatchObject({ code: 'unauthorized' })
    await run(openRegistry(here, setUp.options).push(name, { insecure: true }))
    expect((await run(openRegistry(there, strangers).pull(name, { insecure: true }))).at(-1)).toEqual({ status: 'success' })
    expect(setUp.tokenServer?.requests).toContain('ann repository:library/open:pull,push')
    expect(setUp.tokenServer?.requests).toContain('anonymous repository:library/open:pull')
  })

  it('lets in with a token that a login left', async () => {
    const name = nameOf('library/refreshed:v1')
    const store = await openStore('here')
    await createModel(store, name)
    const userHome = path.join(folder, 'docker-user')
    mkdirSync(path.join(userHome, '.docker'), { recursive: true })
    writeFileSync(path.join(userHome, '.docker', 'config.json'), JSON.stringify({ auths: { [setUp.docker.host]: { identitytoken: 'R' } } }))
    const { credentialUrls: _, ...options } = setUp.options
    expect((await run(openRegistry(store, { ...options, userHome }).push(name, { insecure: true }))).at(-1)).toEqual({ status: 'success' })
    expect(setUp.tokenServer?.requests).toContain('refreshed repository:library/refreshed:pull,push')
  })

  it('mounts from a repository that the token allows', async () => {
    const store = await openStore('here')
    await createModel(store, nameOf('library/mounted:v1'))
    await run(openRegistry(store, setUp.options).push(nameOf('library/mounted:v1'), { insecure: true }))
    await createModel(store, nameOf('library/mounting:v1'), `${setUp.docker.host}/library/mounted:v1`)
    await run(openRegistry(store, setUp.options).push(nameOf('library/mounting:v1'), { insecure: true }))
    expect(setUp.tokenServer?.requests).toContain('ann repository:library/mounted:pull')
  })

  it('is not believed when the operator has not named its token server: CVE-2025-51471', async () => {
    const { tokenServers: _, ...options } = setUp.options
    const before = setUp.tokenServer?.requests.length
    await expect(
      run(openRegistry(await openStore('here'), options).pull(nameOf('library/open:v1'), { insecure: true })),
    ).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining(`LLAMERO_TOKEN_SERVERS=${setUp.docker.host}=https://`),
    })
    expect(setUp.tokenServer?.requests.length).toBe(before)
  })

  it('is not spoken to when nobody vouches for the certificate', async () => {
    const options = { ...setUp.options, environment: {} }
    const refused = run(openRegistry(await openStore('here'), options).pull(nameOf('library/open:v1'), { insecure: true }))
    await expect(refused).rejects.toMatchObject({ code: 'registry_unreachable' })
  })
})

function raise(): never {
  throw new Error('the model has no such layer')
}
