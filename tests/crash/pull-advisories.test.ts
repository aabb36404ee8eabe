// The published attacks on pulls and pushes (and on what Ollama's users have reported), one test each, against the real registry side
// and a real store.

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MEDIA_TYPES } from '../../src/model/media-type.ts'
import { parseModelName, tryParseModelName } from '../../src/model/name.ts'
import {
  answer,
  corrupt,
  endless,
  type Fault,
  type FaultModel,
  type FaultRegistry,
  gzipBomb,
  modelOf,
  type Plan,
  redirectTo,
  startFaultRegistry,
} from '../support/fault-registry.ts'
import { createPulling, type Pulling } from '../support/pulling.ts'

const WEIGHTS = randomBytes(100_000)
const MODEL = modelOf(WEIGHTS)

const servers: FaultRegistry[] = []
let pulling: Pulling
beforeEach(async () => {
  pulling = await createPulling()
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
  pulling.remove()
})

async function start(plan?: Plan, model: FaultModel = MODEL): Promise<FaultRegistry> {
  const server = await startFaultRegistry(model, plan)
  servers.push(server)
  return server
}

const nameAt = ({ host }: FaultRegistry) => `${host}/library/m:v1`

function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'it went through',
    (error: unknown) => error,
  )
}

/** A manifest whose layer has what is given here. */
function manifestWith(layer: Record<string, unknown>): FaultModel {
  const manifest = JSON.parse(String(MODEL.manifest)) as { layers: Record<string, unknown>[] }
  Object.assign(manifest.layers[0] ?? {}, layer)
  return { ...MODEL, manifest: JSON.stringify(manifest) }
}

const ok = async (server: FaultRegistry) => expect((await pulling.pull(nameAt(server))).at(-1)).toEqual({ status: 'success' })

const HEX = MODEL.digest.slice('sha256:'.length)
const HOSTILE_DIGESTS = [
  '../../../../../../etc/passwd',
  `sha256:${'../'.repeat(21)}x`,
  `sha256-../../${HEX.slice(6)}`,
  `sha256:${HEX}/../x`,
  `sha256:${HEX.slice(1)}`,
  `sha256:${HEX}0`,
  `sha256:${HEX}\n`,
  `sha256:${HEX.slice(0, 63)}g`,
  `sha512:${HEX}`,
  `sha256/${HEX}`,
  'sha256:',
  '',
  ':',
]

describe.each(HOSTILE_DIGESTS)('a manifest with the digest %j', (digest) => {
  it.each([
    ['CVE-2024-37032', MEDIA_TYPES.model],
    ['CVE-2025-1975', MEDIA_TYPES.template],
    ['CVE-2026-7020', MEDIA_TYPES.tensor],
  ])('is refused before anything is asked for or written: %s', async (_, mediaType) => {
    const before = readdirSync(pulling.folder, { recursive: true })
    const server = await start(undefined, manifestWith({ digest, mediaType }))
    expect(await failure(pulling.pull(nameAt(server)))).toMatchObject({
      code: 'registry_error',
      message: 'pull model manifest: a layer of the manifest has an invalid digest',
    })
    expect(server.requests.map(({ kind }) => kind)).toEqual(['manifest'])
    expect(readdirSync(pulling.folder, { recursive: true })).toEqual(before)
  })
})

describe('digests in other spellings', () => {
  it.each([`sha256-${HEX}`, `sha256:${HEX.toUpperCase()}`])('name the same blob: CVE-2024-37032, %s', async (digest) => {
    await ok(await start(undefined, manifestWith({ digest })))
    expect(pulling.blobs()).toContain(`sha256-${HEX}`)
    expect(pulling.blobs().every((name) => /^sha256-[0-9a-f]{64}$/.test(name))).toBe(true)
  })
})

describe('a blob with other bytes than its digest says', () => {
  it('is deleted, and nothing besides: CVE-2025-44779', async () => {
    const canaries = ['canary', path.join('models', 'canary'), path.join('models', 'blobs', 'canary')].map((name) =>
      path.join(pulling.folder, name),
    )
    mkdirSync(path.join(pulling.folder, 'models', 'blobs'), { recursive: true })
    for (const file of canaries) writeFileSync(file, 'alive')
    const server = await start(({ wanted }) => (wanted?.blob === WEIGHTS ? corrupt : undefined))
    expect(await failure(pulling.pull(nameAt(server)))).toMatchObject({ code: 'digest_mismatch' })
    expect(canaries.filter((file) => !existsSync(file))).toEqual([])
    expect(pulling.blobs()).not.toContain(`sha256-${HEX}`)
  })
})

