import { describe, expect, it } from 'vitest'
import { parseRoute, type Route, toHash } from './route.ts'

describe('an address', () => {
  it.each<[string, Route]>([
    ['', { page: 'chat' }],
    ['#/chat', { page: 'chat' }],
    ['#/chat/abc', { page: 'chat', talk: 'abc' }],
    ['#/models', { page: 'models' }],
    ['#/server', { page: 'server' }],
    ['#/nosuch', { page: 'chat' }],
    ['#/models/%ZZ', { page: 'models', model: '%ZZ' }],
  ])('%j leads to %j', (hash, route) => {
    expect(parseRoute(hash)).toEqual(route)
  })

  it.each(['hf.co/a/b:Q4_K_M', 'a#b?c', '<b>', 'x/../y'])('has the whole name %j', (model) => {
    expect(parseRoute(toHash({ page: 'models', model }))).toEqual({ page: 'models', model })
  })
})
