// The published attacks on Ollama's API and on its readers of model files, one test each, against a real server: it answers with an error and goes
// on serving. Those on pulls and pushes are in pull-advisories.test.ts; docs/security.md lists all of them.

import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { HostileBytes, TYPE } from '../../src/gguf/testing/hostile-bytes.ts'
import { writeTinyModel } from '../../src/gguf/testing/tiny-model.ts'
import { createFromFile } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'advisories-'))
  server = await startServer({ home: path.join(folder, 'home') })
  await writeTinyModel(path.join(folder, 'tiny.gguf'))
  await createFromFile(server.url, { name: 'tiny', file: path.join(folder, 'tiny.gguf') })
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})
afterEach(async () => {
  expect(server.process.exitCode, server.log()).toBeNull()
  expect((await fetch(`${server.url}/api/version`)).status).toBe(200)
})

interface Answer {
  status: number
  error: string
}

async function send(method: string, route: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await fetch(server.url + route, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const text = await answer.text()
  return { status: answer.status, error: (/"error":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text).slice(0, 500) }
}

/** What becomes of a model made of this file. */
async function create(bytes: Uint8Array, fields: Record<string, unknown> = {}): Promise<Answer> {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  await fetch(`${server.url}/api/blobs/${digest}`, { method: 'POST', body: Buffer.from(bytes) })
  return send('POST', '/api/create', { model: 'hostile', files: { 'model.gguf': digest }, stream: false, ...fields })
}

const refused = { status: 400, error: expect.stringMatching(/./) }

describe('a page in a browser: CVE-2024-28224', () => {
  it.each(['evil.example', 'evil.example:11434', '127.0.0.1.evil.example', 'localhost.evil.example', '8.8.8.8'])(
    'under the name %s that leads here is refused',
    async (host) => {
      const { request } = await import('node:http')
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const outgoing = request(`${server.url}/api/tags`, { headers: { host } }, (reply) => resolve(reply.resume().statusCode))
        outgoing.on('error', reject).end()
      })
      expect(status).toBe(403)
    },
  )

  it.each(['https://evil.example', 'http://127.0.0.1.evil.example', 'null', 'http://localhost.evil.example'])(
    'of the origin %s is refused',
    async (origin) => {
      expect(await send('GET', '/api/tags', undefined, { origin })).toMatchObject({ status: 403 })
      expect(await send('DELETE', '/api/delete', { model: 'tiny' }, { origin })).toMatchObject({ status: 403 })
      expect(await send('POST', '/api/show', { model: 'tiny' })).toMatchObject({ status: 200 })
    },
  )
})

describe('a path in a create request', () => {
  const ask = (fields: Record<string, unknown>) => send('POST', '/api/create', { model: 'spy', stream: false, ...fields })

  it.each<[string, (file: string) => Record<string, unknown>]>([
    ['path', (file) => ({ path: file })],
    ['modelfile', (file) => ({ modelfile: `FROM ${file}` })],
    ['adapter', (file) => ({ modelfile: `FROM tiny\nADAPTER ${file}` })],
  ])('does not tell whether a file is there: CVE-2024-39719, by %s', async (_, fields) => {
    const there = path.join(folder, 'secret.txt')
    writeFileSync(there, 'secret')
    const answers = [await ask(fields(there)), await ask(fields(path.join(folder, 'absent.txt'))), await ask(fields(folder))]
    expect(answers[0]?.status).toBe(400)
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]?.error).not.toContain('secret')
  })

  it.each(['/dev/random', '/dev/zero', '/dev/stdin', '/proc/self/mem'])('that leads to %s ends at once: CVE-2024-39721', async (device) => {
    for (const fields of [{ path: device }, { modelfile: `FROM ${device}` }]) expect((await ask(fields)).status).toBe(400)
  })

  it.each(['../../../etc/passwd', '/etc/passwd', 'a/../../b.gguf'])(
    'names a file, as %s, and no place on the disk: CVE-2024-45436, CVE-2024-39722',
    async (name) => {
      const digest = `sha256:${'0'.repeat(64)}`
      const before = readdirSync(folder, { recursive: true }).length
      expect((await ask({ files: { [name]: digest } })).status).toBe(400)
      expect(readdirSync(folder, { recursive: true }).length).toBe(before)
    },
  )

  it('and every other error name no folder of this machine: issue 13223', async () => {
    const answers = [
      await ask({ from: 'absent' }),
      await ask({ path: '/nowhere' }),
      await send('POST', '/api/show', { model: 'absent' }),
      await send('POST', '/api/push', { model: 'absent', stream: false }),
      await send('POST', '/api/copy', { source: 'absent', destination: 'x' }),
      await create(new TextEncoder().encode('GGUF')),
    ]
    expect(answers.filter(({ error }) => error.includes(folder) || error.includes(tmpdir()))).toEqual([])
  })
})

