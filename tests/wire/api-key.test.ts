// CVE-2025-63389: models were managed by whoever reached the server. With a key, nobody without it does anything.

import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/api/client.ts'
import { listedModel } from '../../src/http/testing/fake-service.ts'
import { open, type Sent, send, startWire } from './harness.ts'

const KEY = 'a-key'
const withKey = { Authorization: `Bearer ${KEY}` }
const startLocked = () => startWire({ list: async () => [listedModel] }, { apiKey: KEY })

const REQUESTS: [method: string, path: string][] = [
  ['GET', '/api/tags'],
  ['GET', '/api/version'],
  ['POST', '/api/chat'],
  ['POST', '/api/pull'],
  ['POST', '/api/push'],
  ['POST', '/api/create'],
  ['POST', '/api/copy'],
  ['DELETE', '/api/delete'],
  ['POST', `/api/blobs/sha256:${'0'.repeat(64)}`],
  ['GET', '/v1/models'],
  ['POST', '/v1/chat/completions'],
  ['POST', '/v1/responses'],
  ['POST', '/v1/messages'],
  ['GET', '/openapi.json'],
]

describe('without the key of a server that has one (CVE-2025-63389)', () => {
  it.each(REQUESTS)('%s %s is refused, whatever is sent', async (method, path) => {
    await using server = await startLocked()
    const body = method === 'GET' ? undefined : '{"model":"m"}'
    for (const headers of [{}, { Authorization: 'Bearer another' }, { 'x-api-key': `${KEY}x` }] as Record<string, string>[]) {
      const sent: Sent = { method, path, headers, ...(body === undefined ? {} : { body }) }
      const answer = await send(server, sent)
      expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="llamero"' } })
      expect(answer.text).not.toContain(KEY)
    }
    expect(server.service.calls).toEqual([])
  })

  it.each([
    ['/api/tags', { error: expect.stringContaining('LLAMERO_API_KEY') }],
    ['/v1/models', { error: { code: 'invalid_api_key', message: expect.stringContaining('LLAMERO_API_KEY') } }],
  ])('%s says so in the words of its dialect', async (path, body) => {
    await using server = await startLocked()
    expect(JSON.parse((await send(server, { method: 'GET', path })).text)).toMatchObject(body)
  })

  it("says so in the words of Anthropic's", async () => {
    await using server = await startLocked()
    const answer = await send(server, { path: '/v1/messages', body: '{}' })
    expect(JSON.parse(answer.text)).toMatchObject({ type: 'error', error: { type: 'authentication_error' } })
  })

  it('tells which paths there are to nobody', async () => {
    await using server = await startLocked()
    expect(await send(server, { method: 'GET', path: '/nosuch' })).toMatchObject({ status: 401, text: '401 unauthorized' })
    expect(await send(server, { method: 'PUT', path: '/api/chat' })).toMatchObject({ status: 401, text: '401 unauthorized' })
  })

  it('answers a probe and the preflight of a page, which cannot bring one', async () => {
    await using server = await startLocked()
    expect(await send(server, { method: 'GET', path: '/' })).toMatchObject({ status: 200, text: 'Ollama is running' })
    expect((await send(server, { method: 'HEAD', path: '/' })).status).toBe(200)
    const headers = { Origin: 'http://localhost:5173', 'Access-Control-Request-Headers': 'authorization' }
    expect((await send(server, { method: 'OPTIONS', path: '/api/chat', headers })).status).toBe(204)
    expect((await send(server, { method: 'GET', path: '/api/tags', headers: { ...headers, ...withKey } })).status).toBe(200)
  })

  it('does not read a body that it refuses', async () => {
    await using server = await startLocked()
    const headers = { 'Content-Length': String(2 ** 40) }
    const response = await open(server.port, { path: `/api/blobs/sha256:${'0'.repeat(64)}`, headers })
    expect(response.statusCode).toBe(401)
    response.destroy()
  })
})

describe('with the key', () => {
  it.each([[withKey], [{ authorization: `bearer ${KEY}` }], [{ 'x-api-key': KEY }]] as Record<string, string>[][])(
    '%j is let in',
    async (headers) => {
      await using server = await startLocked()
      expect((await send(server, { method: 'GET', path: '/api/tags', headers: headers ?? {} })).status).toBe(200)
    },
  )

  it('a page from elsewhere is refused all the same', async () => {
    await using server = await startLocked()
    const headers = { ...withKey, Origin: 'https://elsewhere.example' }
    expect((await send(server, { method: 'GET', path: '/api/tags', headers })).status).toBe(403)
    expect((await send(server, { method: 'GET', path: '/api/tags', headers: { ...withKey, Host: 'elsewhere.example' } })).status).toBe(403)
  })

  it('our own client sends it', async () => {
    await using server = await startLocked()
    expect((await createClient({ baseUrl: server.url, apiKey: KEY }).tags()).models).toHaveLength(1)
    for (const apiKey of [undefined, 'another', 'no ASCII: ñ', 'a\r\nb'])
      await expect(createClient({ baseUrl: server.url, apiKey }).tags()).rejects.toMatchObject({ details: { status: 401 } })
  })
})

it('a server without a key asks for none, and takes any', async () => {
  await using server = await startWire({ list: async () => [listedModel] })
  for (const headers of [{}, { Authorization: 'Bearer whatever' }] as Record<string, string>[])
    expect((await send(server, { method: 'GET', path: '/api/tags', headers })).status).toBe(200)
})