describe('a push', () => {
  it('says the same about every model that is not there, and no path: CVE-2024-39722, issue 13223', async () => {
    const server = await start()
    mkdirSync(path.join(pulling.folder, 'models', 'manifests', server.host, 'library', 'there'), { recursive: true })
    const errors = []
    for (const model of ['there', 'nowhere']) errors.push(await failure(pulling.push(`${server.host}/library/${model}:v1`)))
    expect(errors).toMatchObject(
      ['there', 'nowhere'].map((model) => ({ code: 'model_not_found', message: `model "${server.host}/library/${model}:v1" not found` })),
    )
    expect(JSON.stringify(errors)).not.toContain(pulling.folder)
  })

  it.each(['host/../../etc/passwd', '../../x', 'a/b/..', 'a/b/c:../../x', '/etc/passwd', 'a/./b', 'a\\..\\b'])(
    'has no model named %s: CVE-2024-39722',
    (name) => {
      expect(tryParseModelName(name)).toBeUndefined()
    },
  )

  it.each(HOSTILE_DIGESTS)('reads no file that a manifest on the disk names by %j: CVE-2026-7020', async (digest) => {
    const server = await start()
    const folder = path.join(pulling.folder, 'models', 'manifests', server.host, 'library', 'm')
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'v1'), String(manifestWith({ digest }).manifest))
    expect(await failure(pulling.push(nameAt(server)))).toMatchObject({ code: 'store_corrupt' })
    expect(server.requests).toEqual([])
  })
})

