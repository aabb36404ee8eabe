// Is a server there? Most verbs only say so when none is; `run` starts one in the background and waits until it answers.

import { mkdir, open, stat } from 'node:fs/promises'
import { STATUS_CODES } from 'node:http'
import path from 'node:path'
import { AppError, isAppError } from '../base/errors.ts'
import { errorCode, isMissing } from '../base/system-error.ts'
import type { Context } from './verb.ts'

const POLL_MS = 100
/** A first start reads the whole store. */
const MAX_START_MS = 30_000
const LOG_TAIL_LINES = 10
const LOG_TAIL_BYTES = 8 * 1024

export function isUnreachable(error: unknown): boolean {
  return isAppError(error) && error.details.unreachable === true
}

export function isNotFound(error: unknown): boolean {
  return isAppError(error) && error.details.status === 404
}

/** The parts of a streaming call. An error that came with a status of its own is shown with it (`400 Bad Request: ...`), as Ollama does there. */
export async function* streamed<T>(parts: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* parts
  } catch (error) {
    const status = isAppError(error) ? error.details.status : undefined
    if (!isAppError(error) || typeof status !== 'number' || status < 400) throw error
    throw new AppError(error.code, `${status} ${STATUS_CODES[status] ?? ''}: ${error.message}`, { cause: error, details: error.details })
  }
}

/** Throws `not_supported` when there is no server and none may be or could be started. */
export async function ensureServer(context: Context, mayStart: boolean): Promise<void> {
  try {
    await context.client.version()
  } catch (error) {
    if (!isUnreachable(error) || !mayStart || !isOnThisMachine(context.config.serverUrl)) throw error
    await startServer(context)
  }
}

/** What only Llamero offers. Throws `not_supported` where the server is another one. */
export async function fromLlamero<T>(client: Context['client'], serverUrl: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (isNotFound(error)) await requireLlamero(client, serverUrl, error)
    throw error
  }
}

export async function requireLlamero(client: Context['client'], serverUrl: string, cause: unknown): Promise<void> {
  const { version, llamero } = await client.versions()
  if (llamero !== undefined) return
  throw new AppError('not_supported', `the server at ${serverUrl} is Ollama ${version}: only Llamero's can do this`, { cause })
}

/** For an error of `isUnreachable`. That nobody listens is said as Ollama says it; another reason is told, and so is another machine. */
export function describeUnreachable(error: unknown, { program, config }: Context): string {
  const { serverUrl } = config
  const code = isAppError(error) ? errorCode(error.cause) : undefined
  if (code !== undefined && isOtherProtocol(code)) {
    return `the server at ${serverUrl} does not speak https; OLLAMA_HOST=http${serverUrl.slice('https'.length)} names it without`
  }
  if (code !== undefined && code !== 'ECONNREFUSED') {
    return `could not connect to the server at ${serverUrl}: ${(error as AppError).message}; OLLAMA_HOST says which one it is`
  }
  const elsewhere = isOnThisMachine(serverUrl) ? '' : `\nOLLAMA_HOST names another machine: ${serverUrl}`
  return `could not connect to ${program} server, run '${program} serve' to start it${elsewhere}`
}

/** What a server that speaks http says is no record of TLS; Node has more than one code for that. */
function isOtherProtocol(code: string): boolean {
  return code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG'
}

async function startServer({ config, io, client, processes, program }: Context): Promise<void> {
  const logFile = path.join(config.home, 'logs', 'server.log')
  await mkdir(path.dirname(logFile), { recursive: true })
  const logStart = await fileSize(logFile)
  let exited = false
  const server = processes.startServer(logFile)
  io.stderr.write(`No server is running: starting one in the background (process ${server.pid}, log ${logFile})\n`)
  void server.exited.then(() => {
    exited = true
  })
  for (let waitedMs = 0; waitedMs < MAX_START_MS && !exited; waitedMs += POLL_MS) {
    await processes.sleep(POLL_MS)
    if (await answers(client)) return
  }
  const reason = exited ? 'the server ended before it answered' : `the server did not answer within ${MAX_START_MS / 1000} s`
  throw new AppError('not_supported', `${reason}; run '${program} serve' to see why. Its log says:\n${await readTail(logFile, logStart)}`)
}

async function answers(client: Context['client']): Promise<boolean> {
  try {
    await client.version()
    return true
  } catch (error) {
    if (isUnreachable(error)) return false
    throw error
  }
}

export function isOnThisMachine(serverUrl: string): boolean {
  const { hostname } = new URL(serverUrl)
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)
}

/** The last lines of what was written since; a log that is shorter now was put aside at the start. */
async function readTail(file: string, since: number): Promise<string> {
  await using handle = await open(file, 'r')
  const { size } = await handle.stat()
  const start = Math.max(size < since ? 0 : since, size - LOG_TAIL_BYTES)
  const bytes = Buffer.alloc(size - start)
  await handle.read(bytes, 0, bytes.length, start)
  return bytes.toString('utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n')
}

async function fileSize(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch (error) {
    if (isMissing(error)) return 0
    throw error
  }
}
