// Reads request bodies. Content-Type is no matter: clients of Ollama send JSON under any type, or none. A client that stops sending is let go
// after a while; one that sends slowly is not, since a model of many gigabytes may come over a thin line. Whole bodies may be compressed;
// what they unfold to has a limit of its own, since it costs the client nothing.

import type { IncomingMessage } from 'node:http'
import { AppError } from '../../base/errors.ts'
import { decompress } from './compression.ts'

/** JSON with images in it; keeps one request from taking all memory. Below V8's longest string. */
const MAX_JSON_BYTES = 256 * 1024 * 1024
/** Silence on the line, not duration: the largest upload may take a day. */
export const BODY_SILENCE_MS = 5 * 60_000

/** Throws `payload_too_large` as soon as that is known, `cancelled` when the client leaves, and what `decompress` throws. */
export async function readWholeBody(message: IncomingMessage, limitBytes = MAX_JSON_BYTES): Promise<Uint8Array> {
  if (Number(message.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes)
  const parts: Uint8Array[] = []
  let sizeBytes = 0
  for await (const part of streamBody(message)) {
    sizeBytes += part.length
    if (sizeBytes > limitBytes) throw tooLarge(limitBytes)
    parts.push(part)
  }
  const body = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
  return decompress(body, message.headers['content-encoding'])
}

/** Throws `cancelled` when the client leaves or falls silent. Whoever stops early leaves the rest unread. */
export async function* streamBody(message: IncomingMessage): AsyncGenerator<Uint8Array> {
  message.setTimeout(BODY_SILENCE_MS, () => void message.destroy(new Error('the client sends nothing any more')))
  try {
    // The message must outlive the loop: the reply still needs its socket.
    yield* message.iterator({ destroyOnReturn: false })
  } catch (cause) {
    throw new AppError('cancelled', 'the client left while it sent the request', { cause })
  } finally {
    message.setTimeout(0)
  }
}

function tooLarge(limitBytes: number): AppError {
  return new AppError('payload_too_large', `http: request body too large: the limit is ${limitBytes} bytes`, { details: { limitBytes } })
}
