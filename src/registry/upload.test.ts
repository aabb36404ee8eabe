import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import { createFakeHttp, type FakeAnswer, type FakeRequest, type FakeServer } from './testing/fake-http.ts'
import { openSession, WEIGHTS } from './testing/fixtures.ts'
import { createImpatientClock } from './testing/impatient-clock.ts'
import { digestOf } from './testing/memory-store.ts'
import { MAX_UPLOAD_FAILURES, uploadBlob } from './upload.ts'

const unreachable = () => new AppError('registry_unreachable', 'connection reset by peer')

/** Keeps what it gets as a registry does; `before` may answer or throw first. */
function createRegistry(before: (request: FakeRequest, url: URL) => FakeAnswer | undefined = () => undefined) {
  const state = { bytes: Buffer.alloc(0), committed: undefined as string | undefined }
  const range = () => ({ range: `0-${Math.max(state.bytes.length - 1, 0)}`, location: `/v2/up/1?state=${state.bytes.length}` })
  const server: FakeServer = (request, url) => {
    const early = before(request, url)
    if (early) return early
    switch (request.method) {
      case 'HEAD':
        return { status: 404 }
      case 'POST':
        state.bytes = Buffer.alloc(0)
        return { status: 202, headers: range() }
      case 'GET':
        return { status: 204, headers: range() }
      case 'PATCH': {
        const start = Number(/^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1])
        if (start !== state.bytes.length) return { status: 416, headers: range() }
        state.bytes = Buffer.concat([state.bytes, request.body])
        return { status: 202, headers: range() }
      }
      case 'PUT':
        state.bytes = Buffer.concat([state.bytes, request.body])
        state.committed = url.searchParams.get('digest') ?? ''
        return { status: digestOf(state.bytes) === state.committed ? 201 : 400, body: 'DIGEST_INVALID' }
    }
    return { status: 405 }
  }
  return { server, state }
}