describe('an archive', () => {
  it('is no model and is never unpacked: CVE-2024-45436', async () => {
    // A zip with one member, `../../../escaped`.
    const name = Buffer.from('../../../escaped')
    const local = Buffer.concat([Buffer.from('504b0304140000000000000000000000000000000000000000001000', 'hex'), Buffer.from([0, 0]), name])
    expect(await create(local)).toMatchObject(refused)
    expect(existsSync(path.join(folder, '..', 'escaped'))).toBe(false)
    expect(readdirSync(server.models)).not.toContain('escaped')
  })
})

describe('a hostile model file is refused', () => {
  const llama = (keys: number) => new HostileBytes({ keys: keys + 1 }).key('general.architecture', TYPE.string).text('llama')
  const tensor = (shape: (number | bigint)[], offset: number | bigint = 0) =>
    new HostileBytes({ keys: 1, tensors: 1 }).key('general.architecture', TYPE.string).text('llama').tensor('t', { shape, offset }).data(64)

  it('when it ends after any of its first bytes: CVE-2024-39720', async () => {
    const whole = llama(0).bytes()
    for (let length = 0; length < whole.length; length++)
      expect(await create(whole.subarray(0, length)), `${length} bytes`).toMatchObject(refused)
  })

  it.each<[string, HostileBytes]>([
    [
      'a text is longer than the file: CVE-2024-12055',
      llama(1)
        .key('k', TYPE.string)
        .length(2 ** 31),
    ],
    [
      'a text has -1 bytes: CVE-2024-12055',
      llama(1)
        .key('k', TYPE.string)
        .length(2n ** 64n - 1n),
    ],
    [
      'an array has more items than memory: CVE-2025-0315',
      llama(1)
        .key('k', TYPE.array)
        .u32(TYPE.uint64)
        .length(2n ** 40n),
    ],
    ['it counts 2^63 tensors: CVE-2025-0315', new HostileBytes({ tensors: 2n ** 63n })],
    ['it counts 2^64-1 keys: issue 17042', new HostileBytes({ keys: 2n ** 64n - 1n })],
    ['it counts a billion keys in a few bytes: issue 17042', new HostileBytes({ keys: 1e9 })],
    ['its alignment is 0: CVE-2025-0317', llama(1).key('general.alignment', TYPE.uint32).u32(0)],
    ['its alignment is no power of two: CVE-2025-0317', llama(1).key('general.alignment', TYPE.uint32).u32(48)],
    [
      'a text of version 1 has 2^32-1 bytes: CVE-2025-66959',
      new HostileBytes({ version: 1, keys: 1 }).key('k', TYPE.string).u32(2 ** 32 - 1),
    ],
    ['a key of version 1 is empty: CVE-2025-66960', new HostileBytes({ version: 1, keys: 1 }).u32(0).u32(TYPE.string).u32(0)],
    ['a tensor ends behind the file: CVE-2026-7482', tensor([1000])],
    ['a tensor begins behind the file: CVE-2026-7482', tensor([4], 4096)],
    ['an offset wraps around: CVE-2026-7482', tensor([4], 2n ** 64n - 32n)],
    ['a product of dimensions wraps around: CVE-2026-7482', tensor([2 ** 32, 2 ** 32])],
    [
      'two tensors overlap: CVE-2026-7482',
      new HostileBytes({ tensors: 2 })
        .tensor('t', { shape: [16] })
        .tensor('u', { shape: [8], offset: 32 })
        .data(64),
    ],
  ])('when %s', async (_, file) => {
    expect(await create(file.bytes())).toMatchObject(refused)
  })

  it.each(['Q8_0', 'Q4_K_M'])(
    'before it is quantized to %s, so that no byte beyond it is ever read: CVE-2026-7482, CVE-2026-5757',
    async (quantize) => {
      expect(await create(tensor([1000]).bytes(), { quantize })).toMatchObject(refused)
      expect(await create(tensor([2 ** 32, 2 ** 32]).bytes(), { quantize })).toMatchObject(refused)
    },
  )

  it.each<[string, HostileBytes]>([
    ['without any key', new HostileBytes()],
    ['without an architecture', new HostileBytes({ keys: 1 }).key('general.name', TYPE.string).text('x')],
    ['of an architecture without its keys and tensors', llama(0)],
    ['of a vision model without its keys', new HostileBytes({ keys: 1 }).key('general.architecture', TYPE.string).text('clip')],
    ['with a block_count that is a text', llama(1).key('llama.block_count', TYPE.string).text('zero')],
    ['with a block_count of 0', llama(1).key('llama.block_count', TYPE.uint32).u32(0)],
    [
      'with a block_count of 2^32-1',
      llama(1)
        .key('llama.block_count', TYPE.uint32)
        .u32(2 ** 32 - 1),
    ],
  ])('or fails to load %s, and the server goes on: CVE-2025-0312, CVE-2024-8063, lmstudio issue 2289', async (_, file) => {
    const created = await create(file.bytes())
    if (created.status === 400) return
    expect((await send('POST', '/api/show', { model: 'hostile' })).status).toBeLessThanOrEqual(500)
    const answer = await send('POST', '/api/generate', { model: 'hostile', prompt: 'x', stream: false })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.error).not.toBe('')
  })
})

