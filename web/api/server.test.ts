import { describe, expect, it, vi } from 'vitest'
import { Failure } from './failure.ts'
import { createServer } from './server.ts'

function serverOver(answer: (url: string, init: RequestInit) => Response | Promise<Response>, key?: string) {
  const onAnswer = vi.fn()
  const calls: { url: string; init: RequestInit }[] = []
  const server = createServer({
    baseUrl: 'http://here.test/proxied/',
    key: () => key,
    onAnswer,
    async fetch(input, init = {}) {
      calls.push({ url: String(input), init })
      return answer(String(input), init)
    },
  })
  return { server, onAnswer, calls }
}

async function drain(records: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const record of records) all.push(record)
  return all
}

describe('requests', () => {
  it('go to the paths beside the page, with the key and no cookie', async () => {
    const { server, calls } = serverOver(() => Response.json({ models: [] }), 's3cret')
    expect(await server.tags()).toEqual({ models: [] })
    expect(calls[0]?.url).toBe('http://here.test/proxied/api/tags')
    expect(calls[0]?.init).toMatchObject({ method: 'GET', credentials: 'omit', headers: { Authorization: 'Bearer s3cret' } })
  })

  it('bring no key where there is none', async () => {
    const { server, calls } = serverOver(() => Response.json({}))
    await server.ps()
    expect(calls[0]?.init.headers).toEqual({})
  })

  it('unload a model by an answer that nobody wants to keep', async () => {
    const { server, calls } = serverOver(() => Response.json({ done: true }))
    await server.unload('m')
    expect(JSON.parse(String(calls[0]?.init.body))).toEqual({ model: 'm', keep_alive: 0, stream: false })
  })

  it('of streams carry the signal, and give record after record', async () => {
    const { server, calls } = serverOver(() => new Response('{"status":"a"}\n{"status":"success"}\n'))
    const { signal } = new AbortController()
    expect(await drain(server.pull({ model: 'm' }, signal))).toEqual([{ status: 'a' }, { status: 'success' }])
    expect(calls[0]?.init.signal).toBe(signal)
  })
})

describe('failures', () => {
  it.each([
    [404, '{"error":"model \'x\' not found"}', { kind: 'refused', message: "model 'x' not found" }],
    [500, 'plain words\n', { kind: 'refused', message: 'plain words' }],
    [502, '{"error": {"no": "text"}}', { kind: 'refused', message: '{"error": {"no": "text"}}' }],
    [502, '{broken', { kind: 'refused', message: '{broken' }],
    [403, '', { kind: 'refused', message: 'the server answered with status 403' }],
    [401, '{"error":"a key, please"}', { kind: 'locked', message: 'a key, please' }],
  ])('a status %d with %j is told in its words', async (status, text, failure) => {
    const { server, onAnswer } = serverOver(() => new Response(text, { status }))
    await expect(server.tags()).rejects.toMatchObject(failure)
    expect(onAnswer).toHaveBeenLastCalledWith(expect.objectContaining(failure))
  })

  it('of the network mean that the server is away', async () => {
    const { server, onAnswer } = serverOver(() => Promise.reject(new TypeError('Failed to fetch')))
    await expect(server.versions()).rejects.toMatchObject({ kind: 'away' })
    expect(onAnswer).toHaveBeenCalledWith(expect.any(Failure))
  })

  it('that the user wanted say nothing of the server', async () => {
    const { server, onAnswer } = serverOver(() => Promise.reject(new DOMException('', 'AbortError')))
    await expect(drain(server.chat({ model: 'm' }, AbortSignal.abort()))).rejects.toMatchObject({ kind: 'stopped' })
    expect(onAnswer).not.toHaveBeenCalled()
  })

  it('in the middle of a stream are the words of its last record', async () => {
    const { server, onAnswer } = serverOver(() => new Response('{"status":"a"}\n{"error":"the disk is full"}\n'))
    await expect(drain(server.pull({ model: 'm' }, new AbortController().signal))).rejects.toMatchObject({ message: 'the disk is full' })
    expect(onAnswer).toHaveBeenLastCalledWith(expect.objectContaining({ kind: 'refused' }))
  })
})
