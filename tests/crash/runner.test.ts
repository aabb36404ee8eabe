import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSmol, post, postStream } from '../support/models.ts'
import { runnersOf } from '../support/runners.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await createSmol(server.url, 'first')
  await createSmol(server.url, 'second', { parameters: { num_ctx: 512 } })
})
afterAll(async () => {
  await server.stop()
  server.clean()
})

const say = (model: string) =>
  post<{ done: boolean; eval_count: number }>(`${server.url}/api/generate`, {
    model,
    prompt: 'Hi',
    stream: false,
    options: { num_predict: 4 },
  })

describe('a runner that is killed in mid-stream', () => {
  it('fails its own request with a clear error, and the next request loads the model again', async () => {
    const stream = postStream<{ error?: string; done?: boolean }>(`${server.url}/api/generate`, {
      model: 'first',
      prompt: 'Count:',
      raw: true,
      options: { num_predict: 2000 },
    })
    await stream.next()
    for (const id of runnersOf(server)) process.kill(id, 'SIGKILL')
    const records = []
    for await (const record of stream) records.push(record)
    expect(records.at(-1)?.error).toMatch(/runner/)
    expect(records.some(({ done }) => done === true)).toBe(false)
    expect(await say('first')).toMatchObject({ done: true })
  })
})

describe('a server that is killed', () => {
  it('leaves no runner behind', async () => {
    const doomed = await startServer()
    await createSmol(doomed.url)
    await post(`${doomed.url}/api/generate`, { model: 'smol', prompt: 'Hi', stream: false, options: { num_predict: 1 } })
    const runners = runnersOf(doomed)
    expect(runners).toHaveLength(1)
    await doomed.kill()
    await expect.poll(() => runners.filter(isAlive), { timeout: 5000 }).toEqual([])
    doomed.clean()
  })

  it('leaves none either when it is asked to stop, and lets the running request end', async () => {
    const stopping = await startServer()
    await createSmol(stopping.url)
    const stream = postStream<{ done: boolean }>(`${stopping.url}/api/generate`, {
      model: 'smol',
      prompt: 'Tell me a story.',
      options: { num_predict: 40, temperature: 0 },
    })
    await stream.next()
    const runners = runnersOf(stopping)
    expect(runners).toHaveLength(1)
    const stopped = stopping.stop()
    const records: { done: boolean }[] = []
    for await (const record of stream) records.push(record)
    await stopped
    expect(records.at(-1)).toMatchObject({ done: true })
    expect(runners.filter(isAlive)).toEqual([])
    stopping.clean()
  })
})

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch {
    return false
  }
}