describe('a safetensors file', () => {
  it.each([2n ** 64n - 1n, 2n ** 63n, 2n ** 40n, 0n])('whose header claims %s bytes is an error', async (length) => {
    const bytes = Buffer.alloc(64)
    bytes.writeBigUInt64LE(length)
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    await fetch(`${server.url}/api/blobs/${digest}`, { method: 'POST', body: bytes })
    const files = { 'model.safetensors': digest }
    expect((await send('POST', '/api/create', { model: 'hostile', files, stream: false })).status).toBeGreaterThanOrEqual(400)
  })
})

describe('an image', () => {
  it.each(['!!!', 'aGk=', 'AAAA', 'iVBORw0KGgo=', '/9j/', 'R0lGODlh'])('of the bytes %s is an error: CVE-2025-15514', async (image) => {
    for (const [route, body] of [
      ['/api/generate', { prompt: 'x', images: [image] }],
      ['/api/chat', { messages: [{ role: 'user', content: 'x', images: [image] }] }],
    ] as const) {
      const answer = await send('POST', route, { model: 'tiny', stream: false, ...body })
      expect(answer.status).toBe(400)
      expect(answer.error).not.toBe('')
    }
  })
})

describe('an update', () => {
  it('of the program by itself does not exist: CVE-2026-42248, CVE-2026-42249', async () => {
    for (const route of ['/api/update', '/api/upgrade', '/api/llamero/update']) expect((await send('POST', route, {})).status).toBe(404)
  })
})
