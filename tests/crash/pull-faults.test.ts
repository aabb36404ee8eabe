// Registries that fail in every way we know, each with a stated outcome: a whole blob, or an error that says what was wrong and leaves
// nothing under the model's name.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseModelName } from '../../src/model/name.ts'
import type { Progress } from '../../src/registry/registry.ts'
import {
  answer,
  corrupt,
  endEarlyAfter,
  type Fault,
  type FaultRegistry,
  type FaultRequest,
  honest,
  ignoreRange,
  lie,
  modelOf,
  type Plan,
  redirectTo,
  resetAfter,
  silent,
  stallAfter,
  startFaultRegistry,
  trickle,
} from '../support/fault-registry.ts'
import { createPulling, type Pulling } from '../support/pulling.ts'

const MIB = 1024 * 1024
const WEIGHTS = randomBytes(3 * MIB + 12_345)
const MODEL = modelOf(WEIGHTS)

let registry: FaultRegistry
let pulling: Pulling
beforeEach(async () => {
  pulling = await createPulling()
})
afterEach(async () => {
  await registry.close()
  pulling.remove()
})

const isWeights = ({ wanted }: FaultRequest) => wanted?.blob === WEIGHTS
const always =
  (fault: Fault): Plan =>
  (request) =>
    isWeights(request) ? fault : undefined
const atFirst =
  (times: number, fault: Fault): Plan =>
  (request) =>
    isWeights(request) && request.count <= times ? fault : undefined

async function pull(plan: Plan): Promise<Progress[]> {
  registry = await startFaultRegistry(MODEL, plan)
  return pulling.pull(nameHere())
}

const nameHere = () => `${registry.host}/library/m:v1`
const stored = () => pulling.store.manifests.read(parseModelName(nameHere()))

async function expectWhole(progress: Progress[]): Promise<void> {
  expect(progress.at(-1)).toEqual({ status: 'success' })
  expect(await stored()).toBeDefined()
  expect(readFileSync(pulling.store.blobs.path(MODEL.digest)).equals(WEIGHTS)).toBe(true)
  expect(pulling.blobs().filter((name) => name.includes('partial'))).toEqual([])
  const completed = progress.filter(({ digest }) => digest === MODEL.digest).map(({ completedBytes = 0 }) => completedBytes)
  expect(completed, 'progress never goes backwards').toEqual(completed.toSorted((a, b) => a - b))
}

/** Bytes of the weights that were asked for, however often. */
function askedBytes(): number {
  return registry.requests.filter(isWeights).reduce((sum, { wanted }) => sum + ((wanted?.end ?? 0) - (wanted?.start ?? 0)), 0)
}

