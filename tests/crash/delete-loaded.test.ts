// A model that is deleted while it answers.

import { readdirSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createSmol, post, postStream } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

interface Part {
  done: boolean
  done_reason?: string
  eval_count?: number
}

const begin = () =>
  postStream<Part>(`${server.url}/api/generate`, {
    model: 'smol',
    prompt: 'Tell a long story.',
    options: { num_predict: 120, temperature: 0, seed: 1 },
  })
const remove = () => fetch(`${server.url}/api/delete`, { method: 'DELETE', body: '{"model":"smol"}' })
const blobs = () => readdirSync(path.join(server.models, 'blobs'))

it('a model that is deleted and pruned while it answers ends its answer, and is gone; made again, it answers again', async () => {
  for (let round = 0; round < 2; round++) {
    await createSmol(server.url)
    const stream = begin()
    await stream.next()
    expect((await remove()).status).toBe(200)
    expect(blobs()).toEqual([])
    await post(`${server.url}/api/llamero/prune`, {})
    const parts: Part[] = []
    for await (const part of stream) parts.push(part)
    expect(parts.at(-1)).toMatchObject({ done: true, done_reason: 'length', eval_count: 120 })
    expect((await (await fetch(`${server.url}/api/tags`)).json()) as unknown).toEqual({ models: [] })
    await expect(begin().next()).rejects.toThrow(/^404 .*model 'smol' not found/)
    expect((await remove()).status).toBe(404)
  }
})
