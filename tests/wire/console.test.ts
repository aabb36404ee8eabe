// The web console's files over the wire: what a browser is told to allow, what it may keep, and that nothing else is served beside them.

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { root } from '../support/paths.ts'
import { send, startWire, type WireServer } from './harness.ts'

const consoleFolder = path.join(root, 'dist', 'console')
const start = (options: Parameters<typeof startWire>[1] = {}) => startWire({}, { consoleFolder, ...options })
const get = (server: WireServer, where: string, headers: Record<string, string> = {}) =>
  send(server, { method: 'GET', path: where, headers })

const page = readFileSync(path.join(consoleFolder, 'index.html'), 'utf8')
const assets = [...page.matchAll(/(?:href|src)="(console\/[^"]+)"/g)].map(([, name = '']) => `/${name}`)

describe('GET /console', () => {
  it('is the page, with a policy that lets nothing in', async () => {
    await using server = await start()
    const { status, headers, text } = await get(server, '/console')
    expect([status, text]).toEqual([200, page])
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-length': String(Buffer.byteLength(page)),
    })
    const policy = new Map(
      String(headers['content-security-policy'])
        .split('; ')
        .map((part) => [part.split(' ', 1)[0], part.slice(part.indexOf(' ') + 1)]),
    )
    expect(Object.fromEntries(policy)).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'img-src': "'self' data: blob:",
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
      'require-trusted-types-for': "'script'",
      'trusted-types': "'none'",
    })
  })

  it('is not sent again to who has it', async () => {
    await using server = await start()
    const { etag = '' } = (await get(server, '/console')).headers
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await get(server, '/console', { 'If-None-Match': known })
      expect(answer).toMatchObject({ status: 304, text: '', headers: { etag, 'cache-control': 'no-cache' } })
      expect(answer.headers['content-length']).toBeUndefined()
    }
    expect((await get(server, '/console', { 'If-None-Match': '"other"' })).status).toBe(200)
  })

  it('has the same head for HEAD', async () => {
    await using server = await start()
    const [head, whole] = [await send(server, { method: 'HEAD', path: '/console' }), await get(server, '/console')]
    expect({ ...head.headers, date: '' }).toEqual({ ...whole.headers, date: '' })
    expect(head.text).toBe('')
  })

  it('names assets that are there, relative to itself, and nothing from elsewhere', async () => {
    await using server = await start()
    expect(assets.map((name) => path.extname(name)).toSorted()).toEqual(['.css', '.js', '.svg'])
    expect(page).not.toMatch(/https?:|\/\/|<style|<script>| on\w+=/)
    for (const name of assets) {
      const { status, headers } = await get(server, name)
      expect(status).toBe(200)
      expect(headers).toMatchObject({
        'content-type': expect.stringMatching(/^(text\/javascript|text\/css|image\/svg\+xml)/),
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
      })
    }
  })

  it('is sent to the path without a slash', async () => {
    await using server = await start()
    expect(await get(server, '/console/')).toMatchObject({ status: 301, headers: { location: '/console' } })
  })

  it('is small', () => {
    const bytes = readdirSync(consoleFolder).reduce((sum, name) => sum + gzipSync(readFileSync(path.join(consoleFolder, name))).length, 0)
    expect(bytes).toBeLessThan(50_000)
  })
})

describe('what lies beside it', () => {
  it.each([
    '/console/index.html',
    '/console/preact.LICENSE',
    '/console/main.js',
    '/console/main-AAAAAAAA.js',
    '/console/..%2f..%2fpackage.json',
    '/console/%2e%2e%2fmain.js',
    '/console/..%5cmain.js',
    '/console/main-AAAAAAAA.js%00',
    '/console/a/b',
    '/console//etc/passwd',
  ])('%s is nothing', async (where) => {
    await using server = await start()
    const answer = await get(server, where)
    const followed = answer.status === 307 ? await get(server, String(answer.headers.location)) : answer
    expect(followed).toMatchObject({ status: 404, text: '404 page not found' })
  })

  it('is the API, and `/`, as they always were', async () => {
    await using server = await start()
    const browser = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
    expect(await get(server, '/', browser)).toMatchObject({ status: 200, text: 'Ollama is running' })
    expect(await send(server, { method: 'HEAD', path: '/', headers: browser })).toMatchObject({ status: 200, text: '' })
  })

  it('is no other method', async () => {
    await using server = await start()
    expect(await send(server, { method: 'POST', path: '/console' })).toMatchObject({ status: 405, headers: { allow: 'HEAD, GET' } })
  })
})

describe('who may see it', () => {
  it('nobody under a foreign name or from a foreign page', async () => {
    await using server = await start()
    expect((await get(server, '/console', { Host: 'elsewhere.example' })).status).toBe(403)
    expect((await get(server, '/console', { Origin: 'https://elsewhere.example' })).status).toBe(403)
  })

  it('everybody else without the key; the API is for who has it', async () => {
    await using server = await start({ apiKey: 'a-key' })
    for (const where of ['/console', ...assets]) expect((await get(server, where)).status).toBe(200)
    for (const where of ['/api/version', '/api/tags', '/nosuch', '/console/a/b']) expect((await get(server, where)).status).toBe(401)
  })

  it('nobody where it is switched off', async () => {
    await using server = await startWire()
    for (const where of ['/console', ...assets]) expect(await get(server, where)).toMatchObject({ status: 404, text: '404 page not found' })
  })

  it('a developer who has not built it is told so', async () => {
    await using server = await start({ consoleFolder: path.join(root, 'nosuch') })
    expect(await get(server, '/console')).toMatchObject({ status: 404, text: expect.stringContaining('npm run build') })
  })
})
