// Whom TLS trusts: Node's own list and that of the machine. Ollama (Go) uses the machine's list; a company's own authority that works
// there must work here. Files that are not there are passed over.

import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import type { Log } from '../base/log.ts'
import type { Environment } from './proxy.ts'

const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/ssl/cert.pem',
] as const

const MAX_BUNDLE_BYTES = 16 * 1024 * 1024

/** Built once, at the first need: it reads a few hundred certificates. */
export function readTrust(environment: Environment, log: Log): () => tls.SecureContext {
  let context: tls.SecureContext | undefined
  return () => {
    context ??= tls.createSecureContext({ ca: [...tls.rootCertificates, ...readBundles(environment, log)] })
    return context
  }
}

function readBundles(environment: Environment, log: Log): string[] {
  const system = environment.SSL_CERT_FILE ? [environment.SSL_CERT_FILE] : SYSTEM_BUNDLES
  const found = system.map((path) => readBundle(path, log)).find((bundle) => bundle !== undefined)
  const extra = environment.NODE_EXTRA_CA_CERTS ? readBundle(environment.NODE_EXTRA_CA_CERTS, log) : undefined
  return [found, extra].filter((bundle) => bundle !== undefined)
}

function readBundle(path: string, log: Log): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return text.length <= MAX_BUNDLE_BYTES && text.includes('-----BEGIN CERTIFICATE-----') ? text : undefined
  } catch (error) {
    log.trace('no certificates in this file', { path, error })
    return undefined
  }
}
