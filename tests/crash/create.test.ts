import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { createSmol, post } from '../support/models.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { TEST_MODEL_SHA256 } from '../support/test-model.ts'

/** Every file in blobs/ that bears a digest must have it. */
function damagedBlobs({ models }: TestServer): string[] {
  const folder = path.join(models, 'blobs')
  return readdirSync(folder)
    .filter((name) => /^sha256-[0-9a-f]{64}$/.test(name))
    .filter(
      (name) =>
        `sha256-${createHash('sha256')
          .update(readFileSync(path.join(folder, name)))
          .digest('hex')}` !== name,
    )
}

async function tags({ url }: TestServer): Promise<string[]> {
  const { models } = (await (await fetch(`${url}/api/tags`)).json()) as { models: { name: string }[] }
  return models.map(({ name }) => name)
}

describe('a server that is killed in mid-upload', () => {
  it('leaves no blob under the name, and the next server takes the upload from the start', async () => {
    const server = await startServer()
    const bytes = readFileSync(process.env.LLAMERO_TEST_GGUF as string)
    const request = http.request(`${server.url}/api/blobs/sha256:${TEST_MODEL_SHA256}`, {
      method: 'POST',
      headers: { 'content-length': bytes.byteLength },
    })
    const failed = once(request, 'error')
    await new Promise<void>((resolve) => request.write(bytes.subarray(0, 40_000_000), () => resolve()))
    await server.kill()
    await failed
    const next = await startServer({ home: server.home })
    expect((await fetch(`${next.url}/api/blobs/sha256:${TEST_MODEL_SHA256}`, { method: 'HEAD' })).status).toBe(404)
    expect(damagedBlobs(next)).toEqual([])
    await createSmol(next.url)
    expect(await tags(next)).toEqual(['smol:latest'])
    await next.stop()
    next.clean()
  })
})

describe('a server that is killed in mid-create', () => {
  it('leaves the old model or the new one, whole, at whatever moment', async () => {
    let server = await startServer()
    await createSmol(server.url, 'smol', { system: 'version 0' })
    for (let turn = 1; turn <= 6; turn++) {
      const creating = post(`${server.url}/api/create`, { model: 'smol', from: 'smol', system: `version ${turn}`, stream: false }).catch(
        (error: unknown) => error,
      )
      // Each turn gives the server a little more of its work before it dies.
      for (let step = 0; step < turn * 3; step++) await new Promise((resolve) => setImmediate(resolve))
      await server.kill()
      await creating
      server = await startServer({ home: server.home })
      const shown = await post<{ system: string }>(`${server.url}/api/show`, { model: 'smol' })
      expect(shown.system).toMatch(/^version \d$/)
      expect(Number(shown.system.slice(-1))).toBeLessThanOrEqual(turn)
    }
    expect(damagedBlobs(server)).toEqual([])
    expect(
      await post(`${server.url}/api/generate`, { model: 'smol', prompt: 'Hi', stream: false, options: { num_predict: 2 } }),
    ).toMatchObject({ done: true })
    await server.stop()
    server.clean()
  })
})
