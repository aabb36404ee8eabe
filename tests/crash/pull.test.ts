// kill -9 in the middle of a pull. What was reported as being on the disk is never asked for again, and what has the model's name is whole.

import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import type net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Digest, digestHex, toDigest } from '../../src/model/digest.ts'
import { formatManifest, type Layer } from '../../src/model/manifest.ts'
import { MEDIA_TYPES } from '../../src/model/media-type.ts'
import { parseModelName } from '../../src/model/name.ts'
import { createStore } from '../../src/store/open.ts'

const CHILD = fileURLToPath(new URL('./pull-child.ts', import.meta.url))
const MIB = 1024 * 1024
const SLOW_BYTES = 100

const WEIGHTS = randomBytes(24 * MIB)
const CONFIG = Buffer.from('{"model_format":"gguf"}')
const DIGEST = digestOf(WEIGHTS)
const MANIFEST = formatManifest({ config: layer(CONFIG, MEDIA_TYPES.config), layers: [layer(WEIGHTS, MEDIA_TYPES.model)] })

let root: string
let server: http.Server
let child: ChildProcess | undefined
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'pull-crash-'))
})
afterEach(() => {
  child?.kill('SIGKILL')
  server.closeAllConnections()
  server.close()
  rmSync(root, { recursive: true, force: true })
})

interface RegistryState {
  host: string
  /** Ranges of the weights that were asked for, [start, end). */
  asked: [number, number][]
}

/** Sends so many bytes of the weights at once, and the rest as slowly as a bad line. */
async function startRegistry(fastBytes: number): Promise<RegistryState> {
  const asked: [number, number][] = []
  let left = fastBytes
  server = http.createServer((request, reply) => {
    if (request.url?.includes('/manifests/')) return void reply.end(MANIFEST)
    const bytes = request.url?.endsWith(DIGEST) ? WEIGHTS : CONFIG
    const [, first = '0', last = '0'] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const [start, end] = [Number(first), Number(last) + 1]
    reply.writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}`, 'content-length': end - start })
    if (bytes === WEIGHTS) asked.push([start, end])
    const fast = bytes === CONFIG ? end - start : Math.min(end - start, left)
    left -= fast
    reply.write(bytes.subarray(start, start + fast))
    trickle(reply, bytes.subarray(start + fast, end))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { asked, host: `127.0.0.1:${(server.address() as net.AddressInfo).port}` }
}

function trickle(reply: http.ServerResponse, rest: Buffer): void {
  if (rest.length === 0) return void reply.end()
  if (reply.destroyed) return
  reply.write(rest.subarray(0, SLOW_BYTES))
  setTimeout(() => trickle(reply, rest.subarray(SLOW_BYTES)), 100)
}

function startPull(host: string): AsyncIterable<string> {
  child = spawn(process.execPath, ['--import', 'tsx', CHILD, root, `${host}/library/m:v1`], { stdio: ['ignore', 'pipe', 'inherit'] })
  return createInterface({ input: child.stdout ?? raise() })
}

async function killWhen(lines: AsyncIterable<string>, condition: () => boolean): Promise<void> {
  const exit = once(child ?? raise(), 'exit')
  for await (const _ of lines) if (condition()) child?.kill('SIGKILL')
  expect((await exit)[1]).toBe('SIGKILL')
}

/** What the progress files of the download say is on the disk. */
function persistedBytes(): number {
  const blobs = path.join(root, 'blobs')
  return readdirSync(blobs)
    .filter((name) => /-partial-\d+$/.test(name))
    .reduce((sum, name) => sum + (JSON.parse(readFileSync(path.join(blobs, name), 'utf8')) as { Completed: number }).Completed, 0)
}

async function finishPull(host: string): Promise<{ code: number | null; last: string }> {
  const lines = startPull(host)
  const exit = once(child ?? raise(), 'exit')
  let last = ''
  for await (const line of lines) last = line
  return { code: (await exit)[0], last }
}

describe('a pull that is killed', () => {
  it('goes on where its progress files say, and asks for nothing twice that they count', async () => {
    const first = await startRegistry(16 * MIB)
    // The store writes its progress every three seconds.
    await killWhen(startPull(first.host), () => persistedBytes() > 0)
    const persisted = persistedBytes()
    expect(persisted).toBeGreaterThan(0)
    expect(existsSync(path.join(root, 'blobs', `sha256-${digestHex(DIGEST)}`))).toBe(false)
    server.closeAllConnections()
    server.close()

    const second = await startRegistry(Number.POSITIVE_INFINITY)
    expect(await finishPull(second.host)).toEqual({ code: 0, last: '{"status":"success"}' })
    const bytes = second.asked.reduce((sum, [start, end]) => sum + end - start, 0)
    // What the journal has besides is not asked for either.
    expect(bytes).toBeLessThanOrEqual(WEIGHTS.length - persisted)
    expect(bytes).toBeGreaterThan(0)
    const store = await createStore({ root })
    const name = parseModelName(`${second.host}/library/m:v1`)
    expect(Buffer.from((await store.manifests.read(name))?.bytes ?? []).toString()).toBe(MANIFEST)
    expect(digestOf(readFileSync(store.blobs.path(DIGEST)))).toBe(DIGEST)
    expect(readdirSync(path.join(root, 'blobs')).filter((file) => file.includes('partial'))).toEqual([])
  })

  it('at its first step leaves nothing that a second one would stumble over', async () => {
    const first = await startRegistry(0)
    await killWhen(startPull(first.host), () => true)
    server.closeAllConnections()
    server.close()
    const second = await startRegistry(Number.POSITIVE_INFINITY)
    expect((await finishPull(second.host)).code).toBe(0)
  })
})

function digestOf(bytes: Uint8Array): Digest {
  return toDigest(createHash('sha256').update(bytes).digest('hex'))
}

function layer(bytes: Uint8Array, mediaType: string): Layer {
  return { mediaType, digest: digestOf(bytes), sizeBytes: bytes.length }
}

function raise(): never {
  throw new Error('there is no child process')
}
