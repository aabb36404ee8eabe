import { describe, expect, it } from 'vitest'
import { parseChallenge } from './challenge.ts'

describe('the challenge of a registry', () => {
  it('is read with its realm, service and scopes', () => {
    expect(parseChallenge('Bearer realm="https://r/token",service="svc",scope="repository:a/b:pull,push x:y:z"')).toEqual({
      scheme: 'bearer',
      realm: 'https://r/token',
      service: 'svc',
      scopes: ['repository:a/b:pull,push', 'x:y:z'],
    })
  })

  it('may leave out the word Bearer and some keys', () => {
    expect(parseChallenge('realm="https://r/token"')).toEqual({ scheme: 'bearer', realm: 'https://r/token', service: '', scopes: [] })
  })

  it('prefers Bearer where both are offered, in either order', () => {
    expect(parseChallenge('Basic realm="b", Bearer realm="https://r"')).toMatchObject({ scheme: 'bearer', realm: 'https://r' })
    expect(parseChallenge('Bearer realm="https://r", Basic realm="b"')).toMatchObject({ scheme: 'bearer', realm: 'https://r' })
  })

  it('takes bare words and escaped quotes', () => {
    expect(parseChallenge('bearer realm=https://r/token, service="a\\"b"')).toMatchObject({ realm: 'https://r/token', service: 'a"b' })
  })

  it('is Basic where only that is offered', () => {
    expect(parseChallenge('Basic realm="Registry"')).toMatchObject({ scheme: 'basic' })
  })

  it('is nothing for other schemes and for headers of an attack', () => {
    expect(parseChallenge('Negotiate')).toBeUndefined()
    expect(parseChallenge('')).toBeUndefined()
    expect(parseChallenge(`Bearer realm="${'x'.repeat(9000)}"`)).toBeUndefined()
  })
})
