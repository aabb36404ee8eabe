// What Node says when a connection fails, in the words that users of Ollama (and scripts that read its log) know from Go.

import { AppError, cancelled, isAppError } from '../base/errors.ts'

export interface NetworkErrorContext {
  host: string
  signal?: AbortSignal | undefined
}

/** `registry_unreachable`, or `cancelled` where the caller's signal is the cause. An AppError stays what it is. */
export function toNetworkError(error: unknown, { host, signal }: NetworkErrorContext): AppError {
  if (signal?.aborted) return cancelled(error)
  if (isAppError(error)) return error
  const first = firstError(error)
  return new AppError('registry_unreachable', describe(first, host), { cause: error, details: { reason: first.code ?? 'unknown' } })
}

interface SystemError extends Error {
  code?: string
  address?: string
  port?: number
}

/** Node gives an AggregateError where it tried several addresses. */
function firstError(error: unknown): SystemError {
  if (error instanceof AggregateError && error.errors.length > 0) return firstError(error.errors[0])
  return error instanceof Error ? (error as SystemError) : new Error(String(error))
}

function describe(error: SystemError, host: string): string {
  const dial = `dial tcp ${error.address === undefined ? host : joinAddress(error.address, error.port)}`
  switch (error.code) {
    case 'ENOTFOUND':
      return `dial tcp: lookup ${host}: no such host`
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${host}: the name server does not answer`
    case 'ECONNREFUSED':
      return `${dial}: connect: connection refused`
    case 'EHOSTUNREACH':
      return `${dial}: connect: no route to host`
    case 'ENETUNREACH':
      return `${dial}: connect: network is unreachable`
    case 'ETIMEDOUT':
      return `${dial}: i/o timeout`
    case 'ECONNRESET':
    case 'EPIPE':
      return 'connection reset by peer'
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return 'tls: first record does not look like a TLS handshake (a registry that speaks plain http needs --insecure)'
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return 'tls: failed to verify certificate: x509: certificate signed by unknown authority (SSL_CERT_FILE in the environment of the server may name it)'
    default:
      return error.message
  }
}

function joinAddress(address: string, port: number | undefined): string {
  const host = address.includes(':') ? `[${address}]` : address
  return port === undefined ? host : `${host}:${port}`
}
