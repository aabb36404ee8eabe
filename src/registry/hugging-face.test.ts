import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '../base/log.ts'
import { MEDIA_TYPES } from '../model/media-type.ts'
import { parseModelName } from '../model/name.ts'
import { createRegistry } from './create-registry.ts'
import type { Environment } from './proxy.ts'
import { createFakeHttp, type FakeServer, rangeAnswer } from './testing/fake-http.ts'
import { BLOBS, collect, MANIFEST_BYTES } from './testing/fixtures.ts'
import { createImpatientClock } from './testing/impatient-clock.ts'
import { createMemoryStore, digestOf } from './testing/memory-store.ts'

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
  const store = createMemoryStore({ folder })
  const registry = createRegistry({
    store,
    log: silentLog,
    clock: createImpatientClock(),
    home: folder,
    userHome: folder,
    environment,
    version: '0',
    mergeFiles: concatenate,
    async buildManifest({ digest, sizeBytes }) {
      const config = await store.blobs.write('{}')
      return { config: { mediaType: MEDIA_TYPES.config, ...config }, layers: [{ mediaType: MEDIA_TYPES.model, digest, sizeBytes }] }
    },
    http,
  })
  return { http, store, registry, done: collect(registry.pull(parseModelName(name), { insecure })) }
}

async function* concatenate(paths: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const file of paths) yield readFileSync(file)
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

describe('a model of Hugging Face in several files', () => {
  const PARTS = ['first part, ', 'second part'].map((text) => Buffer.from(text))
  const repository =
    (names: readonly string[]): FakeServer =>
    (request, url) => {
      if (url.pathname.startsWith('/v2/')) return { status: 400, body: 'The specified repository contains sharded GGUF.' }
      if (url.pathname === '/api/models/user/big/tree/main') {
        const page = url.searchParams.get('cursor') === 'two' ? names.slice(1) : names.slice(0, 1)
        const link = `<https://huggingface.co${url.pathname}?cursor=two>; rel="next"`
        const body = JSON.stringify(page.map((path) => ({ type: 'file', path, size: 1 })))
        return { status: 200, body, ...(url.searchParams.has('cursor') ? {} : { headers: { link } }) }
      }
      const part = PARTS[Number(/-0000(\d)-of-/.exec(url.pathname)?.[1]) - 1]
      if (!part) return { status: 404 }
      if (url.host === 'cdn.example') return rangeAnswer(request, part)
      const headers = { location: `https://cdn.example${url.pathname}`, 'x-linked-etag': `"${digestOf(part).slice(7)}"` }
      return { status: 302, headers }
    }
  const parts = (stem: string) => [1, 2].map((index) => `${stem}-0000${index}-of-00002.gguf`)
  const FILES = ['README.md', ...parts('Q8_0/big-Q8_0'), ...parts('big-Q4_K_M'), ...parts('big-IQ4_K_M').slice(0, 1)]
  const WHOLE = digestOf(Buffer.concat(PARTS))

  it.each([
    ['hf.co/user/big:Q8_0', 'Q8_0/big-Q8_0'],
    ['huggingface.co/user/big:q4_k_m', 'big-Q4_K_M'],
    ['hf.co/user/big', 'big-Q4_K_M'],
    ['hf.co/user/big:big-Q4_K_M.gguf', 'big-Q4_K_M'],
  ])('%s is made of its parts', async (name, stem) => {
    const { http, store, done } = pull(repository(FILES), name)
    const items = await done
    expect(items.at(-1)).toEqual({ status: 'success' })
    expect(items.map(({ status }) => status)).toContain('merging the parts')
    const asked = http.requests.map(({ url }) => new URL(url).pathname).filter((path) => path.includes('/resolve/'))
    expect([...new Set(asked)]).toEqual(parts(stem).map((file) => `/user/big/resolve/main/${file}`))
    const stored = await store.manifests.read(parseModelName(name))
    expect(stored?.manifest.layers[0]).toMatchObject({ digest: WHOLE, name: expect.stringMatching(/^parts@sha256:/) })
    expect(store.removed).toEqual(PARTS.map(digestOf))
  })

  it('is not fetched again while its parts are the same', async () => {
    const first = pull(repository(FILES), 'hf.co/user/big')
    await first.done
    const before = first.http.requests.length
    const again = await collect(first.registry.pull(parseModelName('hf.co/user/big'), {}))
    expect(again.map(({ status }) => status)).toEqual(['pulling manifest', 'success'])
    expect(
      first.http.requests.slice(before).every(({ url, headers }) => !url.includes('cdn.example') || headers.range === 'bytes=0-0'),
    ).toBe(true)
  })

  it('that is not among those of the repository is refused with their names', async () => {
    await expect(pull(repository(FILES), 'hf.co/user/big:IQ4_K_M').done).rejects.toMatchObject({
      code: 'registry_not_found',
      message: 'user/big has no IQ4_K_M in several files; it has Q8_0/big-Q8_0, big-Q4_K_M',
    })
  })

  it('is no reason for another refusal to be forgotten', async () => {
    await expect(pull(repository(['README.md', 'small.gguf']), 'hf.co/user/big').done).rejects.toMatchObject({
      message: 'pull model manifest: 400: The specified repository contains sharded GGUF.',
    })
  })
})
