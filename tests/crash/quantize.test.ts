// What is left when a quantization does not come to its end: nothing of it, a server that goes on, and a clear word for who waited.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeWideModel } from '../../src/gguf/testing/wide-model.ts'
import { createFromFile, post, postStream } from '../support/models.ts'
import { runnersOf } from '../support/runners.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Part {
  status?: string
  error?: string
  completed?: number
}

let folder: string
let server: TestServer
/** Work for some seconds. */
const file = () => path.join(folder, 'large.gguf')
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-quantize-'))
  await writeWideModel(file(), { type: 'F16', blocks: 60 })
  server = await startServer()
  await createFromFile(server.url, { name: 'large', file: file() })
})
afterAll(async () => {
  await server.stop()
  server.clean()
  rmSync(folder, { recursive: true, force: true })
})

const blobs = ({ models }: TestServer) => readdirSync(path.join(models, 'blobs')).sort()
const request = { model: 'made', from: 'large', quantize: 'Q4_K_M' }

/** A stream that has come to the first converted tensors. */
async function begun(url: string, signal?: AbortSignal) {
  const parts = postStream<Part>(`${url}/api/create`, request, signal)
  for await (const { status, completed } of { [Symbol.asyncIterator]: () => ({ next: () => parts.next() }) })
    if (status?.startsWith('quantizing') && completed) return parts
  throw new Error('the quantization ended before it was disturbed')
}

async function modelsOf({ url }: TestServer): Promise<string[]> {
  const { models } = (await (await fetch(`${url}/api/tags`)).json()) as { models: { name: string }[] }
  return models.map(({ name }) => name)
}

describe('a quantization', () => {
  it('ends with its client, and the next one is made', async () => {
    const before = blobs(server)
    const leave = new AbortController()
    await begun(server.url, leave.signal)
    const [child] = runnersOf(server)
    expect(child).toBeDefined()
    leave.abort()
    await expect.poll(() => runnersOf(server), { timeout: 5000 }).toEqual([])
    await expect.poll(() => blobs(server), { timeout: 5000 }).toEqual(before)
    expect(await modelsOf(server)).toEqual(['large:latest'])
  })

  it('says so when its process dies, and leaves nothing', async () => {
    const before = blobs(server)
    const parts = await begun(server.url)
    for (const id of runnersOf(server)) process.kill(id, 'SIGKILL')
    const rest = []
    for await (const part of parts) rest.push(part)
    expect(rest.at(-1)?.error).toMatch(/^the process that quantizes the model has stopped \(SIGKILL\)/)
    expect(rest.some(({ status }) => status === 'success')).toBe(false)
    expect(blobs(server)).toEqual(before)
    expect(await modelsOf(server)).toEqual(['large:latest'])
  })

  it('waits for the one before it, and can be called off while it does', async () => {
    const leave = new AbortController()
    await begun(server.url, leave.signal)
    const waiting = new AbortController()
    const second = postStream<Part>(`${server.url}/api/create`, { ...request, model: 'second' }, waiting.signal)
    await second.next()
    expect(runnersOf(server)).toHaveLength(1)
    waiting.abort()
    await expect(second.next()).rejects.toThrow()
    expect(runnersOf(server)).toHaveLength(1)
    leave.abort()
    await expect.poll(() => runnersOf(server), { timeout: 5000 }).toEqual([])
  })

  it('dies with its server, and another server can make the model', async () => {
    const doomed = await startServer()
    await createFromFile(doomed.url, { name: 'large', file: file() })
    const parts = await begun(doomed.url)
    const children = runnersOf(doomed)
    await doomed.kill()
    await expect(parts.next().then(() => parts.next())).rejects.toThrow()
    await expect.poll(() => children.filter(isAlive), { timeout: 5000 }).toEqual([])
    const next = await startServer({ home: doomed.home })
    expect(await modelsOf(next)).toEqual(['large:latest'])
    expect(await post(`${next.url}/api/create`, { ...request, stream: false })).toEqual({ status: 'success' })
    await next.stop()
    next.clean()
  })

  it('of a file that the engine does not know is refused in its words', async () => {
    const strange = path.join(folder, 'strange.gguf')
    await writeWideModel(strange, { type: 'F16', blocks: 1, architecture: 'nosuch' })
    await expect(createFromFile(server.url, { name: 'strange', file: strange, fields: { quantize: 'Q8_0' } })).rejects.toThrow(
      /the engine cannot quantize this model: .*unknown model architecture: 'nosuch'/,
    )
  })
})

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch {
    // No such process.
    return false
  }
}