describe('a body without measure: CVE-2024-12886', () => {
  const huge = { 'content-length': 2 ** 40 }
  const faults: [string, Fault][] = [
    ['is a gzip bomb', gzipBomb(300e6)],
    ['never ends', endless],
    ['announces a terabyte', (_, reply) => void reply.writeHead(200, huge).write('{')],
  ]

  it.each(faults)('as a manifest that %s ends the pull, and takes no memory', async (_, fault) => {
    const server = await start(({ kind }) => (kind === 'manifest' ? fault : undefined))
    const { error, grownBytes } = await measured(() => failure(pulling.pull(nameAt(server))))
    expect(error).toMatchObject({
      code: 'registry_error',
      message: expect.stringMatching(/^pull model manifest: the (manifest is not JSON|registry's answer is larger than 4194304 bytes)$/),
    })
    expect(grownBytes).toBeLessThan(100e6)
  })

  it.each(faults)('as a token that %s ends the pull, and takes no memory', async (_, fault) => {
    const server: FaultRegistry = await start(({ kind }) => (kind === 'token' ? fault : challenge(`${server.origin}/token`)))
    const { error, grownBytes } = await measured(() => failure(pulling.pull(nameAt(server))))
    expect(error).toMatchObject({
      code: 'registry_error',
      message: expect.stringMatching(/(token server's answer is not JSON|larger than 65536 bytes)$/),
    })
    expect(grownBytes).toBeLessThan(100e6)
  })

  it.each(faults)('as an error that %s is cut', async (_, fault) => {
    const server = await start(({ kind }) => (kind === 'manifest' ? (request, reply) => fault(request, asStatus(reply, 500)) : undefined))
    const { error, grownBytes } = await measured(() => failure(pulling.pull(nameAt(server))))
    expect(error).toMatchObject({ code: expect.stringMatching(/^registry_/), message: expect.stringMatching(/^pull model manifest: /) })
    expect((error as Error).message.length).toBeLessThan(20_000)
    expect(grownBytes).toBeLessThan(100e6)
  })
})

describe('a spoofed registry: CVE-2025-1975', () => {
  const toWeights =
    (fault: Fault): Plan =>
    ({ wanted }) =>
      wanted?.blob === WEIGHTS ? fault : undefined

  it.each<[string, Plan, string]>([
    ['says Content-Length 0 of a blob', toWeights(answer(200, { 'content-length': 0 })), 'registry_error'],
    [
      'gives no length and no bytes',
      toWeights((_, reply) => void reply.writeHead(200, { 'transfer-encoding': 'chunked' }).end()),
      'registry_error',
    ],
    [
      'says Content-Length -1',
      toWeights(raw('HTTP/1.1 206 Partial Content\r\nContent-Length: -1\r\nContent-Range: bytes 0-99999/100000\r\n\r\n')),
      'registry_unreachable',
    ],
    [
      'says Content-Length 99999999999999999999',
      toWeights(raw('HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n')),
      'registry_unreachable',
    ],
    ['has no status line', toWeights(raw('hello\r\n\r\n')), 'registry_unreachable'],
  ])('%s: an error, and the next pull works', async (_, plan, code) => {
    let hostile = true
    const server = await start((request) => (hostile ? plan(request) : undefined))
    expect(await failure(pulling.pull(nameAt(server)))).toMatchObject({ code })
    hostile = false
    await ok(server)
  })

  it.each([
    ['{}', 'the manifest has no config'],
    ['[]', 'the manifest is not an object'],
    ['null', 'the manifest is not an object'],
    ['{"config":{},"layers":[]}', 'a layer of the manifest has no media type'],
    ['{"config":null,"layers":[{}]}', 'the manifest has no config'],
    [JSON.stringify({ ...JSON.parse(String(MODEL.manifest)), layers: null }), 'the manifest has no layers'],
    [JSON.stringify({ ...JSON.parse(String(MODEL.manifest)), layers: [] }), 'the manifest has no layers'],
    [JSON.stringify({ ...JSON.parse(String(MODEL.manifest)), layers: [null] }), 'a layer of the manifest is not an object'],
    [JSON.stringify({ ...JSON.parse(String(MODEL.manifest)), layers: 'x'.repeat(50) }), 'the manifest has no usable list of layers'],
    ['['.repeat(100_000), 'the manifest is not JSON'],
    ['', 'the manifest is not JSON'],
  ])('gives the manifest %.60s', async (manifest, reason) => {
    const server = await start(undefined, { ...MODEL, manifest })
    expect(await failure(pulling.pull(nameAt(server)))).toMatchObject({ code: 'registry_error', message: `pull model manifest: ${reason}` })
    expect(await pulling.store.manifests.list()).toEqual([])
  })

  it.each([-1, 1.5, 2 ** 60, '5', null, undefined])('gives a layer of %s bytes', async (size) => {
    const server = await start(undefined, manifestWith({ size }))
    expect(await failure(pulling.pull(nameAt(server)))).toMatchObject({
      code: 'registry_error',
      message: 'pull model manifest: a layer of the manifest has no valid size',
    })
  })

  it('announces more than the disk has: nothing is fetched', async () => {
    const server = await start(undefined, manifestWith({ size: 2 ** 52 }))
    expect(await failure(pulling.pull(nameAt(server)))).toMatchObject({ code: 'disk_full' })
    expect(server.requests.map(({ kind }) => kind)).toEqual(['manifest'])
  })
})

describe('a realm that a stranger chose: CVE-2025-51471', () => {
  it.each<[string, (attacker: FaultRegistry, own: FaultRegistry) => string]>([
    ['on another host', (attacker) => `${attacker.origin.replace('127.0.0.1', 'localhost')}/token`],
    ['on another port', (attacker) => `${attacker.origin}/token`],
    ['behind a user name that looks like the registry', (attacker, own) => `http://${own.host}@${attacker.host}/token`],
    ['behind a backslash', (attacker, own) => `http:\\\\${attacker.host}\\@${own.host}/token`],
    ['over another scheme', (_, own) => `https://${own.host}/token`],
    ['that is no address', () => 'token'],
    ['that is empty', () => ''],
  ])('%s gets neither a signature nor a password', async (_, realm) => {
    const attacker = await start()
    const server: FaultRegistry = await start(() => challenge(realm(attacker, server)))
    expect(await failure(pulling.pull(nameAt(server)))).toMatchObject({ code: 'unauthorized', message: expect.stringContaining('realm') })
    expect(attacker.requests).toEqual([])
    expect(server.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true)
  })

  it('the registry itself gets the signature, and the storage that it redirects to gets no token', async () => {
    const storage = await start(({ url }) =>
      url.startsWith('/storage') ? answer(200, { 'content-length': WEIGHTS.length }, WEIGHTS) : undefined,
    )
    const server: FaultRegistry = await start(({ kind, headers, wanted }) => {
      if (kind === 'token') return answer(headers.authorization === undefined ? 401 : 200, {}, '{"token":"TKN"}')
      if (headers.authorization !== 'Bearer TKN') return challenge(`${server.origin}/token`)
      return wanted?.blob === WEIGHTS ? redirectTo(`${storage.origin}/storage/x`) : undefined
    })
    await ok(server)
    expect(storage.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })
})

describe('a registry of the internet (spoken to through a proxy here)', () => {
  const INNER = [
    'http://169.254.169.254/latest/meta-data/',
    'http://127.0.0.1:1/x',
    'http://localhost:1/x',
    'http://[::1]:1/',
    'http://10.0.0.1/',
    'http://192.168.1.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0/',
  ]

  it.each(INNER)('cannot send us to %s for a blob: CVE-2026-5530, issue 17041', async (inner) => {
    const proxy = await start(({ wanted }) => (wanted ? redirectTo(inner) : undefined))
    pulling.remove()
    pulling = await createPulling({ environment: { HTTP_PROXY: proxy.origin } })
    expect(await failure(pulling.pull('registry.example/library/m:v1'))).toMatchObject({
      code: 'registry_error',
      message: expect.stringContaining('an address of a private network'),
    })
    expect(proxy.requests.map(({ url }) => new URL(url).host)).toEqual(['registry.example', 'registry.example'])
  })

  it('cannot send us there for a manifest either: CVE-2026-5530', async () => {
    const proxy = await start(() => redirectTo('http://169.254.169.254/'))
    pulling.remove()
    pulling = await createPulling({ environment: { HTTP_PROXY: proxy.origin } })
    expect(await failure(pulling.pull('registry.example/library/m:v1'))).toMatchObject({ code: 'registry_error' })
    expect(proxy.requests).toHaveLength(1)
  })

  it('is not asked at all when the operator has not named it: CVE-2026-5530', async () => {
    const server = await start()
    pulling.remove()
    pulling = await createPulling({ allowedHosts: ['registry.ollama.ai'] })
    for (const transfer of [pulling.pull, pulling.push])
      expect(await failure(transfer(nameAt(server)))).toMatchObject({ code: expect.stringMatching(/^(forbidden|model_not_found)$/) })
    expect(server.requests).toEqual([])
  })

  it('has no other way to our network through a model of tensors: issue 17041', async () => {
    const server = await start(undefined, manifestWith({ mediaType: MEDIA_TYPES.tensor, name: 'x.weight' }))
    expect(await failure(pulling.pull(nameAt(server)))).toMatchObject({ code: 'not_supported' })
    expect(server.requests.map(({ kind }) => kind)).toEqual(['manifest'])
  })
})

describe('a blob that is damaged in the store', () => {
  it('in its length is fetched again', async () => {
    const server = await start()
    await ok(server)
    const file = pulling.store.blobs.path(MODEL.digest)
    truncateSync(file, 10)
    await ok(server)
    expect(readFileSync(file).equals(WEIGHTS)).toBe(true)
    expect((await pulling.store.manifests.read(parseModelName(nameAt(server))))?.bytes).toBeDefined()
  })
})

function challenge(realm: string): Fault {
  return answer(401, {
    'www-authenticate': `Bearer realm="${realm.replaceAll('\\', '\\\\')}",service="s",scope="repository:library/m:pull"`,
  })
}

/** Bytes on the connection that no HTTP library would write. */
function raw(text: string): Fault {
  return (_, reply) => void reply.socket?.end(text)
}

function asStatus(reply: Parameters<Fault>[1], status: number): Parameters<Fault>[1] {
  const { writeHead } = reply
  reply.statusCode = status
  reply.writeHead = ((_: number, headers: Record<string, string>) => writeHead.call(reply, status, headers)) as typeof writeHead
  return reply
}

async function measured(run: () => Promise<unknown>): Promise<{ error: unknown; grownBytes: number }> {
  const before = process.memoryUsage.rss()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 5)
  const error = await run()
  clearInterval(timer)
  return { error, grownBytes: Math.max(most, process.memoryUsage.rss()) - before }
}
