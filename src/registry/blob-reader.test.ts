import { describe, expect, it } from 'vitest'
import { createBlobReader } from './blob-reader.ts'
import { MAX_REDIRECTS } from './follow.ts'
import { createFakeHttp, type FakeAnswer, type FakeServer, rangeAnswer } from './testing/fake-http.ts'
import { layerOf, openSession, WEIGHTS } from './testing/fixtures.ts'

const LAYER = layerOf(WEIGHTS, 'model')
const { signal } = new AbortController()

function readerFor(server: FakeServer) {
  const http = createFakeHttp(server)
  return { http, reader: createBlobReader(openSession(http), LAYER) }
}

async function read(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const bytes of body) chunks.push(bytes)
  return Buffer.concat(chunks)
}

const redirecting = (status: number, target: (count: number) => string): FakeServer => {
  let count = 0
  return (request, url) => {
    if (url.host === 'registry.example') return { status, headers: { location: target(++count) } }
    return rangeAnswer(request, WEIGHTS)
  }
}

describe('a range of a blob', () => {
  it('comes from the registry itself, as Docker registries answer', async () => {
    const { reader, http } = readerFor((request) => rangeAnswer(request, WEIGHTS))
    const range = await reader.open(10, 20, signal)
    expect(range).toMatchObject({ start: 10, end: 20 })
    expect(await read(range.body)).toEqual(WEIGHTS.subarray(10, 20))
    expect(http.requests[0]?.url).toBe(`https://registry.example/v2/library/tiny/blobs/${LAYER.digest}`)
  })

  it.each([301, 302, 303, 307, 308])('comes from a storage behind a %d, whose address is kept', async (status) => {
    const { reader, http } = readerFor(redirecting(status, () => 'https://cdn.example/blob?sig=1'))
    await reader.open(0, 10, signal)
    await reader.open(10, 20, signal)
    expect(http.requests.map(({ url }) => new URL(url).host)).toEqual(['registry.example', 'cdn.example', 'cdn.example'])
  })

  it('is asked for anew at the registry when the storage says that the address has expired', async () => {
    let expired = false
    const { reader, http } = readerFor((request, url) => {
      if (url.host === 'registry.example') return { status: 307, headers: { location: `https://cdn.example/blob?sig=${expired ? 2 : 1}` } }
      return expired && url.search === '?sig=1' ? { status: 403, body: '<Error>expired' } : rangeAnswer(request, WEIGHTS)
    })
    await reader.open(0, 10, signal)
    expired = true
    await expect(reader.open(10, 20, signal)).rejects.toMatchObject({ details: { retry: true } })
    expect(await read((await reader.open(10, 20, signal)).body)).toEqual(WEIGHTS.subarray(10, 20))
    expect(http.requests.at(-1)?.url).toContain('sig=2')
  })

  it('may be the whole blob from a server without ranges', async () => {
    const { reader } = readerFor(() => ({ status: 200, body: WEIGHTS }))
    expect(await reader.open(10, 20, signal)).toMatchObject({ start: 0, end: WEIGHTS.length })
  })

  it('follows ten redirects and not one more', async () => {
    const hops = (count: number): FakeServer => {
      let left = count
      return (request) => (left-- > 0 ? { status: 307, headers: { location: `https://h${left}.example/` } } : rangeAnswer(request, WEIGHTS))
    }
    await readerFor(hops(MAX_REDIRECTS)).reader.open(0, 10, signal)
    await expect(readerFor(hops(MAX_REDIRECTS + 1)).reader.open(0, 10, signal)).rejects.toThrow('maximum redirects exceeded (10)')
  })

  it('never follows a public registry into the private network', async () => {
    const http = createFakeHttp(
      redirecting(307, () => 'http://169.254.169.254/latest/meta-data'),
      ['169.254.169.254'],
    )
    await expect(createBlobReader(openSession(http), LAYER).open(0, 10, signal)).rejects.toMatchObject({ code: 'registry_error' })
  })

  it.each<[string, FakeAnswer, string]>([
    ['a redirect without Location', { status: 307 }, 'Location'],
    ['an error', { status: 500, body: 'boom' }, '500: boom'],
    ['absence', { status: 404 }, '404'],
    ['a range without Content-Range', { status: 206 }, 'Content-Range'],
    ['another range', { status: 206, headers: { 'content-range': 'bytes 0-9/5000' } }, 'another range'],
    ['more than the range', { status: 206, headers: { 'content-range': 'bytes 10-30/5000' } }, 'another range'],
    ['an empty range', { status: 206, headers: { 'content-range': 'bytes 10-9/5000' } }, 'another range'],
    ['a blob of another size', { status: 206, headers: { 'content-range': 'bytes 10-19/77' } }, '77 bytes where the manifest says 5000'],
    ['a whole blob of another size', { status: 200, headers: { 'content-length': '0' } }, '0 bytes where the manifest says 5000'],
    ['a negative length', { status: 200, headers: { 'content-length': '-1' } }, 'manifest says'],
    ['a length that does not fit', { status: 206, headers: { 'content-range': 'bytes 10-19/*', 'content-length': '5' } }, 'does not fit'],
    ['a compressed body', { status: 200, headers: { 'content-encoding': 'gzip' } }, 'gzip'],
  ])('is refused when the answer is %s', async (_, answer, message) => {
    await expect(readerFor(() => answer).reader.open(10, 20, signal)).rejects.toThrow(message)
  })
})