describe('a pull ends with the whole blob from a registry that', () => {
  it.each<[string, Plan]>([
    ['resets connections in the middle', atFirst(8, resetAfter(100_000))],
    ['resets connections before the first byte', atFirst(3, resetAfter(0))],
    ['resets connections after the request', atFirst(3, (_, reply) => void reply.socket?.resetAndDestroy())],
    ['stalls in the middle', atFirst(2, stallAfter(50_000))],
    ['stalls before the first byte of a body', atFirst(2, stallAfter(0))],
    ['never answers at first', atFirst(2, silent)],
    ['ends its answers early', atFirst(6, endEarlyAfter(70_000))],
    [
      'answers 500, 502, 503 and 429 at times',
      (request) => (isWeights(request) ? [answer(500), answer(502), answer(503), answer(429)][request.count - 1] : undefined),
    ],
    ['knows no ranges', always(ignoreRange)],
    [
      'knows no ranges and breaks off',
      (request) => (isWeights(request) ? (request.count === 1 ? endWholeAfter(2 * MIB) : ignoreRange) : undefined),
    ],
    ['gives shorter ranges than were asked for', always(halfRange)],
    ['gives no length', always(chunked)],
    ['does not say how large the blob is', always((request, reply) => lie({ 'content-range': rangeText(request, '*') })(request, reply))],
  ])('%s', async (_, plan) => {
    await expectWhole(await pull(plan))
  })

  it('resets every connection after some bytes: what arrived is not asked for again', async () => {
    await expectWhole(await pull(always(resetAfter(300_000))))
    // Each request asks from where the last one ended; only bytes that the reset took from the socket's buffer come again.
    const restarts = registry.requests.filter(isWeights).map(({ wanted }) => wanted?.start ?? 0)
    expect(new Set(restarts).size).toBeGreaterThan(8)
  })

  it('sends the bytes from a storage whose address expires after some of them', async () => {
    let generation = 0
    const plan: Plan = (request) => {
      const asked = /\/storage\/(\d+)/.exec(request.url)?.[1]
      if (asked === undefined) return isWeights(request) ? redirectTo(`http://localhost:${port()}/storage/${++generation}`) : undefined
      request.wanted = { blob: WEIGHTS, ...rangeOf(request) }
      // Each address is good for two requests and breaks off in the second.
      const uses = registry.requests.filter(({ url }) => url === request.url).length
      return uses > 2
        ? answer(403, {}, '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>')
        : resetAfter(uses === 2 ? 200_000 : 2 * MIB)
    }
    await expectWhole(await pull(plan))
    expect(generation).toBeGreaterThan(1)
    const toStorage = registry.requests.filter(({ url }) => url.includes('/storage/'))
    expect(toStorage.every(({ headers }) => headers.authorization === undefined)).toBe(true)
  })

  it('lets some connections trickle: the last per cent is not slow', async () => {
    const begunMs = Date.now()
    await expectWhole(await pull((request) => (isWeights(request) && [2, 4].includes(request.count) ? trickle : undefined)))
    expect(Date.now() - begunMs).toBeLessThan(20_000)
  })

  it('fails one pull: the next one asks only for the rest', async () => {
    let broken = true
    await expect(
      pull((request) => (isWeights(request) && broken ? (request.count <= 1 ? resetAfter(MIB) : answer(404)) : undefined)),
    ).rejects.toMatchObject({
      code: 'registry_not_found',
    })
    broken = false
    const before = askedBytes()
    await expectWhole(await pulling.pull(nameHere()))
    expect(askedBytes() - before).toBeLessThan(WEIGHTS.length)
  })
})

describe('a pull fails, and says why, at a registry that', () => {
  it.each<[string, Plan, string, RegExp]>([
    [
      'corrupts bytes',
      always(corrupt),
      'digest_mismatch',
      /^digest mismatch, file must be downloaded again: want sha256:\w+, got sha256:\w+$/,
    ],
    ['refuses the blob', always(answer(403, {}, 'no access')), 'forbidden', /^403: no access$/],
    ['does not have the blob', always(answer(404)), 'registry_not_found', /^404$/],
    ['always fails', always(answer(500, {}, 'broken')), 'registry_error', /^max retries exceeded: 500: broken$/],
    ['never answers', always(silent), 'registry_unreachable', /^max retries exceeded: no answer for 30 seconds$/],
    ['redirects in circles', always(redirectTo('?again')), 'registry_error', /^maximum redirects exceeded \(10\)/],
    ['redirects to nowhere', always(answer(307)), 'registry_error', /redirects without a usable Location$/],
    ['redirects to a file', always(redirectTo('file:///etc/passwd')), 'registry_error', /redirects to a file: address$/],
    [
      'sends another range',
      always(lie({ 'content-range': `bytes 5-${MIB}/${WEIGHTS.length}` })),
      'registry_error',
      /another range than was asked for/,
    ],
    [
      'sends a range backwards',
      always(lie({ 'content-range': `bytes 0--1/${WEIGHTS.length}` })),
      'registry_error',
      /without a usable Content-Range/,
    ],
    ['sends no Content-Range', always(lie({ 'content-range': 'bytes' })), 'registry_error', /without a usable Content-Range/],
    [
      'has a larger blob',
      always((request, reply) => lie({ 'content-range': rangeText(request, String(2 ** 40)) })(request, reply)),
      'registry_error',
      /has 1099511627776 bytes where the manifest says/,
    ],
    ['has a smaller blob', always(answer(200, { 'content-length': 1 }, 'x')), 'registry_error', /has 1 bytes where the manifest says/],
    [
      'sends compressed bytes',
      always(lie({ 'content-encoding': 'gzip' })),
      'registry_error',
      /Content-Encoding gzip, which was not asked for/,
    ],
    ['answers 204', always(answer(204)), 'registry_error', /^204$/],
    [
      'answers manifests with 500',
      (request) => (request.kind === 'manifest' ? answer(500, {}, 'oops') : undefined),
      'registry_error',
      /^pull model manifest: 500: oops$/,
    ],
    [
      'asks for a newer version',
      (request) => (request.kind === 'manifest' ? answer(412, {}, '\n\nnewer') : undefined),
      'registry_error',
      /^pull model manifest: 412: newer$/,
    ],
    [
      'answers manifests with HTML',
      (request) => (request.kind === 'manifest' ? answer(200, {}, '<html>') : undefined),
      'registry_error',
      /^pull model manifest: the manifest is not JSON$/,
    ],
    [
      'resets the manifest',
      (request) => (request.kind === 'manifest' ? (_, reply) => void reply.socket?.resetAndDestroy() : undefined),
      'registry_unreachable',
      /^pull model manifest: Get "http:.*": connection reset by peer$/,
    ],
    [
      'redirects manifests in circles',
      (request) => (request.kind === 'manifest' ? redirectTo('?again') : undefined),
      'registry_error',
      /^pull model manifest: maximum redirects exceeded \(10\)/,
    ],
  ])('%s', async (_, plan, code, message) => {
    const failure = await pull(plan).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(await stored()).toBeUndefined()
    expect(await pulling.store.blobs.has(MODEL.digest)).toBe(false)
  })

  it('corrupts bytes once: the next pull fetches them again', async () => {
    let isBad = true
    await expect(pull((request) => (isWeights(request) && isBad ? corrupt : undefined))).rejects.toMatchObject({ code: 'digest_mismatch' })
    isBad = false
    await expectWhole(await pulling.pull(nameHere()))
  })
})

