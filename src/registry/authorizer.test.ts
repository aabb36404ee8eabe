import { describe, expect, it } from 'vitest'
import { createAuthorizer } from './authorizer.ts'
import type { Credentials } from './credentials.ts'
import { createFakeHttp, type FakeServer } from './testing/fake-http.ts'
import { createImpatientClock } from './testing/impatient-clock.ts'

const ok: FakeServer = () => ({ status: 200, body: '{"token":"TKN"}' })

interface Given {
  origin?: string
  credentials?: Credentials
  tokenServers?: readonly string[]
}

function open(server: FakeServer, { origin = 'https://r.example', credentials, tokenServers = [] }: Given = {}) {
  const http = createFakeHttp(server)
  const key = { signature: async (text: string) => `signed:${text}` }
  const authorizer = createAuthorizer({
    http,
    origin,
    key,
    credentials: async () => credentials,
    tokenServers,
    clock: createImpatientClock(),
  })
  return { http, authorizer }
}

const bearer = (realm: string) => `Bearer realm="${realm}",service="svc",scope="repository:a/b:pull,push repository:c/d:pull"`

describe('the answer to a 401', () => {
  it('asks for a token without a name first, with every scope', async () => {
    const { http, authorizer } = open(ok)
    expect(authorizer.header()).toBeUndefined()
    await authorizer.answer(bearer('https://r.example/token'))
    expect(authorizer.header()).toBe('Bearer TKN')
    const url = new URL(http.requests[0]?.url ?? '')
    expect(url.searchParams.getAll('scope')).toEqual(['repository:a/b:pull,push', 'repository:c/d:pull'])
    expect(url.searchParams.get('service')).toBe('svc')
    expect(http.requests[0]?.headers).toEqual({})
  })

  it('takes access_token as well', async () => {
    const { authorizer } = open(() => ({ status: 200, body: '{"access_token":"A"}' }))
    await authorizer.answer(bearer('https://r.example/token'))
    expect(authorizer.header()).toBe('Bearer A')
  })

  it('buys a token with the one that a login left', async () => {
    const { http, authorizer } = open(() => ({ status: 200, body: '{"access_token":"A"}' }), { credentials: { refreshToken: 'R&' } })
    await authorizer.answer(bearer('https://r.example/token'))
    expect(authorizer.header()).toBe('Bearer A')
    const [request] = http.requests
    expect(request).toMatchObject({ method: 'POST', url: 'https://r.example/token' })
    expect(Object.fromEntries(new URLSearchParams(request?.body.toString()))).toEqual({
      grant_type: 'refresh_token',
      client_id: 'llamero',
      service: 'svc',
      scope: 'repository:a/b:pull,push repository:c/d:pull',
      refresh_token: 'R&',
    })
    await expect(authorizer.answer('Basic realm="x"')).rejects.toMatchObject({ code: 'unauthorized' })
  })

  it('may come from a token server that the operator has named, with the login', async () => {
    const credentials = { username: 'u', password: 'p' }
    const { http, authorizer } = open(ok, { credentials, tokenServers: ['https://auth.example'] })
    await authorizer.answer(bearer('https://auth.example/token'))
    expect(http.requests[0]).toMatchObject({ publicOnly: false, headers: { authorization: 'Basic dTpw' } })
    await expect(authorizer.answer(bearer('https://auth.example:8443/token'))).rejects.toMatchObject({
      message: `realm host "auth.example:8443" does not match original host "r.example"; if it is this registry's token server: LLAMERO_TOKEN_SERVERS=r.example=https://auth.example:8443`,
    })
  })

  it('never goes from https to http, whoever has named the token server', async () => {
    const { http, authorizer } = open(ok, { tokenServers: ['http://auth.example'] })
    await expect(authorizer.answer(bearer('http://auth.example/token'))).rejects.toMatchObject({ code: 'unauthorized' })
    expect(http.requests).toEqual([])
  })

  it("is signed for Ollama's registry, over the sorted URL that is asked", async () => {
    const { http, authorizer } = open(ok, { origin: 'https://registry.ollama.ai' })
    await authorizer.answer(bearer('https://registry.ollama.ai/v2/token'))
    const [request] = http.requests
    const keys = [...new URL(request?.url ?? '').searchParams.keys()]
    expect(keys).toEqual(['nonce', 'scope', 'scope', 'service', 'ts'])
    expect(new URL(request?.url ?? '').searchParams.get('nonce')).toMatch(/^[\w-]{22}$/)
    expect(request?.headers.authorization).toBe(
      `signed:GET,${request?.url},ZTNiMGM0NDI5OGZjMWMxNDlhZmJmNGM4OTk2ZmI5MjQyN2FlNDFlNDY0OWI5MzRjYTQ5NTk5MWI3ODUyYjg1NQ==`,
    )
  })

  it('is signed for another registry when it refuses strangers', async () => {
    const server: FakeServer = ({ headers }) => (headers.authorization ? { status: 200, body: '{"token":"T2"}' } : { status: 401 })
    const { http, authorizer } = open(server)
    await authorizer.answer(bearer('https://r.example/token'))
    expect(authorizer.header()).toBe('Bearer T2')
    expect(http.requests).toHaveLength(2)
  })

  it('uses name and password where there are any, for Basic and for tokens', async () => {
    const credentials = { username: 'u', password: 'p' }
    const basic = open(ok, { credentials })
    await basic.authorizer.answer('Basic realm="Registry"')
    expect(basic.authorizer.header()).toBe('Basic dTpw')
    expect(basic.http.requests).toEqual([])
    const token = open(ok, { credentials })
    await token.authorizer.answer(bearer('https://r.example/token'))
    expect(token.http.requests[0]?.headers.authorization).toBe('Basic dTpw')
  })

  it('says that Basic needs a name', async () => {
    await expect(open(ok).authorizer.answer('Basic realm="x"')).rejects.toMatchObject({ code: 'unauthorized' })
  })

  it.each([
    ['https://evil.example/token', 'realm host "evil.example" does not match original host "r.example"'],
    ['https://r.example:444/token', 'realm host "r.example:444" does not match original host "r.example"'],
    ['https://r.example.evil/token', 'does not match'],
    ['http://r.example/token', 'another scheme'],
    ['token', 'realm host "" does not match'],
    ['', 'realm host "" does not match'],
  ])('never goes to the realm %j', async (realm, message) => {
    const { http, authorizer } = open(ok, { credentials: { username: 'u', password: 'p' } })
    await expect(authorizer.answer(bearer(realm))).rejects.toThrow(message)
    expect(http.requests).toEqual([])
  })

  it('goes to a token server of another name where the table knows it', async () => {
    const { http, authorizer } = open(ok, { origin: 'https://docker.io' })
    await authorizer.answer(bearer('https://auth.docker.io/token'))
    expect(http.requests[0]).toMatchObject({ publicOnly: true })
    await expect(authorizer.answer(bearer('http://auth.docker.io/token'))).rejects.toMatchObject({ code: 'unauthorized' })
  })

  it('is an error where there is no challenge', async () => {
    await expect(open(ok).authorizer.answer(undefined)).rejects.toMatchObject({ code: 'unauthorized' })
  })

  it('asks once for requests that are refused together', async () => {
    const { http, authorizer } = open(ok)
    await Promise.all([1, 2, 3].map(() => authorizer.answer(bearer('https://r.example/token'))))
    expect(http.requests).toHaveLength(1)
  })

  it('refuses an answer that is too large, no JSON, or has no token fit for a header', async () => {
    for (const body of ['x'.repeat(64 * 1024 + 1), 'nope', '{}', '{"token":""}', '{"token":"a\\r\\nb"}', 'null']) {
      await expect(open(() => ({ status: 200, body })).authorizer.answer(bearer('https://r.example/t'))).rejects.toMatchObject({
        code: 'registry_error',
      })
    }
    const largest = `{"token":"${'x'.repeat(64 * 1024 - 12)}"}`
    await open(() => ({ status: 200, body: largest })).authorizer.answer(bearer('https://r.example/t'))
  })

  it('repeats what the token server said', async () => {
    const server: FakeServer = () => ({ status: 500, body: 'broken' })
    await expect(open(server).authorizer.answer(bearer('https://r.example/t'))).rejects.toThrow('500: broken')
  })
})
