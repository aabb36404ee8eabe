// Answers a registry's 401. Anonymous first; then what the challenge asks for: a token (Ollama's signed request, or the one of
// Docker's specification) or Basic. The token server must be the registry itself (scheme, host and port), stand in the table below or be
// named by the operator: a realm that a stranger chose would collect signatures and passwords (CVE-2025-51471). https never becomes http.

import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { AppError, isAppError } from '../base/errors.ts'
import { isRecord } from '../base/json.ts'
import { readBytes, readErrorText } from './body.ts'
import { type Challenge, parseChallenge } from './challenge.ts'
import type { Credentials, FindCredentials } from './credentials.ts'
import type { HttpClient, HttpRequest } from './http-client.ts'
import type { OllamaKey } from './ollama-key.ts'

export interface Authorizer {
  /** Of the last answer; undefined while anonymous. */
  header(): string | undefined
  /** Gets what the challenge asks for. Throws `unauthorized`. */
  answer(challenge: string | undefined, signal?: AbortSignal): Promise<void>
}

export interface AuthorizerOptions {
  http: HttpClient
  /** Of the registry: scheme, host, port. */
  origin: string
  key: OllamaKey
  credentials: FindCredentials
  clock: Clock
  /** Other origins of the same registry. */
  siblings?: readonly string[]
  /** Origins that the operator has named as token servers of this registry; they may be in a private network. */
  tokenServers?: readonly string[]
  /** Sent before anything was asked for. */
  bearer?: string
}

/** Registries whose token server has another name, by host. */
const TOKEN_SERVERS: Readonly<Record<string, readonly string[]>> = {
  'docker.io': ['https://auth.docker.io'],
  'registry-1.docker.io': ['https://auth.docker.io'],
  'index.docker.io': ['https://auth.docker.io'],
  'registry.gitlab.com': ['https://gitlab.com'],
}

/** Registries that know Ollama's keys: a signature at once, no anonymous token. */
const OLLAMA_STYLE = ['registry.ollama.ai', 'ollama.com', 'hf.co', 'huggingface.co']

/** base64(hex(sha256(""))): the body of a GET, in the text that is signed. */
const EMPTY_BODY_HASH = 'ZTNiMGM0NDI5OGZjMWMxNDlhZmJmNGM4OTk2ZmI5MjQyN2FlNDFlNDY0OWI5MzRjYTQ5NTk5MWI3ODUyYjg1NQ=='
const MAX_TOKEN_BYTES = 64 * 1024

export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  let header = options.bearer === undefined ? undefined : `Bearer ${options.bearer}`
  let pending: Promise<void> | undefined
  const renew = async (text: string | undefined, signal: AbortSignal | undefined) => {
    const challenge = text === undefined ? undefined : parseChallenge(text)
    header = await answerChallenge(challenge, options, signal)
  }
  return {
    header: () => header,
    // Sixteen ranges that are refused at once ask for one token.
    answer(challenge, signal) {
      pending ??= renew(challenge, signal).finally(() => {
        pending = undefined
      })
      return pending
    },
  }
}

async function answerChallenge(challenge: Challenge | undefined, options: AuthorizerOptions, signal?: AbortSignal): Promise<string> {
  const registry = new URL(options.origin)
  if (challenge?.scheme === 'basic') {
    const credentials = await options.credentials(registry.host)
    if (!credentials || !('username' in credentials))
      throw denied(`${registry.host} wants a user name and a password: log in with docker, or name them in LLAMERO_REGISTRY_LOGINS`)
    return basic(credentials)
  }
  if (!challenge) throw realmMismatch('', registry.host)
  return `Bearer ${await requestToken(challenge, checkRealm(challenge.realm, registry, options), options, signal)}`
}

function checkRealm(realm: string, registry: URL, { siblings = [], tokenServers = [] }: AuthorizerOptions): URL {
  if (!URL.canParse(realm)) throw realmMismatch('', registry.host)
  const url = new URL(realm)
  const isKnown = [...siblings, ...tokenServers, ...(TOKEN_SERVERS[registry.host] ?? [])].includes(url.origin)
  if (url.host !== registry.host && !isKnown) {
    const { message } = realmMismatch(url.host, registry.host)
    throw denied(`${message}; if it is this registry's token server: LLAMERO_TOKEN_SERVERS=${registry.host}=${url.origin}`)
  }
  if (url.protocol !== registry.protocol && (!isKnown || url.protocol === 'http:')) {
    throw denied(`realm ${url.origin} does not match ${registry.origin}: a token is never asked for over another scheme`)
  }
  return url
}

