// Requests and answers of the client, as bytes: one connection each, no time limit, a limit on what is read, and the server's `{"error"}` as an
// AppError, whether it came with a status of its own or as the last record of a stream.

import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import { Readable } from 'node:stream'
import { AppError, type ErrorCode } from '../base/errors.ts'
import { isRecord, tryParseJson } from '../base/json.ts'
import { readLines } from '../base/lines.ts'

interface CallOptions {
  json?: unknown
  body?: AsyncIterable<Uint8Array>
  signal?: AbortSignal | undefined
  headers?: Readonly<Record<string, string>>
}

export interface Transport {
  readJson<T>(method: string, path: string, options?: CallOptions): Promise<T>
  readRecords<T>(method: string, path: string, options?: CallOptions): AsyncGenerator<T>
  /** For answers without a body that matters. */
  finish(method: string, path: string, options?: CallOptions): Promise<void>
}

/** An answer in one piece; a verbose description of a large model has some tens of megabytes. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024
const MAX_ERROR_BYTES = 1024 * 1024

export function createTransport(baseUrl: string, apiKey?: string): Transport {
  const headers = isSendable(apiKey) ? { Authorization: `Bearer ${apiKey}` } : {}
  const call = (method: string, path: string, options: CallOptions) =>
    request(new URL(baseUrl.replace(/\/+$/, '') + path), method, { ...options, headers })
  return {
    async readJson<T>(method: string, path: string, options: CallOptions = {}) {
      const response = await call(method, path, options)
      const text = await readText(response, MAX_ANSWER_BYTES, options.signal)
      return parseRecord(text) as T
    },
    async *readRecords<T>(method: string, path: string, options: CallOptions = {}) {
      const response = await call(method, path, options)
      try {
        for await (const line of readLines(response)) {
          const record = parseRecord(line)
          if (typeof record.error === 'string') throw toError(200, record)
          yield record as T
        }
      } catch (error) {
        throw toTransportError(error, options.signal)
      }
    },
    async finish(method, path, options = {}) {
      const response = await call(method, path, options)
      response.resume()
    },
  }
}

/** What no header can have, the server will miss, and say so. */
function isSendable(apiKey: string | undefined): boolean {
  return apiKey !== undefined && /^[\x20-\x7e]+$/.test(apiKey)
}

/** Resolves with the head of a good answer. */
async function request(url: URL, method: string, { json, body, signal, headers }: CallOptions): Promise<http.IncomingMessage> {
  const payload = json === undefined ? undefined : Buffer.from(JSON.stringify(json))
  const outgoing = (url.protocol === 'https:' ? https : http).request(url, {
    method,
    agent: false,
    headers: { ...headers, ...(payload ? { 'Content-Type': 'application/json', 'Content-Length': payload.length } : {}) },
    ...(signal === undefined ? {} : { signal }),
  })
  // What goes wrong behind the head of the answer shows in the answer.
  outgoing.on('error', () => {})
  const source = body && Readable.from(body, { objectMode: false })
  let response: http.IncomingMessage
  try {
    const answered = once(outgoing, 'response')
    if (source) source.on('error', (error) => outgoing.destroy(error)).pipe(outgoing)
    else outgoing.end(payload)
    ;[response] = (await answered) as [http.IncomingMessage]
  } catch (error) {
    throw toTransportError(error, signal, { isConnecting: true })
  } finally {
    // What the server has answered without, it does not want.
    source?.destroy()
  }
  const status = response.statusCode ?? 0
  if (status >= 200 && status < 300) return response
  throw await readError(response, status, signal)
}

async function readError(response: http.IncomingMessage, status: number, signal: AbortSignal | undefined): Promise<AppError> {
  const text = await readText(response, MAX_ERROR_BYTES, signal)
  const record = tryParseJson(text)
  return toError(status, isRecord(record) ? record : { error: text.trim() || `${status} ${response.statusMessage ?? ''}`.trim() })
}

async function readText(response: http.IncomingMessage, limitBytes: number, signal: AbortSignal | undefined): Promise<string> {
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  try {
    for await (const part of response) {
      sizeBytes += part.length
      if (sizeBytes > limitBytes) throw new AppError('payload_too_large', `the answer is larger than ${limitBytes} bytes`)
      parts.push(part)
    }
  } catch (error) {
    throw toTransportError(error, signal)
  }
  return Buffer.concat(parts).toString('utf8')
}

function parseRecord(text: string): Record<string, unknown> {
  const value = tryParseJson(text)
  if (!isRecord(value)) throw new AppError('internal', `the server answered with something that is no JSON object: ${text.slice(0, 200)}`)
  return value
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'model_not_found',
  405: 'method_not_allowed',
  413: 'payload_too_large',
  501: 'not_supported',
  503: 'server_busy',
}

function toError(status: number, body: Record<string, unknown>): AppError {
  const message = typeof body.error === 'string' ? body.error : JSON.stringify(body.error ?? body)
  const signinUrl = typeof body.signin_url === 'string' ? { signinUrl: body.signin_url } : {}
  return new AppError(CODES[status] ?? 'internal', message, { details: { status, ...signinUrl } })
}

interface Stage {
  isConnecting?: boolean
}

function toTransportError(error: unknown, signal: AbortSignal | undefined, { isConnecting = false }: Stage = {}): AppError {
  if (error instanceof AppError) return error
  if (signal?.aborted) return new AppError('cancelled', 'request canceled', { cause: error })
  const message = error instanceof Error ? error.message || error.name : String(error)
  if (isConnecting) return new AppError('internal', message, { cause: error, details: { unreachable: true } })
  return new AppError('internal', `the connection to the server was lost: ${message}`, { cause: error })
}