describe('an upload', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'llamero-upload-'))
    await writeFile(path.join(folder, 'blob'), WEIGHTS)
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  function upload(server: FakeServer, { mountFrom, bytes = WEIGHTS }: { mountFrom?: string; bytes?: Buffer } = {}) {
    const http = createFakeHttp(server)
    const clock = createImpatientClock()
    const progress: number[] = []
    const done = uploadBlob(openSession(http), {
      blob: { digest: digestOf(bytes), sizeBytes: bytes.length, path: path.join(folder, 'blob') },
      ...(mountFrom === undefined ? {} : { mountFrom }),
      clock,
      log: silentLog,
      signal: new AbortController().signal,
      onProgress: (completed) => void progress.push(completed),
      partBytes: 2000,
    })
    return { http, done, progress, clock, methods: () => http.requests.map(({ method }) => method) }
  }

  it('goes in parts, one after another, at relative Locations', async () => {
    const { server, state } = createRegistry()
    const { http, done, progress } = upload(server)
    await done
    expect(state.committed).toBe(digestOf(WEIGHTS))
    const parts = http.requests.filter(({ method }) => method === 'PATCH')
    expect(parts.map(({ headers }) => headers['content-range'])).toEqual(['0-1999', '2000-3999', '4000-4999'])
    expect(parts.map(({ headers }) => headers['content-length'])).toEqual(['2000', '2000', '1000'])
    expect(parts.map(({ url }) => url)).toEqual([0, 2000, 4000].map((count) => `https://registry.example/v2/up/1?state=${count}`))
    expect(http.requests.at(-1)?.url).toBe(`https://registry.example/v2/up/1?state=5000&digest=${encodeURIComponent(digestOf(WEIGHTS))}`)
    expect(progress.at(-1)).toBe(5000)
  })

  it('of an empty blob is a commit alone', async () => {
    await writeFile(path.join(folder, 'blob'), '')
    const { server } = createRegistry()
    const { done, methods } = upload(server, { bytes: Buffer.alloc(0) })
    await done
    expect(methods()).toEqual(['HEAD', 'POST', 'PUT'])
  })

  it('is over when the registry has the blob or can mount it', async () => {
    const there = upload(() => ({ status: 200 }))
    await there.done
    expect(there.methods()).toEqual(['HEAD'])
    const mounted = upload(({ method }) => ({ status: method === 'HEAD' ? 404 : 201 }), { mountFrom: 'a/b' })
    await mounted.done
    expect(mounted.methods()).toEqual(['HEAD', 'POST'])
    expect(mounted.progress).toEqual([5000])
  })

  it('goes on in the ordinary way when it may not read the repository to mount from', async () => {
    const { server, state } = createRegistry((_, url) => (url.searchParams.has('mount') ? { status: 401 } : undefined))
    await upload(server, { mountFrom: 'a/b' }).done
    expect(state.committed).toBe(digestOf(WEIGHTS))
  })

  it.each([202, 403, 404])('goes on in the ordinary way when a mount is answered with %d', async (status) => {
    const { server, state } = createRegistry((_, url) =>
      url.searchParams.has('mount') ? { status, headers: { location: '/v2/up/1' } } : undefined,
    )
    await upload(server, { mountFrom: 'a/b' }).done
    expect(state.committed).toBe(digestOf(WEIGHTS))
  })

  it('asks where the registry stands after a failure, and goes on there', async () => {
    let failed = false
    const { server, state } = createRegistry((request) => {
      if (request.method !== 'PATCH' || failed || !request.headers['content-range']?.startsWith('2000-')) return undefined
      failed = true
      state.bytes = Buffer.concat([state.bytes, request.body.subarray(0, 500)])
      throw unreachable()
    })
    const { http, done } = upload(server)
    await done
    expect(state.committed).toBe(digestOf(WEIGHTS))
    const ranges = http.requests.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers['content-range'])
    expect(ranges).toEqual(['0-1999', '2000-3999', '2500-4499', '4500-4999'])
  })

  it('recovers from 416', async () => {
    let moved = false
    const { server, state } = createRegistry((request) => {
      if (request.method === 'PATCH' && !moved && state.bytes.length > 0) {
        moved = true
        state.bytes = state.bytes.subarray(0, 1000)
      }
      return undefined
    })
    await upload(server).done
    expect(state.committed).toBe(digestOf(WEIGHTS))
  })

  it('begins anew when the registry has forgotten it', async () => {
    let lost = false
    const { server, state } = createRegistry((request) => {
      if (request.method === 'PATCH' && !lost && state.bytes.length > 0) {
        lost = true
        return { status: 503 }
      }
      return lost && request.method === 'GET' ? { status: 404 } : undefined
    })
    const { done, methods } = upload(server)
    await done
    expect(methods().filter((method) => method === 'POST')).toHaveLength(2)
    expect(state.committed).toBe(digestOf(WEIGHTS))
  })

  it('gives up after six failures without progress', async () => {
    const { server } = createRegistry((request) => {
      if (request.method === 'PATCH') throw unreachable()
      return undefined
    })
    const { done, clock } = upload(server)
    await expect(done).rejects.toMatchObject({ code: 'registry_unreachable', message: 'max retries exceeded: connection reset by peer' })
    expect(clock.waited.filter((delay) => delay >= 1000)).toHaveLength(MAX_UPLOAD_FAILURES - 1)
  })

  it.each([404, 405, 501])('goes in one piece when PATCH is answered with %d', async (status) => {
    const { server, state } = createRegistry((request) => (request.method === 'PATCH' ? { status } : undefined))
    const { http, done } = upload(server)
    await done
    expect(state.committed).toBe(digestOf(WEIGHTS))
    expect(http.requests.at(-1)).toMatchObject({ method: 'PUT', headers: { 'content-length': '5000' } })
  })

  it("goes to the storage that Ollama's registry names, and commits with the checksum of its parts", async () => {
    const stored: Buffer[] = []
    const { server } = createRegistry((request, url) => {
      if (url.host === 'storage.example') {
        stored.push(request.body)
        return { status: stored.length === 1 ? 500 : 200 }
      }
      if (request.method === 'PATCH') {
        return { status: 307, headers: { location: 'https://storage.example/part', 'docker-upload-location': '/v2/up/1' } }
      }
      return request.method === 'PUT' ? { status: 201 } : undefined
    })
    const { http, done } = upload(server)
    await done
    const parts = stored.slice(1)
    expect(Buffer.concat(parts)).toEqual(WEIGHTS)
    const sums = parts.map((part) => createHash('md5').update(part).digest())
    const etag = `${createHash('md5').update(Buffer.concat(sums)).digest('hex')}-3`
    expect(new URL(http.requests.at(-1)?.url ?? '').searchParams.get('etag')).toBe(etag)
    expect(http.requests.find(({ url }) => url.includes('storage.example'))?.publicOnly).toBe(true)
  })

  it('repeats what the registry says against it', async () => {
    const { server } = createRegistry((request) => (request.method === 'PATCH' ? { status: 413, body: 'too large' } : undefined))
    await expect(upload(server).done).rejects.toMatchObject({ message: '413: too large' })
    const refused = createRegistry((request) => (request.method === 'PUT' ? { status: 400, body: 'DIGEST_INVALID' } : undefined))
    await expect(upload(refused.server).done).rejects.toMatchObject({ message: '400: DIGEST_INVALID' })
    await expect(upload(({ method }) => ({ status: method === 'HEAD' ? 404 : 403, body: 'read only' })).done).rejects.toMatchObject({
      code: 'forbidden',
      message: '403: read only',
    })
  })
})