async function requestToken(challenge: Challenge, realm: URL, options: AuthorizerOptions, signal?: AbortSignal): Promise<string> {
  const { host } = new URL(options.origin)
  if (OLLAMA_STYLE.some((name) => host === name || host.endsWith(`.${name}`))) return signedToken(challenge, realm, options, signal)
  const credentials = await options.credentials(host)
  try {
    return await fetchToken(tokenRequest(realm, challenge, credentials), options, signal)
  } catch (error) {
    // A registry of one's own that speaks Ollama's dialect; the realm is the registry itself, so that the signature goes nowhere else.
    if (credentials || !isAppError(error, 'unauthorized') || realm.origin !== options.origin) throw error
    return signedToken(challenge, realm, options, signal)
  }
}

async function signedToken(challenge: Challenge, realm: URL, options: AuthorizerOptions, signal?: AbortSignal): Promise<string> {
  const nonce = randomBytes(16).toString('base64url')
  const url = withQuery(realm, challenge, { nonce, ts: String(Math.floor(options.clock.nowMs() / 1000)) })
  const signature = await options.key.signature(`GET,${url.href},${EMPTY_BODY_HASH}`)
  return fetchToken({ method: 'GET', url, headers: { authorization: signature } }, options, signal)
}

/** Keys in alphabetical order, as the signed text of Ollama's client has them. */
function withQuery(realm: URL, { service, scopes }: Challenge, extra: Record<string, string> = {}): URL {
  const url = new URL(realm)
  for (const [key, value] of Object.entries({ ...extra, service })) if (value !== '') url.searchParams.set(key, value)
  for (const scope of scopes) url.searchParams.append('scope', scope)
  url.searchParams.sort()
  return url
}

type TokenRequest = Pick<HttpRequest, 'method' | 'url' | 'headers' | 'body'>

function tokenRequest(realm: URL, challenge: Challenge, credentials: Credentials | undefined): TokenRequest {
  if (credentials && 'refreshToken' in credentials) return exchange(realm, challenge, credentials)
  const headers = credentials ? { authorization: basic(credentials) } : {}
  return { method: 'GET', url: withQuery(realm, challenge), headers }
}

/** A token for a token, as OAuth 2 has it: what `docker login` keeps for some registries in place of a password. */
function exchange(realm: URL, { service, scopes }: Challenge, { refreshToken }: { refreshToken: string }): TokenRequest {
  const form = { grant_type: 'refresh_token', client_id: 'llamero', service, scope: scopes.join(' '), refresh_token: refreshToken }
  const body = Buffer.from(new URLSearchParams(form).toString())
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) }
  return { method: 'POST', url: realm, headers, body }
}

async function fetchToken(
  request: TokenRequest,
  { http, origin, tokenServers = [] }: AuthorizerOptions,
  signal?: AbortSignal,
): Promise<string> {
  const reply = await http({
    ...request,
    publicOnly: request.url.origin !== origin && !tokenServers.includes(request.url.origin),
    ...(signal ? { signal } : {}),
  })
  if (reply.status !== 200) {
    const text = await readErrorText(reply)
    const code = reply.status === 401 || reply.status === 403 ? 'unauthorized' : 'registry_error'
    throw new AppError(code, text === '' ? `${reply.status}` : `${reply.status}: ${text}`, { details: { status: reply.status } })
  }
  return parseToken(Buffer.from(await readBytes(reply, MAX_TOKEN_BYTES)).toString('utf8'))
}

/** Only what may stand in a header counts as a token. */
function parseToken(text: string): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AppError('registry_error', "the token server's answer is not JSON", { cause })
  }
  const record = isRecord(value) ? value : {}
  const token = [record.token, record.access_token].find((item) => typeof item === 'string' && item !== '')
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
    throw new AppError('registry_error', "the token server's answer has no token")
  return token
}

function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function realmMismatch(realmHost: string, host: string): AppError {
  return denied(`realm host ${JSON.stringify(realmHost)} does not match original host ${JSON.stringify(host)}`)
}

function denied(message: string): AppError {
  return new AppError('unauthorized', message)
}
