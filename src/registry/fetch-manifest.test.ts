import { describe, expect, it } from 'vitest'
import { AppError } from '../base/errors.ts'
import { formatManifest } from '../model/manifest.ts'
import { fetchManifest } from './fetch-manifest.ts'
import { createFakeHttp, type FakeServer } from './testing/fake-http.ts'
import { layerOf, MANIFEST, MANIFEST_BYTES, NAME, openSession, WEIGHTS } from './testing/fixtures.ts'
import { createImpatientClock } from './testing/impatient-clock.ts'

function fetchFrom(server: FakeServer) {
  const http = createFakeHttp(server)
  return { http, result: fetchManifest(openSession(http), NAME, { clock: createImpatientClock() }) }
}

describe('a manifest', () => {
  it('is asked for in both formats and kept byte for byte', async () => {
    const { http, result } = fetchFrom(() => ({ status: 200, body: MANIFEST_BYTES }))
    const { manifest, bytes } = await result
    expect(Buffer.from(bytes)).toEqual(MANIFEST_BYTES)
    expect(manifest).toEqual(MANIFEST)
    expect(http.requests[0]).toMatchObject({
      url: 'https://registry.example/v2/library/tiny/manifests/v1',
      headers: { accept: 'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json' },
    })
  })

  it.each([
    [404, 'whatever', 'registry_not_found', 'pull model manifest: file does not exist'],
    [403, 'no', 'forbidden', 'pull model manifest: 403: no'],
    [412, '\nneeds a newer version\n', 'registry_error', 'pull model manifest: 412: needs a newer version'],
    [500, '', 'registry_error', 'pull model manifest: 500'],
    [401, '', 'unauthorized', 'pull model manifest: realm host "" does not match original host "registry.example"'],
  ])("that is answered with %d is an error of Ollama's words", async (status, body, code, message) => {
    await expect(fetchFrom(() => ({ status, body })).result).rejects.toMatchObject({ code, message })
  })

  it('that cannot be reached names the address and the reason', async () => {
    const server: FakeServer = () => {
      throw new AppError('registry_unreachable', 'dial tcp: lookup registry.example: no such host')
    }
    await expect(fetchFrom(server).result).rejects.toMatchObject({
      code: 'registry_unreachable',
      message:
        'pull model manifest: Get "https://registry.example/v2/library/tiny/manifests/v1": dial tcp: lookup registry.example: no such host',
      details: { reason: 'dial tcp: lookup registry.example: no such host' },
    })
  })

  it.each([
    ['ENOTFOUND', / \(if there is a proxy: HTTPS_PROXY must be set in the environment of the server\)$/],
    ['ETIMEDOUT', /HTTPS_PROXY/],
    ['ECONNREFUSED', /"x"$|: x$/],
    ['proxy', /: x$/],
  ])('that no way leads to says where a proxy is named: %s', async (reason, message) => {
    const server: FakeServer = () => {
      throw new AppError('registry_unreachable', 'x', { details: { reason } })
    }
    await expect(fetchFrom(server).result).rejects.toThrow(message)
  })

  it.each([
    ['an empty object', '{}', 'no config'],
    ['HTML', '<html>', 'not JSON'],
    ['a list', '[]', 'not an object'],
    ['no layers', formatManifest({ ...MANIFEST, layers: [] }), 'no layers'],
    ['an empty digest', formatManifest(MANIFEST).replaceAll(/sha256:\w+/g, ''), 'invalid digest'],
    ['a climbing digest', formatManifest(MANIFEST).replaceAll(/sha256:\w+/g, '../../../../etc/passwd'), 'invalid digest'],
    ['a short digest', formatManifest(MANIFEST).replaceAll(/sha256:\w+/g, 'sha256:ab'), 'invalid digest'],
    ['more than 4 MiB', `${' '.repeat(4 * 1024 * 1024)}{}`, 'larger than'],
    ['an index of images', '{"schemaVersion":2,"manifests":[]}', 'no config'],
  ])('of %s is refused', async (_, body, message) => {
    await expect(fetchFrom(() => ({ status: 200, body })).result).rejects.toThrow(message)
  })

  it('of exactly 4 MiB is read', async () => {
    const body = MANIFEST_BYTES.toString().padEnd(4 * 1024 * 1024, ' ')
    expect((await fetchFrom(() => ({ status: 200, body })).result).manifest.layers).toHaveLength(2)
  })

  it('of a safetensors model says what is missing here', async () => {
    const tensors = { ...MANIFEST, layers: [layerOf(WEIGHTS, 'application/vnd.ollama.image.tensor')] }
    await expect(fetchFrom(() => ({ status: 200, body: formatManifest(tensors) })).result).rejects.toMatchObject({
      code: 'not_supported',
      message: 'this model requires MLX support, but the MLX runtime is not available',
    })
  })
})
