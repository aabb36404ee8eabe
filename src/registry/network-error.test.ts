import { describe, expect, it } from 'vitest'
import { AppError } from '../base/errors.ts'
import { toNetworkError } from './network-error.ts'

const system = (code: string, fields = {}) => Object.assign(new Error(`node says ${code}`), { code, ...fields })

describe('network errors', () => {
  it.each([
    [system('ENOTFOUND'), 'dial tcp: lookup h: no such host'],
    [system('ECONNREFUSED', { address: '127.0.0.1', port: 1 }), 'dial tcp 127.0.0.1:1: connect: connection refused'],
    [system('ECONNREFUSED', { address: '::1', port: 1 }), 'dial tcp [::1]:1: connect: connection refused'],
    [new AggregateError([system('ETIMEDOUT', { address: '1.2.3.4', port: 443 })]), 'dial tcp 1.2.3.4:443: i/o timeout'],
    [system('ECONNRESET'), 'connection reset by peer'],
    [system('CERT_HAS_EXPIRED'), 'node says CERT_HAS_EXPIRED'],
    ['text', 'text'],
  ])('%s', (error, message) => {
    expect(toNetworkError(error, { host: 'h' })).toMatchObject({ code: 'registry_unreachable', message })
  })

  it.each(['DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'])(
    "name the place for an authority of one's own: %s",
    (code) => {
      expect(toNetworkError(system(code), { host: 'h' }).message).toMatch(/certificate signed by unknown authority \(SSL_CERT_FILE/)
    },
  )

  it('point to --insecure where the registry speaks plain http', () => {
    expect(toNetworkError(system('EPROTO'), { host: 'h' }).message).toMatch(
      /^tls: first record does not look like a TLS handshake.*--insecure/,
    )
  })

  it('are a cancellation when the caller has left', () => {
    expect(toNetworkError(system('ECONNRESET'), { host: 'h', signal: AbortSignal.abort() }).code).toBe('cancelled')
  })

  it('that are ours already stay as they are', () => {
    const error = new AppError('registry_error', 'x')
    expect(toNetworkError(error, { host: 'h' })).toBe(error)
  })
})
