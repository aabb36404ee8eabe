// One request and its reply: the checks that come before any route, the signal that is bound to the socket, the handler, the writing, the line
// in the log. Nothing that happens here may reject: an error that nobody expected becomes a 500 and a record in the log.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../base/clock.ts'
import { type AppError, toAppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { type KeyCheck, refuseWithoutKey } from './api-key.ts'
import { readWholeBody, streamBody } from './body.ts'
import { type CorsHeaders, checkCors } from './cors.ts'
import { checkHost, isHostHeader, type LocalMachine } from './hosts.ts'
import type { OriginPolicy } from './origins.ts'
import { type Detour, redirectUnclean, splitTarget } from './paths.ts'
import { empty, isStream, type Reply, type WholeReply } from './reply.ts'
import type { HttpRequest } from './request.ts'
import type { Method, Route } from './route.ts'
import { streamError, writeStream } from './stream.ts'
import { type WriteContext, writeWhole } from './whole.ts'

export interface ExchangeSettings {
  log: Log
  clock: Clock
  origins: OriginPolicy
  machine: LocalMachine
  /** Whether the Host header decides; true for a listener on loopback. */
  checksHost(): boolean
  /** Whether the request brings the server's key, where it has one. */
  hasKey: KeyCheck
  isClosing(): boolean
  /** What a path without a route is told where a dialect has words of its own for it. */
  refuseUnknown?(method: string, path: string): WholeReply | undefined
}

export interface Exchange {
  message: IncomingMessage
  response: ServerResponse
  /** As it came over the wire. */
  url: string
  /** Decoded. */
  path: string
  params: Readonly<Record<string, string>>
  controller: AbortController
}

/** The route of the request, or what to do where none has it. */
export type Destination = Route | { detour: Detour; allow: readonly Method[] }

/** Never rejects. */
export async function serveExchange(exchange: Exchange, destination: Destination, settings: ExchangeSettings): Promise<void> {
  const { message, response, controller } = exchange
  const startedNs = settings.clock.monotonicNs()
  let cors: CorsHeaders = {}
  const context: WriteContext = {
    log: settings.log,
    signal: controller.signal,
    isHead: message.method === 'HEAD',
    headers: () => ({ ...toNodeHeaders(cors), ...(settings.isClosing() ? { Connection: 'close' } : {}) }),
  }
  let failure: AppError | undefined
  try {
    const admission = admit(exchange, destination, settings)
    cors = admission.cors
    if (admission.reply) await writeWhole(response, admission.reply, context)
    else if ('detour' in destination) await writeWhole(response, toOtherReply(exchange, destination.detour, settings), context)
    else failure = await runRoute(exchange, destination, context)
  } catch (error) {
    failure = toAppError(error)
    if (!response.headersSent) await writeWhole(response, empty(500), context)
    else response.destroy()
  }
  logExchange(exchange, { failure, durationMs: (settings.clock.monotonicNs() - startedNs) / 1e6, log: settings.log })
}

/** Runs the handler and writes what it says; resolves with what went wrong, for the log. */
async function runRoute(exchange: Exchange, route: Route, context: WriteContext): Promise<AppError | undefined> {
  let answer: Reply
  let failure: AppError | undefined
  try {
    answer = await route.handle(toRequest(exchange))
  } catch (error) {
    failure = streamError(error, context.signal)
    answer = route.fail(failure)
  }
  if (isStream(answer)) return writeStream(exchange.response, answer, context)
  await writeWhole(exchange.response, answer, context)
  return failure
}

const malformedHost: WholeReply = {
  kind: 'text',
  status: 400,
  text: '400 Bad Request: malformed Host header',
  contentType: 'text/plain; charset=utf-8',
  headers: { Connection: 'close' },
}

/** Ollama cleans and shortens paths before it looks at Origin and Host, and asks those before it knows whether the route exists. */
function admit(
  { message, url, path }: Exchange,
  destination: Destination,
  { origins, machine, checksHost, hasKey }: ExchangeSettings,
): { cors: CorsHeaders; reply?: WholeReply } {
  const method = message.method ?? 'GET'
  if (!isHostHeader(message.headers.host)) return { cors: {}, reply: malformedHost }
  const unclean = redirectUnclean(splitTarget(url))
  if (unclean) return { cors: {}, reply: toDetourReply(unclean, method) }
  if ('detour' in destination && destination.detour.kind === 'redirect') return { cors: {} }
  const { origin, 'access-control-request-headers': requestHeaders } = message.headers
  const host = splitTarget(url).authority ?? message.headers.host
  const allow = 'allow' in destination && destination.allow.length > 0 ? { Allow: destination.allow.join(', ') } : {}
  const verdict = checkCors({ method, origin, host, requestHeaders }, origins)
  if (verdict.kind === 'refuse') return { cors: allow, reply: empty(403) }
  if (verdict.kind === 'preflight') return { cors: { ...verdict.headers, ...allow }, reply: empty(204) }
  const hostVerdict = checksHost() ? checkHost(host, machine) : 'address'
  if (hostVerdict === 'refused') return { cors: { ...verdict.headers, ...allow }, reply: empty(403) }
  // wire: OPTIONS under a local name is 204; under an address it meets the router.
  if (hostVerdict === 'name' && method === 'OPTIONS') return { cors: { ...verdict.headers, ...allow }, reply: empty(204) }
  const isOpen = 'isOpen' in destination && destination.isOpen === true
  if (!isOpen && !hasKey(path, message.headers))
    return { cors: verdict.headers, reply: refuseWithoutKey('fail' in destination ? destination.fail : undefined) }
  return { cors: verdict.headers }
}

function toOtherReply({ message, path }: Exchange, detour: Detour, { refuseUnknown }: ExchangeSettings): WholeReply {
  const own = detour.kind === 'unknown' ? refuseUnknown?.(message.method ?? 'GET', path) : undefined
  return own ?? toDetourReply(detour, message.method)
}

function toDetourReply(detour: Detour, method: string | undefined): WholeReply {
  if (detour.kind === 'unknown') return { kind: 'text', status: 404, text: '404 page not found', contentType: 'text/plain' }
  if (detour.kind === 'not-allowed') {
    const headers = { Allow: detour.allow.join(', ') }
    return { kind: 'text', status: 405, text: '405 method not allowed', contentType: 'text/plain', headers }
  }
  const { status, location } = detour
  const headers = { Location: location }
  // wire: only GET and HEAD get the page that says where to go.
  if (method !== 'GET' && method !== 'HEAD') return { kind: 'empty', status, headers }
  const words = status === 301 ? 'Moved Permanently' : 'Temporary Redirect'
  const text = `<a href="${escapeHtml(location)}">${words}</a>.\n\n`
  return { kind: 'text', status, text, contentType: 'text/html; charset=utf-8', headers }
}

function toRequest({ message, url, path, params, controller }: Exchange): HttpRequest {
  return {
    method: message.method ?? 'GET',
    path,
    params,
    query: new URLSearchParams(splitTarget(url).query),
    headers: message.headers,
    signal: controller.signal,
    readBody: (limitBytes) => readWholeBody(message, limitBytes),
    get bodyStream() {
      return streamBody(message)
    },
  }
}

function toNodeHeaders(cors: CorsHeaders): Record<string, string | string[]> {
  return Object.fromEntries(Object.entries(cors).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]))
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;').replaceAll("'", '&#39;')
}

interface ExchangeEnd {
  failure: AppError | undefined
  durationMs: number
  log: Log
}

function logExchange({ message, response, path }: Exchange, { failure, durationMs, log }: ExchangeEnd): void {
  const status = response.headersSent ? response.statusCode : 499
  const fields = { method: message.method, path, status, durationMs: durationMs.toFixed(1), code: failure?.code, error: failure?.message }
  const isOurs = failure !== undefined && failure.code !== 'cancelled' && (status >= 500 || failure.code === 'internal')
  if (isOurs) log.error('request failed', { ...fields, cause: failure.cause instanceof Error ? failure.cause.stack : undefined })
  else log.info('request', fields)
}
