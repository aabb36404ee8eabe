// Files of strangers are converted in a process of their own: whatever becomes of it, the server goes on, and nothing of it stays.

import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelFolder } from '../../src/convert/testing/model-folders.ts'
import { postStream } from '../support/models.ts'
import { convertersOf } from '../support/runners.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Part {
  status?: string
  error?: string
}

type Files = Record<string, Uint8Array | string>

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

const blobs = () => readdirSync(path.join(server.models, 'blobs')).sort()

/** As a client sends them. */
async function upload(files: Files): Promise<Record<string, string>> {
  const digests: Record<string, string> = {}
  for (const [name, content] of Object.entries(files)) {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
    await fetch(`${server.url}/api/blobs/${digest}`, { method: 'POST', body: Buffer.from(content) })
    digests[name] = digest
  }
  return digests
}

const good = (): Files =>
  Object.fromEntries(
    Object.entries(modelFolder('qwen-3')).map(([name, content]): [string, Uint8Array | string] => [
      name,
      typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
    ]),
  )

/** Blanks that take a while to read, so that the process can be seen. */
const slow = (): Files => ({ ...good(), 'tokenizer.json': `${good()['tokenizer.json']}${' '.repeat(60 * 1024 * 1024)}` })

async function create(files: Record<string, string>, signal?: AbortSignal): Promise<Part[]> {
  const parts: Part[] = []
  for await (const part of postStream<Part>(`${server.url}/api/create`, { model: 'made', files }, signal)) parts.push(part)
  return parts
}

async function modelNames(): Promise<string[]> {
  const { models } = (await (await fetch(`${server.url}/api/tags`)).json()) as { models: { name: string }[] }
  return models.map(({ name }) => name)
}

describe('a conversion', () => {
  it('makes a model in a process that is gone afterwards', async () => {
    const parts = await create(await upload(good()))
    expect(parts.at(-1)).toEqual({ status: 'success' })
    expect(convertersOf(server)).toEqual([])
    expect(await modelNames()).toEqual(['made:latest'])
    await fetch(`${server.url}/api/delete`, { method: 'DELETE', body: '{"model":"made"}' })
  })

  it('that is killed is an error, and the next one is made', async () => {
    const files = await upload(slow())
    const before = blobs()
    const made = create(files)
    await expect.poll(() => convertersOf(server), { timeout: 20_000, interval: 20 }).toHaveLength(1)
    process.kill(convertersOf(server)[0] as number, 'SIGKILL')
    expect(await made).toEqual([
      { status: 'converting model' },
      { error: expect.stringContaining('the files could not be converted: it stopped (SIGKILL)') },
    ])
    expect(blobs()).toEqual(before)
    expect(await modelNames()).toEqual([])
    expect((await create(await upload(good()))).at(-1)).toEqual({ status: 'success' })
    await fetch(`${server.url}/api/delete`, { method: 'DELETE', body: '{"model":"made"}' })
  })

  it('ends with its client', async () => {
    const files = await upload(slow())
    const before = blobs()
    const leave = new AbortController()
    const made = create(files, leave.signal)
    await expect.poll(() => convertersOf(server), { timeout: 20_000, interval: 20 }).toHaveLength(1)
    leave.abort()
    await expect(made).rejects.toThrow()
    await expect.poll(() => convertersOf(server), { timeout: 20_000 }).toEqual([])
    await expect.poll(blobs, { timeout: 20_000 }).toEqual(before)
  })

  it.each<[string, string]>([
    ['lists', '[],'],
    ['objects', '{},'],
    ['lists in lists', '['],
  ])('is refused where a tokenizer is made of %s, before they fill the memory', async (_, piece) => {
    const tokenizer = `[${piece.repeat(Math.floor((32 * 1024 * 1024) / piece.length))}`
    const parts = await create(await upload({ ...good(), 'tokenizer.json': tokenizer }))
    expect(parts.at(-1)?.error).toContain('tokenizer.json: more than 4194304 objects and lists')
    expect(convertersOf(server)).toEqual([])
    expect(server.process.exitCode).toBeNull()
  })
})
