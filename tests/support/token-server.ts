// A token server as Docker's registries want one: over https with a certificate of its own, which also proves its tokens (ES256, x5c).
// Who gives no name may pull; who is known may push as well.

import { randomBytes, sign } from 'node:crypto'
import type http from 'node:http'
import https from 'node:https'
import type net from 'node:net'
import { type Certificate, createCertificate } from './certificate.ts'

export const ISSUER = 'tests'
export const SERVICE = 'registry of tests'
const MAX_FORM_LENGTH = 64 * 1024

export interface TokenServer {
  origin: string
  certificate: Certificate
  /** Who asked for what: `anonymous repository:library/tiny:pull`. */
  requests: string[]
  close(): Promise<void>
}

export interface TokenServerOptions {
  /** `name:password`. */
  logins: readonly string[]
  /** As a login leaves it in place of a password. */
  refreshToken?: string
  /** Which word the answer has it under. */
  field?: 'token' | 'access_token'
}

export async function startTokenServer({ logins, refreshToken, field = 'token' }: TokenServerOptions): Promise<TokenServer> {
  const certificate = createCertificate('127.0.0.1')
  const requests: string[] = []
  const server = https.createServer({ key: certificate.keyPem, cert: certificate.certificatePem }, async (request, reply) => {
    const { who, scopes } = await readRequest(request)
    requests.push(...scopes.map((scope) => `${who ?? 'somebody'} ${withSortedActions(scope)}`))
    if (who === undefined) return void reply.writeHead(401).end()
    reply.end(JSON.stringify({ [field]: makeToken(certificate, who, scopes) }))
  })
  const readRequest = async (request: http.IncomingMessage): Promise<{ who: string | undefined; scopes: string[] }> => {
    const query = request.method === 'POST' ? await readForm(request) : new URL(request.url ?? '', 'https://here').searchParams
    const scopes = query.getAll('scope').flatMap((scope) => scope.split(' '))
    if (request.method === 'POST') return { who: query.get('refresh_token') === refreshToken ? 'refreshed' : undefined, scopes }
    const { authorization } = request.headers
    if (authorization === undefined) return { who: 'anonymous', scopes }
    const login = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()
    return { who: logins.includes(login) ? login.replace(/:.*/, '') : undefined, scopes }
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `https://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    certificate,
    requests,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A registry names them in any order. */
function withSortedActions(scope: string): string {
  const colon = scope.lastIndexOf(':')
  return `${scope.slice(0, colon)}:${scope
    .slice(colon + 1)
    .split(',')
    .sort()
    .join(',')}`
}

async function readForm(request: http.IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const bytes of request) {
    text += String(bytes)
    if (text.length > MAX_FORM_LENGTH) throw new Error('the form is too long')
  }
  return new URLSearchParams(text)
}

/** RFC 7515; the claims are those of the specification of Docker's registry. */
function makeToken({ key, certificateDer }: Certificate, who: string, scopes: readonly string[]): string {
  const nowSeconds = Math.floor(Date.now() / 1000)
  const access = scopes.map((scope) => {
    const [, type, name, actions = ''] = /^([a-z]+):(.*):([a-z,*]+)$/.exec(scope) ?? []
    return { type, name, actions: actions.split(',').filter((action) => who !== 'anonymous' || action === 'pull') }
  })
  const header = { typ: 'JWT', alg: 'ES256', x5c: [certificateDer.toString('base64')] }
  const claims = { iss: ISSUER, aud: SERVICE, sub: who, access, jti: randomBytes(8).toString('hex') }
  const text = [header, { ...claims, iat: nowSeconds, nbf: nowSeconds - 60, exp: nowSeconds + 300 }].map(encode).join('.')
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
