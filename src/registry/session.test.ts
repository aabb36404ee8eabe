import { describe, expect, it } from 'vitest'
import { AppError } from '../base/errors.ts'
import { parseModelName } from '../model/name.ts'
import { isMomentary, statusError } from './session.ts'
import { createFakeHttp, type FakeServer } from './testing/fake-http.ts'
import { openSession } from './testing/fixtures.ts'

const CHALLENGE = { 'www-authenticate': 'Bearer realm="https://registry.example/token"' }

/** Asks for a token, then answers. */
const guarded: FakeServer = ({ headers }, url) => {
  if (url.pathname === '/token') return { status: 200, body: '{"token":"T"}' }
  return headers.authorization === 'Bearer T' ? { status: 200, body: 'ok' } : { status: 401, headers: CHALLENGE }
}

describe('a session with a registry', () => {
  it('speaks https unless told otherwise, with the port of the name', () => {
    const http = createFakeHttp(guarded)
    const name = parseModelName('h.example:5000/ns/m')
    expect(openSession(http, { name }).url('manifests/latest').href).toBe('https://h.example:5000/v2/ns/m/manifests/latest')
    expect(openSession(http, { name, insecure: true }).origin).toBe('http://h.example:5000')
  })

  it('refuses a host that is none', () => {
    expect(() => openSession(createFakeHttp(guarded), { name: parseModelName('h:1:2/ns/m') })).toThrow('invalid model name')
  })

  it('answers a 401 once and keeps the token', async () => {
    const http = createFakeHttp(guarded)
    const session = openSession(http)
    expect((await session.request({ method: 'GET', target: 'a' })).status).toBe(200)
    expect((await session.request({ method: 'GET', target: 'b' })).status).toBe(200)
    expect(http.requests.map(({ url }) => new URL(url).pathname)).toEqual([
      '/v2/library/tiny/a',
      '/token',
      '/v2/library/tiny/a',
      '/v2/library/tiny/b',
    ])
  })

  it('gives up when the token is refused too', async () => {
    const server: FakeServer = (_, url) =>
      url.pathname === '/token' ? { status: 200, body: '{"token":"T"}' } : { status: 401, headers: CHALLENGE }
    await expect(openSession(createFakeHttp(server)).request({ method: 'GET', target: 'a' })).rejects.toMatchObject({
      code: 'unauthorized',
      message: 'unauthorized: access denied',
    })
  })

  it('shows its token to no one else', async () => {
    const http = createFakeHttp(guarded)
    const session = openSession(http)
    await session.request({ method: 'GET', target: 'a' })
    for (const other of ['https://cdn.example/x', 'http://registry.example/x', 'https://registry.example:444/x']) {
      const reply = await session.request({ method: 'GET', target: new URL(other) })
      expect(reply.status).toBe(401)
      expect(http.requests.at(-1)?.headers).not.toHaveProperty('authorization')
    }
  })

  it('lets a public registry send us to public places only, a private one anywhere', async () => {
    const open: FakeServer = () => ({ status: 200 })
    const publicHttp = createFakeHttp(open, ['10.0.0.1'])
    const publicSession = openSession(publicHttp)
    await publicSession.request({ method: 'GET', target: 'a' })
    await expect(publicSession.request({ method: 'GET', target: new URL('http://10.0.0.1/meta') })).rejects.toThrow('private')
    const privateSession = openSession(createFakeHttp(open, ['registry.example', '10.0.0.1']))
    await privateSession.request({ method: 'GET', target: 'a' })
    expect((await privateSession.request({ method: 'GET', target: new URL('http://10.0.0.1/blob') })).status).toBe(200)
  })

  it('resolves a Location: relative, absolute, and http behind a proxy that ends TLS', () => {
    const { resolve } = openSession(createFakeHttp(guarded))
    const url = new URL('https://registry.example/v2/a/blobs/uploads/?x=1')
    expect(resolve('/v2/up/1?s=2', url).href).toBe('https://registry.example/v2/up/1?s=2')
    expect(resolve('1', url).href).toBe('https://registry.example/v2/a/blobs/uploads/1')
    expect(resolve('http://registry.example/v2/up', url).href).toBe('https://registry.example/v2/up')
    expect(resolve('https://cdn.example/x', url).href).toBe('https://cdn.example/x')
    expect(() => resolve(undefined, url)).toThrow('Location')
    expect(() => resolve('http://', url)).toThrow('Location')
    expect(() => resolve('file:///etc/passwd', url)).toThrow('file:')
  })
})

describe('failures', () => {
  it('carry the status and what the registry said', () => {
    expect(statusError(404, 'x')).toMatchObject({ code: 'registry_not_found', message: '404: x' })
    expect(statusError(403, '')).toMatchObject({ code: 'forbidden', message: '403' })
    expect(statusError(418, 't')).toMatchObject({ code: 'registry_error', details: { status: 418 } })
  })

  it('are momentary when another try may help', () => {
    for (const error of [statusError(503, ''), statusError(429, ''), new AppError('registry_unreachable', 'x')])
      expect(isMomentary(error)).toBe(true)
    for (const error of [statusError(404, ''), statusError(400, ''), new AppError('disk_full', 'x'), new Error('x')])
      expect(isMomentary(error)).toBe(false)
  })
})
