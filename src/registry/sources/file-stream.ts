// A file in one stream. After a failure it goes on where it stood, if the server still has the same version and can begin there.

import type { Clock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { readErrorText } from '../body.ts'
import { MAX_FAILURES, STALL_LIMIT_MS } from '../download.ts'
import { follow } from '../follow.ts'
import type { HttpReply } from '../http-client.ts'
import { createPacer } from '../pacer.ts'
import { exhausted, isMomentary, type Session, statusError } from '../session.ts'
import { wait, within, withStallLimit } from '../wait.ts'
import type { FileFacts } from './remote-file.ts'

export interface FileStreamOptions {
  session: Session
  url: URL
  facts: FileFacts
  clock: Clock
  signal: AbortSignal
  limitBytesPerSecond?: number
  /** So many bytes have come. */
  onBytes(completedBytes: number): void
}

export async function* streamFile(options: FileStreamOptions): AsyncGenerator<Uint8Array> {
  const { facts, clock, signal, onBytes } = options
  const pace = createPacer(clock, options.limitBytesPerSecond)
  let [position, failures] = [0, 0]
  while (true) {
    // A connection that failed must not stay open behind the next try.
    const attempt = new AbortController()
    try {
      for await (const bytes of await open(position, { ...options, signal: AbortSignal.any([signal, attempt.signal]) })) {
        position += bytes.length
        failures = 0
        if (facts.sizeBytes !== undefined && position > facts.sizeBytes) throw tooMuch(facts.sizeBytes)
        onBytes(position)
        yield bytes
        await pace(bytes.length, signal)
      }
      if (facts.sizeBytes === undefined || position === facts.sizeBytes) return
      throw new AppError('registry_error', 'unexpected EOF', { details: { retry: true } })
    } catch (error) {
      attempt.abort()
      if (signal.aborted || !isMomentary(error)) throw error
      failures++
      if (failures >= MAX_FAILURES) throw exhausted(error)
      await wait(clock, 1000 * 2 ** (failures - 1), signal)
    }
  }
}

async function open(position: number, { session, url, facts, clock, signal }: FileStreamOptions): Promise<AsyncIterable<Uint8Array>> {
  const headers = position === 0 ? {} : { range: `bytes=${position}-`, ...(facts.etag === undefined ? {} : { 'if-range': facts.etag }) }
  const message = `no answer for ${STALL_LIMIT_MS / 1000} seconds`
  const { reply } = await within(follow(session, url, { headers, signal }), { clock, limitMs: STALL_LIMIT_MS, message })
  if (reply.status !== 200 && reply.status !== 206) throw statusError(reply.status, await readErrorText(reply))
  if (startOf(reply) !== position) {
    reply.discard()
    throw new AppError('registry_error', 'the connection broke off, and the server cannot go on where it was')
  }
  return withStallLimit(reply.body, { clock, limitMs: STALL_LIMIT_MS, signal })
}

/** Undefined where nobody can say, or the bytes are not those of the file. */
function startOf(reply: HttpReply): number | undefined {
  if (!['', 'identity'].includes(reply.headers['content-encoding'] ?? '')) return undefined
  if (reply.status === 200) return 0
  const start = /^bytes (\d{1,15})-/.exec(reply.headers['content-range'] ?? '')?.[1]
  return start === undefined ? undefined : Number(start)
}

function tooMuch(sizeBytes: number): AppError {
  return new AppError('registry_error', `the file has more than the ${sizeBytes} bytes that the server announced`)
}
