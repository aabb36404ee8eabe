// The HTTP server: Fastify's router and life cycle, and nothing else of it. Bodies, replies and errors are the kernel's, since the wire must be
// Ollama's to the byte; so every request is taken out of Fastify's hands as soon as its route is known.

import { lookup } from 'node:dns/promises'
import { METHODS as HTTP_METHODS, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { type Clock, systemClock } from '../../base/clock.ts'
import { AppError, cancelled } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { createKeyCheck } from './api-key.ts'
import { type Destination, type ExchangeSettings, serveExchange } from './exchange.ts'
import { isLoopbackAddress, type LocalMachine, thisMachine } from './hosts.ts'
import { createOriginPolicy } from './origins.ts'
import { decodePath, findDetour, matchesPath, readParams, splitTarget } from './paths.ts'
import { METHODS, type Method, type Route } from './route.ts'

export interface KernelOptions {
  routes: readonly Route[]
  log: Log
  /** Origins beyond those that are always allowed. */
  origins?: readonly string[]
  clock?: Clock
  machine?: LocalMachine
  /** What every request but the probe must bring; without it nobody is asked. */
  apiKey?: string | undefined
  /** The answer to a path without a route, where it is not the plain one. */
  refuseUnknown?: ExchangeSettings['refuseUnknown']
}

export interface Kernel {
  /** Resolves when connections are accepted. Rejects with the system's error where the address cannot be had. */
  listen(address: { host: string; port: number }): Promise<ListenAddress>
  /** Undefined before `listen` and after `close`. */
  address(): ListenAddress | undefined
  /** Accepts nothing more, waits `drainMs` for what is under way, then aborts it, and ends with every socket closed. */
  close(options?: { drainMs?: number }): Promise<void>
}

interface ListenAddress {
  host: string
  port: number
}

/** A client has this long for its header; slower ones hold a socket for nothing. */
const HEADERS_TIMEOUT_MS = 60_000
const KEEP_ALIVE_TIMEOUT_MS = 75_000
const MAX_HEADER_BYTES = 256 * 1024
/** A digest of 71 characters, or a name of four parts. */
const MAX_PARAM_CHARACTERS = 1024
const DRAIN_MS = 5_000
/** What an aborted stream gets to write its last record. */
const LAST_WORDS_MS = 1_000
/** Those whose bodies Fastify would read. */
const BODY_METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'].filter((method) => HTTP_METHODS.includes(method))

/** Throws `invalid_request` for an origin that no page could have. */
export function createKernel({
  routes,
  log,
  origins = [],
  clock = systemClock,
  machine = thisMachine,
  apiKey,
  refuseUnknown,
}: KernelOptions): Kernel {
  const active = new Set<AbortController>()
  let closing: Promise<void> | undefined
  const app = createApp()
  const address = (): ListenAddress | undefined => {
    const bound = app.server.address()
    return typeof bound === 'object' && bound !== null ? { host: bound.address, port: bound.port } : undefined
  }
  const settings: ExchangeSettings = {
    log,
    clock,
    origins: createOriginPolicy(origins),
    machine,
    hasKey: createKeyCheck(apiKey),
    checksHost: () => isLoopbackAddress(address()?.host ?? ''),
    isClosing: () => closing !== undefined,
    ...(refuseUnknown ? { refuseUnknown } : {}),
  }

  const serve = (request: FastifyRequest, reply: FastifyReply, route?: Route): void => {
    reply.hijack()
    const controller = new AbortController()
    active.add(controller)
    bindToSocket(reply.raw, controller)
    const url = request.originalUrl
    const path = decodePath(splitTarget(url).rawPath) ?? url
    // The router takes an empty part for a name, as in a path that ends with a slash.
    const params = route && readParams(route.path, path)
    const destination: Destination = route && params ? route : findOther(request, routes)
    const exchange = { message: request.raw, response: reply.raw, url, path, params: params ?? {}, controller }
    void serveExchange(exchange, destination, settings).then(() => {
      active.delete(controller)
      if (closing) app.server.closeIdleConnections()
    })
  }

  for (const route of routes)
    app.route({ method: route.method, url: route.path.replace(/\*\w+$/, '*'), handler: (request, reply) => serve(request, reply, route) })
  app.setNotFoundHandler((request, reply) => serve(request, reply))

  return {
    async listen({ host, port }) {
      // One address, as Go takes one: Fastify would listen on all that a name has.
      await app.listen({ host: (await lookup(host)).address, port })
      app.server.on('error', (error) => log.error('the server has a problem with its socket', { error }))
      const bound = address()
      if (!bound) throw new AppError('internal', 'the server has no address')
      return bound
    },
    address,
    close({ drainMs = DRAIN_MS } = {}) {
      closing ??= closeApp(app, active, { drainMs, clock })
      return closing
    },
  }
}

function createApp(): FastifyInstance {
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    requestTimeout: 0,
    connectionTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: MAX_PARAM_CHARACTERS },
    http: { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT_MS, keepAlive: true, keepAliveInitialDelay: 60_000 },
    rewriteUrl: toRoutedUrl,
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (_error, _request, reply) => writeBadRequest(reply),
  })
  // Fastify must read no bodies: it would look at Content-Type.
  for (const method of BODY_METHODS) app.addHttpMethod(method, { hasBody: false, overrideExisting: true })
  return app
}

/** Routes match the decoded path, so that `/api%2fversion` is `/api/version`; what the router itself would read is escaped again. */
function toRoutedUrl(message: IncomingMessage): string {
  const { rawPath, query } = splitTarget(message.url ?? '/')
  const path = decodePath(rawPath)
  return path === undefined ? rawPath : path.replace(/[%?#]/g, encodeURIComponent) + query
}

function findOther(request: FastifyRequest, routes: readonly Route[]): Destination {
  const { rawPath, query } = splitTarget(request.originalUrl)
  const methodsOf = (path: string): readonly Method[] =>
    METHODS.filter((method) => routes.some((route) => route.method === method && matchesPath(route.path, path)))
  const path = decodePath(rawPath) ?? rawPath
  const detour = findDetour(request.method, path, query, methodsOf)
  return { detour, allow: detour.kind === 'not-allowed' ? detour.allow : [] }
}

/** A client that leaves before it has its whole reply aborts what is done for it. */
function bindToSocket(response: ServerResponse, controller: AbortController): void {
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(cancelled())
  })
  response.on('error', () => controller.abort(cancelled()))
}

interface Closing {
  drainMs: number
  clock: Clock
}

async function closeApp(app: FastifyInstance, active: ReadonlySet<AbortController>, { drainMs, clock }: Closing): Promise<void> {
  const abort = clock.after(drainMs, () => {
    for (const controller of active) controller.abort(new AppError('shutting_down', 'the server is shutting down'))
  })
  const cut = clock.after(drainMs + LAST_WORDS_MS, () => app.server.closeAllConnections())
  await app.close()
  abort.cancel()
  cut.cancel()
}

/** What is no HTTP gets Go's answer; behind a reply it would be taken for a part of that. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy()
    return
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`)
}

/** A path with broken escapes. */
function writeBadRequest(reply: FastifyReply): void {
  reply.hijack()
  const text = '400 Bad Request'
  reply.raw.writeHead(400, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': text.length, Connection: 'close' }).end(text)
}
