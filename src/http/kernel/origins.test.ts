import { describe, expect, it } from 'vitest'
import { checkCors } from './cors.ts'
import { allowsOrigin, createOriginPolicy } from './origins.ts'

const standard = createOriginPolicy([])

describe('origins', () => {
  it.each([
    'http://localhost',
    'https://localhost',
    'http://localhost:3000',
    'https://127.0.0.1:8443',
    'http://0.0.0.0:80',
    'app://obsidian.md',
    'file://',
    'tauri://localhost',
    'vscode-webview://abc',
    'vscode-file://vscode-app',
  ])('%s is always allowed', (origin) => {
    expect(allowsOrigin(standard, origin)).toBe(true)
  })

  it.each([
    'null',
    'https://example.test',
    'http://localhost.example.test',
    'http://[::1]:3000',
    'moz-extension://abc',
    'HTTP://LOCALHOST',
  ])('%s is not allowed unless listed', (origin) => {
    expect(allowsOrigin(standard, origin)).toBe(false)
  })

  it('are added to, never replaced', () => {
    const policy = createOriginPolicy(['https://Example.test', 'https://*.example.org', 'chrome-extension://*'])
    expect(allowsOrigin(policy, 'https://example.test')).toBe(true)
    expect(allowsOrigin(policy, 'https://a.example.org')).toBe(true)
    expect(allowsOrigin(policy, 'https://.example.org.evil.test')).toBe(false)
    expect(allowsOrigin(policy, 'chrome-extension://abc')).toBe(true)
    expect(allowsOrigin(policy, 'http://localhost')).toBe(true)
  })

  it('do not let the two ends of a wildcard overlap', () => {
    expect(allowsOrigin(createOriginPolicy(['https://aba*aba']), 'https://aba')).toBe(false)
  })

  it('that nothing could match are refused', () => {
    expect(() => createOriginPolicy(['https://*.a.*'])).toThrow('only one *')
    expect(() => createOriginPolicy(['example.test'])).toThrow('must begin with one of')
  })
})

describe('CORS', () => {
  const check = (method: string, origin: string | undefined, policy = standard) => checkCors({ method, origin, host: 'me:11434' }, policy)

  it('says nothing to programs and to pages of this server', () => {
    expect(check('GET', undefined)).toEqual({ kind: 'pass', headers: {} })
    expect(check('POST', 'http://me:11434')).toEqual({ kind: 'pass', headers: {} })
    expect(check('OPTIONS', 'https://me:11434')).toEqual({ kind: 'pass', headers: {} })
  })

  it('refuses a page from elsewhere, whatever it asks for', () => {
    expect(check('DELETE', 'https://example.test')).toEqual({ kind: 'refuse' })
    expect(check('OPTIONS', 'https://example.test')).toEqual({ kind: 'refuse' })
  })

  it('names the origin that it allows', () => {
    const headers = { 'Access-Control-Allow-Origin': 'http://localhost', Vary: 'Origin' }
    expect(check('GET', 'http://localhost')).toEqual({ kind: 'pass', headers })
  })

  it('answers a preflight by itself', () => {
    const verdict = check('OPTIONS', 'http://localhost')
    expect(verdict).toMatchObject({ kind: 'preflight', headers: { 'Access-Control-Max-Age': '43200' } })
    expect(verdict.kind === 'preflight' && verdict.headers['Access-Control-Allow-Headers']).toContain(
      'X-Stainless-Retry-Count,X-Stainless-Runtime,',
    )
  })

  it('varies with nothing where all origins are allowed', () => {
    const all = createOriginPolicy(['*'])
    expect(check('GET', 'https://example.test', all)).toEqual({ kind: 'pass', headers: { 'Access-Control-Allow-Origin': '*' } })
    expect(check('OPTIONS', 'null', all)).not.toHaveProperty('headers.Vary')
  })
})
