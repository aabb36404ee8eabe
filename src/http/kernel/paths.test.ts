import { describe, expect, it } from 'vitest'
import { decodePath, findDetour, matchesPath, readParams, redirectUnclean, splitTarget } from './paths.ts'
import type { Method } from './route.ts'

const known: Record<string, Method[]> = { '/api/version': ['GET', 'HEAD'], '/api/show': ['POST'] }
const detour = (method: string, path: string, query = '') => findDetour(method, path, query, (asked) => known[asked] ?? [])

describe('an unclean path', () => {
  it.each([
    ['//api/version', '/api/version'],
    ['/api/../api/version?x=1', '/api/version?x=1'],
    ['/api/./version', '/api/version'],
    ['/api/blobs/../../x', '/x'],
    ['/../../x/', '/x/'],
    ['/api//version%20a', '/api/version%2520a'],
    ['//', '/'],
  ])('%s is redirected to %s', (url, location) => {
    expect(redirectUnclean(splitTarget(url))).toEqual({ kind: 'redirect', status: 307, location })
  })

  it.each(['/', '/api/version', '/api/version/', '/api/blobs/sha256:..%2f..%2fx', '/a?b=//c'])('%s is clean', (url) => {
    expect(redirectUnclean(splitTarget(url))).toBeUndefined()
  })
})

describe('a target that is a whole URL', () => {
  it.each([
    ['http://localhost:1/api/version?x=1', { rawPath: '/api/version', query: '?x=1', authority: 'localhost:1' }],
    ['HTTPS://Example.test', { rawPath: '/', query: '', authority: 'Example.test' }],
    ['http://?x', { rawPath: '/', query: '?x', authority: '' }],
  ])('%s has a path and an authority', (url, target) => {
    expect(splitTarget(url)).toEqual(target)
  })
})

describe('a path without a route', () => {
  it('loses its last slash where that helps the method', () => {
    expect(detour('GET', '/api/version/', '?a=b')).toEqual({ kind: 'redirect', status: 301, location: '/api/version?a=b' })
    expect(detour('POST', '/api/show/')).toEqual({ kind: 'redirect', status: 307, location: '/api/show' })
    expect(detour('POST', '/api/version/')).toEqual({ kind: 'unknown' })
  })

  it('tells which methods it has, in a fixed order', () => {
    expect(detour('POST', '/api/version')).toEqual({ kind: 'not-allowed', allow: ['HEAD', 'GET'] })
    expect(detour('GET', '/API/version')).toEqual({ kind: 'unknown' })
  })

  it('may have broken escapes', () => {
    expect(decodePath('/api/%zz')).toBeUndefined()
    expect(decodePath('/api%2fversion')).toBe('/api/version')
  })
})

describe('the path of a route', () => {
  it.each([
    ['/a/b', '/a/b', true],
    ['/a/:id', '/a/sha256:5?x', true],
    ['/a/:id/c', '/a/b/c', true],
    ['/a/:id', '/a/', false],
    ['/a/:id', '/a/b/c', false],
    ['/a/b', '/a/B', false],
    ['/', '/', true],
    ['/a/*name', '/a/b', true],
    ['/a/*name', '/a/b/c/d', true],
    ['/a/*name', '/a', false],
    ['/a/*name', '/a/', false],
    ['/a/*name', '/a/b/', false],
    ['/a/*name', '/b/c', false],
  ])('%s against %s', (pattern, path, expected) => {
    expect(matchesPath(pattern, path)).toBe(expected)
  })

  it('names its parts', () => {
    expect(readParams('/a/:id/c', '/a/b/c')).toEqual({ id: 'b' })
    expect(readParams('/a/:id/*name', '/a/b/c/d:e')).toEqual({ id: 'b', name: 'c/d:e' })
    expect(readParams('/a', '/a')).toEqual({})
  })
})
