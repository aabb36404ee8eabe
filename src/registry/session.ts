// A conversation with one registry about one repository: base address, authorization, redirects. Credentials go to the registry's own
// origin only. Redirects of a public registry must stay public; a registry that sits in a private network may point anywhere.

import { AppError, isAppError } from '../base/errors.ts'
import type { ModelName } from '../model/name.ts'
import type { Authorizer } from './authorizer.ts'
import type { HttpClient, HttpReply, HttpRequest } from './http-client.ts'

export interface SessionRequest {
  method: HttpRequest['method']
  /** A path below the repository (`manifests/latest`), or a URL that the registry gave. */
  target: string | URL
  headers?: Readonly<Record<string, string>>
  /** Called anew for each try. */
  body?: () => Uint8Array | AsyncIterable<Uint8Array>
  connectTimeoutMs?: number
  signal?: AbortSignal
}

export interface Session {
  readonly origin: string
  /** `namespace/model`. */
  readonly repository: string
  /** What to do about a refusal, where that is known. */
  readonly hint?: string
  url(path: string): URL
  /** Any status but 401 is an answer. Throws `unauthorized` and what HttpClient throws. */
  request(request: SessionRequest): Promise<HttpReply>
  /** Where a Location header leads, seen from `url`. Throws `registry_error` for one that is missing or no http(s) address. */
  resolve(location: string | undefined, url: URL): URL
}

export interface SessionOptions {
  http: HttpClient
  insecure: boolean
  authorizer(origin: string): Authorizer
  /** Other origins of the same registry: they get its credentials too. */
  siblings?: readonly string[]
  hint?: string
}

export function createSession(name: ModelName, { http, insecure, authorizer, siblings = [], hint }: SessionOptions): Session {
  const origin = registryOrigin(name, insecure)
  const repository = `${name.namespace}/${name.model}`
  const authorization = authorizer(origin)
  let registryIsPrivate = false

  const send = async (request: SessionRequest, url: URL) => {
    const own = url.origin === origin
    const isTrusted = own || siblings.includes(url.origin)
    const header = isTrusted ? authorization.header() : undefined
    const reply = await http({
      method: request.method,
      url,
      headers: { ...request.headers, ...(header === undefined ? {} : { authorization: header }) },
      publicOnly: !own && !registryIsPrivate,
      ...(request.body ? { body: request.body() } : {}),
      ...(request.connectTimeoutMs === undefined ? {} : { connectTimeoutMs: request.connectTimeoutMs }),
      ...(request.signal ? { signal: request.signal } : {}),
    })
    if (own) registryIsPrivate = reply.fromPrivateAddress
    return { reply, refused: isTrusted && reply.status === 401 ? { header } : undefined }
  }

  const toUrl = (path: string) => new URL(`${origin}/v2/${repository}/${path}`)
  return {
    origin,
    repository,
    ...(hint === undefined ? {} : { hint }),
    url: toUrl,
    async request(request) {
      const url = typeof request.target === 'string' ? toUrl(request.target) : request.target
      const first = await send(request, url)
      if (!first.refused) return first.reply
      const challenge = first.reply.headers['www-authenticate']
      first.reply.discard()
      // Another request of this session may have fetched a token meanwhile.
      if (authorization.header() === first.refused.header) await authorization.answer(challenge, request.signal)
      const second = await send(request, url)
      if (!second.refused) return second.reply
      second.reply.discard()
      throw new AppError('unauthorized', 'unauthorized: access denied')
    },
    resolve: (location, url) => resolveLocation(location, url),
  }
}

export function registryOrigin(name: ModelName, insecure: boolean): string {
  const text = `${insecure ? 'http' : 'https'}://${name.host}`
  if (!URL.canParse(text)) throw new AppError('invalid_model_name', 'invalid model name', { details: { host: name.host } })
  return new URL(text).origin
}

/** Ends the wish for an answer's body and says what the status means for a caller who had hoped for another. */
export function statusError(status: number, text: string): AppError {
  const code = status === 404 ? 'registry_not_found' : status === 401 ? 'unauthorized' : status === 403 ? 'forbidden' : 'registry_error'
  return new AppError(code, text === '' ? `${status}` : `${status}: ${text}`, { details: { status } })
}

const MOMENTARY_STATUSES: readonly unknown[] = [408, 425, 429, 500, 502, 503, 504, 507, 509]

/** Worth another try: the connection, or a server that may recover. */
export function isMomentary(error: unknown): boolean {
  if (isAppError(error, 'registry_unreachable')) return true
  return isAppError(error) && (error.details.retry === true || MOMENTARY_STATUSES.includes(error.details.status))
}

/** The last of the tries has failed like this. */
export function exhausted(error: unknown): AppError {
  const code = isAppError(error) ? error.code : 'registry_unreachable'
  return new AppError(code, `max retries exceeded: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}

function resolveLocation(location: string | undefined, url: URL): URL {
  if (location === undefined || location === '' || !URL.canParse(location, url.href)) {
    throw new AppError('registry_error', `${url.origin} redirects without a usable Location`)
  }
  const target = new URL(location, url)
  if (target.protocol !== 'https:' && target.protocol !== 'http:') {
    throw new AppError('registry_error', `${url.origin} redirects to a ${target.protocol} address`)
  }
  // A registry behind a proxy that ends TLS does not know that it is spoken to over https.
  if (target.protocol === 'http:' && url.protocol === 'https:' && target.hostname === url.hostname) {
    target.protocol = 'https:'
    target.port = url.port
  }
  return target
}
