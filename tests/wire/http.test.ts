import { once } from 'node:events'
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/base/errors.ts'
import type { ChatEvent } from '../../src/chat/event.ts'
import { eventsOf, eventsThenWait, finish, listedModel } from '../../src/http/testing/fake-service.ts'
import { open, records, send, sendJson, startWire, type WireServer } from './harness.ts'

const text = (value: string): ChatEvent => ({ type: 'text-delta', text: value })

describe('routing', () => {
  it.each([
    ['GET', '/nosuch'],
    ['POST', '/api/nosuch'],
    ['GET', '/API/version'],
    ['GET', '/api/blobs'],
    ['POST', '/api/blobs/sha256:..%2f..%2fetc'],
    ['GET', '/*'],
  ])('%s %s is no page', async (method, path) => {
    await using server = await startWire()
    const answer = await send(server, { method, path })
    expect(answer).toMatchObject({ status: 404, text: '404 page not found', headers: { 'content-type': 'text/plain' } })
  })

  it.each([
    ['PUT', '/api/chat', 'POST'],
    ['POST', '/api/version', 'HEAD, GET'],
    ['GET', '/api/blobs/x', 'HEAD, POST'],
    ['POST', '/api/ps', 'GET'],
    ['PROPFIND', '/api/delete', 'DELETE'],
    ['TRACE', '/', 'HEAD, GET'],
    ['OPTIONS', '/api/delete', 'DELETE'],
  ])('%s %s is not allowed', async (method, path, allow) => {
    await using server = await startWire()
    const answer = await send(server, { method, path, body: 'a body that nobody reads', headers: { Host: '127.0.0.1' } })
    expect(answer).toMatchObject({ status: 405, text: '405 method not allowed', headers: { allow, 'content-type': 'text/plain' } })
  })

  it('answers HEAD with the head alone', async () => {
    await using server = await startWire({ list: async () => [listedModel] })
    expect(await send(server, { method: 'HEAD', path: '/' })).toMatchObject({ status: 200, text: '', headers: { 'content-length': '17' } })
    expect(await send(server, { method: 'HEAD', path: '/api/tags' })).toMatchObject({
      status: 200,
      text: '',
      headers: { 'content-type': 'application/json; charset=utf-8' },
    })
    expect((await send(server, { method: 'GET', path: '/v1/nosuch/a%3F/b/c/d' })).status).toBe(404)
    expect(await send(server, { method: 'HEAD', path: '/api/show' })).toMatchObject({ status: 405, text: '' })
  })

  it('redirects unclean paths and last slashes, before it looks at Origin and Host', async () => {
    await using server = await startWire()
    const foreign = { Origin: 'https://example.test', Host: 'example.test' }
    expect(await send(server, { method: 'GET', path: '//api/version?x=1', headers: foreign })).toMatchObject({
      status: 307,
      text: '<a href="/api/version?x=1">Temporary Redirect</a>.\n\n',
      headers: { location: '/api/version?x=1', 'content-type': 'text/html; charset=utf-8' },
    })
    expect(await send(server, { method: 'GET', path: '/api/version/', headers: foreign })).toMatchObject({
      status: 301,
      headers: { location: '/api/version' },
    })
    for (const [path, location] of [
      ['/v1/models/', '/v1/models'],
      ['/v1/models/a/', '/v1/models/a'],
    ] as const)
      expect(await send(server, { method: 'GET', path })).toMatchObject({ status: 301, headers: { location } })
    const post = await send(server, { path: '/api/show/', body: '{}' })
    expect(post).toMatchObject({ status: 307, text: '', headers: { location: '/api/show' } })
    expect(post.headers['content-type']).toBeUndefined()
  })

  it('matches the decoded path', async () => {
    await using server = await startWire()
    expect((await send(server, { method: 'GET', path: '/api%2fversion' })).text).toBe('{"version":"0.33.0"}')
  })

  it('refuses broken escapes and what is no HTTP, and lives on', async () => {
    await using server = await startWire()
    expect(await send(server, { method: 'GET', path: '/api/%zz' })).toMatchObject({ status: 400, text: '400 Bad Request' })
    expect(await talk(server, 'BROKEN\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(await talk(server, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(300_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
    expect((await send(server, { method: 'GET', path: '/' })).status).toBe(200)
  })
})

describe('origins and hosts', () => {
  it('refuses a foreign page and a foreign name without a word', async () => {
    await using server = await startWire()
    const page = await send(server, { path: '/api/show', body: '{"model":"x"}', headers: { Origin: 'https://example.test' } })
    expect(page).toMatchObject({ status: 403, text: '' })
    expect(page.headers['content-type']).toBeUndefined()
    expect(page.headers['access-control-allow-origin']).toBeUndefined()
    expect((await send(server, { path: '/api/show', body: '{"model":"x"}', headers: { Host: 'example.test' } })).status).toBe(403)
    expect(server.service.calls).toEqual([])
  })

  it('takes the whole URL as a target, and its name before that of the Host header', async () => {
    await using server = await startWire()
    const ask = (url: string, host: string) => talk(server, `GET ${url} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    expect(await ask('http://localhost:1/api/version', 'example.test')).toMatch(/^HTTP\/1\.1 200 /)
    expect(await ask('http://example.test/api/version', 'localhost')).toMatch(/^HTTP\/1\.1 403 /)
  })

  it('refuses a Host that can be none', async () => {
    await using server = await startWire()
    const answer = await send(server, { method: 'GET', path: '/api/version', headers: { Host: 'example.test#.local' } })
    expect(answer).toMatchObject({ status: 400, text: '400 Bad Request: malformed Host header', headers: { connection: 'close' } })
  })

  it('answers a preflight with everything that a page may send', async () => {
    await using server = await startWire()
    const headers = { Origin: 'http://localhost:3000', 'Access-Control-Request-Method': 'POST' }
    const { status, text, headers: got, rawHeaders } = await send(server, { method: 'OPTIONS', path: '/api/chat', headers })
    expect({ status, text }).toEqual({ status: 204, text: '' })
    expect(got).toMatchObject({ 'access-control-allow-origin': 'http://localhost:3000', 'access-control-max-age': '43200', allow: 'POST' })
    expect(rawHeaders.filter((name) => name === 'Vary')).toHaveLength(3)
    expect(got['content-length']).toBeUndefined()
  })

  it('marks every answer to an allowed page, errors too', async () => {
    await using server = await startWire()
    for (const path of ['/api/version', '/api/nosuch', '/api/chat']) {
      const answer = await send(server, { method: 'GET', path, headers: { Origin: 'http://localhost' } })
      expect(answer.headers).toMatchObject({ 'access-control-allow-origin': 'http://localhost', vary: 'Origin' })
    }
  })

  it('allows further origins that it was told of', async () => {
    await using server = await startWire({}, { origins: ['https://example.test'] })
    expect((await send(server, { method: 'GET', path: '/', headers: { Origin: 'https://example.test' } })).status).toBe(200)
  })

  it('answers OPTIONS under a local name, not under an address', async () => {
    await using server = await startWire()
    expect((await send(server, { method: 'OPTIONS', path: '/api/tags', headers: { Host: 'localhost' } })).status).toBe(204)
    expect((await send(server, { method: 'OPTIONS', path: '/api/tags', headers: { Host: '127.0.0.1' } })).status).toBe(405)
  })
})

describe('bodies', () => {
  const shown = { show: async () => Promise.reject(new AppError('model_not_found', 'x', { details: { model: 'm:latest' } })) }

  it.each(['application/json', 'text/plain', ';;bad;;', 'application/x-www-form-urlencoded'])(
    'are JSON under the type %s',
    async (type) => {
      await using server = await startWire(shown)
      const answer = await send(server, { path: '/api/show', body: '{"model":"m"}', headers: { 'Content-Type': type } })
      expect(answer).toMatchObject({ status: 404, text: `{"error":"model 'm:latest' not found"}` })
    },
  )

  it('may be chunked, and wait for 100 Continue', async () => {
    await using server = await startWire(shown)
    const text = await talk(
      server,
      'POST /api/show HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n' +
        'd\r\n{"model":"m"}\r\n0\r\n\r\n',
    )
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 404 Not Found/)
  })

  it('are refused as soon as their length says that they are too large', async () => {
    await using server = await startWire()
    const text = await talk(server, `POST /api/show HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${2 ** 40}\r\n\r\n`)
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('have no limit where a blob is sent', async () => {
    const digest = `sha256:${'0'.repeat(64)}`
    let received = 0
    await using server = await startWire({
      async putBlob(_, body) {
        for await (const part of body) received += part.length
        return { created: true }
      },
    })
    const body = Buffer.alloc(20_000_000)
    const answer = await send(server, { path: `/api/blobs/${digest}`, body })
    expect(answer).toMatchObject({ status: 201, text: '', headers: { 'content-length': '0' } })
    expect(answer.headers['content-type']).toBeUndefined()
    expect(received).toBe(body.length)
    expect(server.service.calls).toEqual([{ name: 'putBlob', request: digest }])
  })

  it('need not be read where the blob is there already', async () => {
    await using server = await startWire({ putBlob: async () => ({ created: false }) })
    const answer = await send(server, { path: '/api/blobs/sha256:x', body: Buffer.alloc(5_000_000) })
    expect(answer.status).toBe(200)
  })

  it('that stop in the middle cancel what reads them', async () => {
    const outcome = withResolver<unknown>()
    await using server = await startWire({
      async putBlob(_, body) {
        try {
          for await (const part of body) expect(part.length).toBeGreaterThan(0)
        } catch (error) {
          outcome.resolve(error)
        }
        return { created: true }
      },
    })
    const socket = net.connect(server.port, '127.0.0.1')
    socket.write('POST /api/blobs/sha256:x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf of it', () => socket.destroy())
    expect(await outcome.promise).toMatchObject({ code: 'cancelled' })
  })
})

describe('streams', () => {
  it('are chunked, without a length, one line per record', async () => {
    await using server = await startWire({ generate: () => eventsOf(text('<a>'), text('b'), finish) })
    const answer = await sendJson(server, '/api/generate', { model: 'm', prompt: 'x' })
    expect(answer.headers).toMatchObject({ 'content-type': 'application/x-ndjson', 'transfer-encoding': 'chunked' })
    expect(answer.headers['content-length']).toBeUndefined()
    expect(answer.text).toMatch(/^(\{[^\n\r]*\}\n){3}$/)
    expect(answer.text).toContain('\\u003ca\\u003e')
  })

  it('send each record as soon as it is there', async () => {
    await using server = await startWire({ generate: (_, signal) => eventsThenWait(signal, text('first')) })
    const response = await open(server.port, { path: '/api/generate', body: '{"model":"m","prompt":"x"}' })
    const [part] = await once(response, 'data')
    expect(JSON.parse(String(part))).toMatchObject({ response: 'first', done: false })
    response.destroy()
  })

  it('that fail before the first record have a status of their own', async () => {
    const busy = new AppError('server_busy', 'full')
    await using server = await startWire({ chat: () => eventsOf<ChatEvent>(busy) })
    const answer = await sendJson(server, '/api/chat', { model: 'm', messages: [{ role: 'user', content: 'x' }] })
    expect(answer).toMatchObject({ status: 503, headers: { 'content-type': 'application/json; charset=utf-8' } })
    expect(answer.text).toBe('{"error":"server busy, please try again.  maximum pending requests exceeded"}')
  })

  it('that fail later end with a record that says so', async () => {
    await using server = await startWire({ chat: () => eventsOf(text('a'), new AppError('runner_crashed', 'the runner died')) })
    const answer = await sendJson(server, '/api/chat', { model: 'm', messages: [{ role: 'user', content: 'x' }] })
    expect(answer.status).toBe(200)
    expect(records(answer).at(-1)).toEqual({ error: 'the runner died' })
  })

  it('never just stop: a source without an end is an error', async () => {
    await using server = await startWire({ chat: () => eventsOf(text('a')) })
    const answer = await sendJson(server, '/api/chat', { model: 'm', messages: [{ role: 'user', content: 'x' }] })
    expect(records(answer).at(-1)).toEqual({ error: 'an error was encountered while running the model: unexpected EOF' })
  })

  it('survive an error that nobody expected', async () => {
    await using server = await startWire({
      generate: () => {
        throw new TypeError('a defect')
      },
    })
    expect(await sendJson(server, '/api/generate', { model: 'm', prompt: 'x' })).toMatchObject({
      status: 500,
      text: '{"error":"a defect"}',
    })
    expect((await send(server, { method: 'GET', path: '/' })).status).toBe(200)
  })
})

describe('the end of the server', () => {
  it('waits for what is under way', async () => {
    const gate = withResolver<void>()
    const server = await startWire({
      async *generate() {
        yield text('a')
        await gate.promise
        yield finish
      },
    })
    const response = await open(server.port, { path: '/api/generate', body: '{"model":"m","prompt":"x"}' })
    await once(response, 'data')
    const closed = server.kernel.close({ drainMs: 60_000 })
    gate.resolve(undefined)
    let rest = ''
    for await (const part of response.setEncoding('utf8')) rest += part
    expect(rest).toContain('"done":true')
    await closed
    expect(server.kernel.address()).toBeUndefined()
  })

  it('ends what takes longer with a record that says so', async () => {
    const server = await startWire({ generate: (_, signal) => eventsThenWait(signal, text('a')) })
    const response = await open(server.port, { path: '/api/generate', body: '{"model":"m","prompt":"x"}' })
    await once(response, 'data')
    const closed = server.kernel.close({ drainMs: 0 })
    let rest = ''
    for await (const part of response.setEncoding('utf8')) rest += part
    expect(rest).toBe('{"error":"the server is shutting down"}\n')
    await closed
  })

  it('cuts off a client that does not read its last record', async () => {
    const server = await startWire({
      async *generate() {
        while (true) yield text('x'.repeat(1_000_000))
      },
    })
    const response = await open(server.port, { path: '/api/generate', body: '{"model":"m","prompt":"x"}' })
    response.pause().on('error', () => {})
    await server.kernel.close({ drainMs: 0 })
  })

  it('does not wait for idle connections', async () => {
    const server = await startWire()
    const socket = net.connect(server.port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(socket, 'data')
    await server.kernel.close({ drainMs: 60_000 })
  })

  it('is asked for twice without harm', async () => {
    const server = await startWire()
    await Promise.all([server.kernel.close(), server.kernel.close()])
  })
})

describe('listening', () => {
  it('fails with the system error where the port is taken', async () => {
    await using server = await startWire()
    await using other = await startWire()
    await expect(other.kernel.listen({ host: '127.0.0.1', port: server.port })).rejects.toThrow()
  })
})

function withResolver<T>(): { promise: Promise<T>; resolve(value: T): void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((resolver) => (resolve = resolver))
  return { promise, resolve }
}

/** Sends bytes as they are; resolves with all that came back when the server has closed. */
async function talk(server: WireServer, bytes: string): Promise<string> {
  const socket = net.connect(server.port, '127.0.0.1')
  socket.on('error', () => {}).write(bytes)
  let text = ''
  for await (const part of socket.setEncoding('utf8')) text += part
  return text
}
