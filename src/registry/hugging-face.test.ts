import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '../base/log.ts'
import { parseModelName } from '../model/name.ts'
import { createRegistry } from './create-registry.ts'
import type { Environment } from './proxy.ts'
import { createFakeHttp, type FakeServer, rangeAnswer } from './testing/fake-http.ts'
import { BLOBS, collect, MANIFEST_BYTES } from './testing/fixtures.ts'
import { createImpatientClock } from './testing/impatient-clock.ts'
import { createMemoryStore } from './testing/memory-store.ts'

const TOKEN = 'hf_secret'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-hf-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function pull(
  server: FakeServer,
  name: string,
  { environment = {}, insecure = false }: { environment?: Environment; insecure?: boolean } = {},
) {
  const http = createFakeHttp(server)
  const registry = createRegistry({
    store: createMemoryStore(),
    log: silentLog,
    clock: createImpatientClock(),
    home: folder,
    userHome: folder,
    environment,
    version: '0',
    buildManifest: () => Promise.reject(new Error('no package here')),
    http,
  })
  return { http, done: collect(registry.pull(parseModelName(name), { insecure })) }
}

/** Blobs lie in a storage; the registry gives them to whom `allows`. */
const huggingFace =
  (allows: (authorization: string | undefined) => boolean, realm = 'https://huggingface.co/v2/token'): FakeServer =>
  (request, url) => {
    if (url.pathname === '/v2/token') return { status: 200, body: '{"token":"signed"}' }
    const blob = [...BLOBS].find(([digest]) => url.href.includes(digest))?.[1]
    if (url.host === 'cdn.example' && blob) return rangeAnswer(request, blob)
    if (!allows(request.headers.authorization))
      return { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="hf"` }, body: 'no' }
    if (blob) return { status: 307, headers: { location: `https://cdn.example${url.pathname}?signed` } }
    return { status: 200, body: MANIFEST_BYTES }
  }

describe('a model of Hugging Face', () => {
  it.each([
    ['hf.co/user/repo:Q4_K_M', 'https://huggingface.co/v2/token'],
    ['huggingface.co/user/repo:Q4_K_M', 'https://hf.co/v2/token'],
    ['hf.co/user/repo', 'https://hf.co/v2/token'],
  ])('%s is pulled with a token of %s', async (name, realm) => {
    const { http, done } = pull(
      huggingFace((header) => header === 'Bearer signed', realm),
      name,
    )
    expect((await done).at(-1)).toEqual({ status: 'success' })
    expect(http.requests[0]?.url).toBe(`https://${name.split('/')[0]}/v2/user/repo/manifests/${name.split(':')[1] ?? 'latest'}`)
  })

  it.each(['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'])('that is gated is pulled with %s, which the storage never sees', async (variable) => {
    const { http, done } = pull(
      huggingFace((header) => header === `Bearer ${TOKEN}`),
      'hf.co/user/gated',
      { environment: { [variable]: ` ${TOKEN}\n` } },
    )
    expect((await done).at(-1)).toEqual({ status: 'success' })
    const [own, others] = [true, false].map((isOwn) => http.requests.filter(({ url }) => (new URL(url).host === 'hf.co') === isOwn))
    expect(own?.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`)).toBe(true)
    expect(others?.some(({ headers }) => headers.authorization !== undefined)).toBe(false)
  })

  it('keeps its token when one name redirects to the other', async () => {
    const server = huggingFace((header) => header === `Bearer ${TOKEN}`)
    const redirecting: FakeServer = (request, url) =>
      url.host === 'hf.co' ? { status: 307, headers: { location: `https://huggingface.co${url.pathname}` } } : server(request, url)
    const { done } = pull(redirecting, 'hf.co/user/gated', { environment: { HF_TOKEN: TOKEN } })
    expect((await done).at(-1)).toEqual({ status: 'success' })
  })

  it.each([
    [{}, 'a private or gated model needs HF_TOKEN in the environment of the server'],
    [{ HF_TOKEN: TOKEN }, 'the account of HF_TOKEN may have to accept the terms of this model on huggingface.co'],
    [{ HF_TOKEN: 'two words' }, 'a private or gated model needs HF_TOKEN in the environment of the server'],
  ])('that is refused says what to do: %j', async (environment, hint) => {
    const { done } = pull(
      huggingFace(() => false),
      'hf.co/user/gated',
      { environment },
    )
    await expect(done).rejects.toMatchObject({ code: 'unauthorized', message: expect.stringContaining(`(${hint})`) })
  })

  it.each([
    ['registry.example/user/repo', false],
    ['hf.co.example/user/repo', false],
    ['nothf.co/user/repo', false],
    ['hf.co:8443/user/repo', false],
    ['hf.co/user/repo', true],
  ])('is not %s (plain http: %s): no token goes there', async (name, insecure) => {
    const { http, done } = pull(
      huggingFace((header) => header === `Bearer ${TOKEN}`),
      name,
      { environment: { HF_TOKEN: TOKEN }, insecure },
    )
    await expect(done).rejects.toMatchObject({ code: 'unauthorized' })
    expect(JSON.stringify(http.requests)).not.toContain(TOKEN)
  })
})
