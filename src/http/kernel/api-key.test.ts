import { describe, expect, it } from 'vitest'
import { createKeyCheck, describeExposure } from './api-key.ts'

describe('a server with a key', () => {
  const hasKey = createKeyCheck('s3cret=+/')

  it.each([
    [{ authorization: 'Bearer s3cret=+/' }],
    [{ authorization: 'bearer   s3cret=+/ ' }],
    [{ 'x-api-key': 's3cret=+/' }],
    // A client of Anthropic's that was given a token besides.
    [{ authorization: 'Bearer another', 'x-api-key': 's3cret=+/' }],
  ])('lets pass who brings it: %j', (headers) => {
    expect(hasKey('/api/tags', headers)).toBe(true)
  })

  it.each([
    [{}],
    [{ authorization: '' }],
    [{ authorization: 'Bearer' }],
    [{ authorization: 'Bearer ' }],
    [{ authorization: 's3cret=+/' }],
    [{ authorization: 'Basic s3cret=+/' }],
    [{ authorization: 'Bearer s3cret=+' }],
    [{ authorization: 'Bearer S3CRET=+/' }],
    [{ authorization: 'Bearer s3cret=+/ s3cret=+/' }],
    [{ 'x-api-key': '' }],
  ])('stops who does not: %j', (headers) => {
    expect(hasKey('/api/tags', headers)).toBe(false)
  })

  it('tells everybody that it runs, and nothing else', () => {
    expect(hasKey('/', {})).toBe(true)
    for (const path of ['/api/version', '/openapi.json', '/metrics', '//', '/v1/models', '*']) expect(hasKey(path, {})).toBe(false)
  })
})

it('a server without a key asks nobody', () => {
  expect(createKeyCheck(undefined)('/api/delete', {})).toBe(true)
})

describe('what the operator is told', () => {
  it.each(['0.0.0.0', '::', '192.168.1.5', '2001:db8::1'])('an address that others reach, without a key: %s', (address) => {
    expect(describeExposure(address, undefined)).toMatch(/LLAMERO_API_KEY/)
    expect(describeExposure(address, 'key')).toBeUndefined()
  })

  it.each(['127.0.0.1', '127.1.2.3', '::1'])('nothing of this machine alone: %s', (address) => {
    expect(describeExposure(address, undefined)).toBeUndefined()
  })
})