describe('a manifest that a registry redirects to another address', () => {
  it('is taken from there', async () => {
    await expectWhole(
      await pull((request) => (request.kind === 'manifest' && request.count === 1 ? redirectTo('/v2/other/m/manifests/v1') : undefined)),
    )
  })
})

describe('a push goes through to a registry that', () => {
  const inRegistry = () => registry.pushed.get(MODEL.digest)?.equals(WEIGHTS)

  async function push(plan: Plan): Promise<void> {
    await pull(() => undefined)
    const manifest = await stored()
    await registry.close()
    registry = await startFaultRegistry({ manifest: '', blobs: new Map() }, plan)
    await pulling.store.manifests.write(parseModelName(nameHere()), manifest?.bytes ?? Buffer.alloc(0))
    expect((await pulling.push(nameHere())).at(-1)).toEqual({ status: 'success' })
    expect(inRegistry()).toBe(true)
    expect(registry.pushed.get(`/v2/library/m/manifests/v1`)?.equals(manifest?.bytes ?? Buffer.alloc(0))).toBe(true)
  }

  const patches = (request: FaultRequest) => request.method === 'PATCH'

  it('resets a part', async () => {
    let left = 1
    await push((request) => (patches(request) && left-- > 0 ? (_, reply) => void reply.socket?.resetAndDestroy() : undefined))
  })

  it('answers a part with 500 and then with 416', async () => {
    const faults = [answer(500), answer(416, { range: '0-0' })]
    await push((request) => (patches(request) ? faults.shift() : undefined))
  })

  it('takes no parts', async () => {
    await push((request) => (patches(request) ? answer(405) : undefined))
  })
})

const port = () => registry.host.split(':')[1]

function rangeOf({ headers }: FaultRequest): { start: number; end: number } {
  const [, first = '0', last = '0'] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
  return { start: Number(first), end: Number(last) + 1 }
}

function rangeText({ wanted }: FaultRequest, size: string): string {
  return `bytes ${wanted?.start}-${(wanted?.end ?? 0) - 1}/${size}`
}

function halfRange(request: FaultRequest, reply: Parameters<Fault>[1]): void {
  const { wanted } = request
  if (wanted) wanted.end = Math.ceil((wanted.start + wanted.end) / 2)
  honest(request, reply)
}

function chunked(request: FaultRequest, reply: Parameters<Fault>[1]): void {
  endEarlyAfter(Number.POSITIVE_INFINITY)(request, reply)
}

function endWholeAfter(bytes: number): Fault {
  return ({ wanted }, reply) => {
    reply.writeHead(200, { 'content-length': wanted?.blob.length ?? 0 })
    reply.write(wanted?.blob.subarray(0, bytes), () => reply.destroy())
  }
}
