// Models out of one GGUF file at a URL, from servers that behave and servers that do not.

import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseModelName } from '../../src/model/name.ts'
import type { Progress } from '../../src/registry/registry.ts'
import {
  answer,
  corrupt,
  digestOf,
  type Fault,
  type FaultRegistry,
  type FaultRequest,
  honest,
  redirectTo,
  startFaultRegistry,
} from '../support/fault-registry.ts'
import { createPulling, type Pulling } from '../support/pulling.ts'

const FILE = randomBytes(2_500_000)
const DIGEST = digestOf(FILE)
const SHA256 = createHash('sha256').update(FILE).digest()
const NAME = parseModelName('tiny')

let server: FaultRegistry
let pulling: Pulling
beforeEach(async () => {
  pulling = await createPulling()
})
afterEach(async () => {
  await server.close()
  pulling.remove()
})

async function pull(plan: (request: FaultRequest) => Fault | undefined, path = '/files/tiny.gguf?x=1'): Promise<Progress[]> {
  server = await startFaultRegistry({ manifest: '', blobs: new Map() }, (request) => {
    request.wanted = { blob: FILE, ...rangeOf(request) }
    return plan(request)
  })
  return fetchAgain(path)
}

async function fetchAgain(path = '/files/tiny.gguf?x=1'): Promise<Progress[]> {
  const items: Progress[] = []
  for await (const item of pulling.registry.pullFile(new URL(path, server.origin), { insecure: true })) items.push(item)
  return items
}

async function expectWhole(items: Progress[]): Promise<void> {
  expect(items.at(-1)).toEqual({ status: 'success' })
  expect((await pulling.store.manifests.read(NAME))?.manifest.layers[0]).toMatchObject({ digest: DIGEST, sizeBytes: FILE.length })
  expect(readFileSync(pulling.store.blobs.path(DIGEST)).equals(FILE)).toBe(true)
}

const withHeaders =
  (headers: Record<string, string>, fault: Fault = honest): Fault =>
  (request, reply) => {
    for (const [name, value] of Object.entries(headers)) reply.setHeader(name, value)
    fault(request, reply)
  }

describe('a file whose server names its sha256', () => {
  const named = { 'repr-digest': `md5=:x:, sha-256=:${SHA256.toString('base64')}:` }

  it('comes in ranges and is verified', async () => {
    const items = await pull(() => withHeaders(named))
    await expectWhole(items)
    expect(items.filter(({ digest }) => digest === DIGEST).at(-1)).toMatchObject({ completedBytes: FILE.length, totalBytes: FILE.length })
    expect(server.requests.length).toBeGreaterThan(2)
  })

  it('comes from the storage that Hugging Face redirects to, with the digest that it names', async () => {
    const linked = { 'x-linked-etag': `"${SHA256.toString('hex')}"`, 'x-linked-size': String(FILE.length) }
    const plan = ({ url }: FaultRequest) => (url.startsWith('/files') ? withHeaders(linked, redirectTo('/cdn/blob?signed', 302)) : honest)
    await expectWhole(await pull(plan))
  })

  it('is refused when it has other bytes', async () => {
    await expect(pull(() => withHeaders(named, corrupt))).rejects.toMatchObject({ code: 'digest_mismatch' })
    expect(await pulling.store.manifests.list()).toEqual([])
  })

  it('is not fetched again when it is there', async () => {
    await expectWhole(await pull(() => withHeaders(named)))
    const before = server.requests.length
    await expectWhole(await fetchAgain())
    expect(server.requests.length).toBe(before + 1)
  })
})

describe('a file that nobody names', () => {
  it('comes in one stream', async () => {
    await expectWhole(await pull(() => honest))
    expect(server.requests.map(({ headers }) => headers.range)).toEqual(['bytes=0-0', undefined])
  })

  it('goes on after resets, within the same version', async () => {
    let cuts = 3
    await expectWhole(
      await pull(({ headers }) =>
        headers.range === 'bytes=0-0' || cuts-- <= 0 ? withHeaders({ etag: '"v1"' }) : withHeaders({ etag: '"v1"' }, cutAfter(600_000)),
      ),
    )
    const later = server.requests.slice(2)
    expect(later.map(({ headers }) => headers['if-range'])).toEqual(['"v1"', '"v1"', '"v1"'])
    expect(later.map(({ wanted }) => wanted?.start)).toEqual([600_000, 1_200_000, 1_800_000])
  })

  it('is an error where the server cannot go on', async () => {
    const whole: Fault = (request, reply) => {
      request.wanted = { blob: FILE, start: 0, end: FILE.length }
      delete request.headers.range
      cutAfter(600_000)(request, reply)
    }
    await expect(pull(({ headers }) => (headers.range === 'bytes=0-0' ? honest : whole))).rejects.toMatchObject({
      code: 'registry_error',
      message: 'the connection broke off, and the server cannot go on where it was',
    })
    expect(pulling.blobs()).toEqual([])
  })

  it.each<[string, Fault, string, string]>([
    ['is not there', answer(404, {}, 'no such file'), 'registry_not_found', 'pull file: 404: no such file'],
    ['is refused', answer(403), 'forbidden', 'pull file: 403'],
    ['leads in circles', redirectTo('/files/tiny.gguf'), 'registry_error', 'maximum redirects exceeded (10) for directURL'],
  ])('%s', async (_, fault, code, message) => {
    await expect(pull(() => fault)).rejects.toMatchObject({ code, message })
  })
})

describe('plain http', () => {
  it('is refused unless it was asked for', async () => {
    server = await startFaultRegistry({ manifest: '', blobs: new Map() })
    const pulled = pulling.registry.pullFile(new URL('/tiny.gguf', server.origin), {})
    await expect(pulled[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'insecure protocol http',
    })
    expect(server.requests).toEqual([])
  })
})

/** The bytes have left before the connection ends, so that it is known how many arrived. */
function cutAfter(bytes: number): Fault {
  return ({ wanted, headers }, reply) => {
    const { blob, start, end } = wanted ?? { blob: FILE, start: 0, end: 0 }
    const length = { 'content-length': end - start }
    if (headers.range === undefined) reply.writeHead(200, length)
    else reply.writeHead(206, { ...length, 'content-range': `bytes ${start}-${end - 1}/${blob.length}` })
    reply.write(blob.subarray(start, start + bytes), () => reply.socket?.end())
  }
}

function rangeOf({ headers }: FaultRequest): { start: number; end: number } {
  const [, first = '0', last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? []
  return { start: Number(first), end: last ? Number(last) + 1 : FILE.length }
}
