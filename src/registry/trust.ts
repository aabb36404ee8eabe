// Whom TLS trusts: Node's own list and that of the machine. Ollama (Go) uses the machine's list; a company's own authority that works
// there must work here, and the variables that name others as well: SSL_CERT_FILE and SSL_CERT_DIR (Go, OpenSSL), NODE_EXTRA_CA_CERTS.
// Files that are not there are passed over.

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
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
/** Of one folder: a machine has a few hundred authorities, each under two names. */
const MAX_FILES = 2000

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
  const folders = (environment.SSL_CERT_DIR ?? '').split(path.delimiter).filter((folder) => folder !== '')
  const others = folders.flatMap((folder) => filesIn(folder, log)).map((file) => readBundle(file, log))
  return [found, extra, ...others].filter((bundle) => bundle !== undefined)
}

function filesIn(folder: string, log: Log): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.isDirectory())
    return entries.slice(0, MAX_FILES).map(({ name }) => path.join(folder, name))
  } catch (error) {
    log.trace('no folder of certificates', { folder, error })
    return []
  }
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
