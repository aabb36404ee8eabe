import { AppError } from '../base/errors.ts'
import type { HttpReply } from './http-client.ts'

/** What a registry says about a failure is shown to people; more than this is not for them. */
export const MAX_ERROR_BODY_BYTES = 16 * 1024

/** The whole body. More than `maxBytes` throws `registry_error` and closes the connection. */
export async function readBytes(reply: HttpReply, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(reply.headers['content-length'] ?? 0)
  if (announced > maxBytes) {
    reply.discard()
    throw tooLarge(maxBytes)
  }
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const bytes of reply.body) {
    sizeBytes += bytes.length
    if (sizeBytes > maxBytes) throw tooLarge(maxBytes)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

/** The beginning of an error's body as text, never a failure of its own. */
export async function readErrorText(reply: HttpReply): Promise<string> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  try {
    for await (const bytes of reply.body) {
      chunks.push(bytes)
      sizeBytes += bytes.length
      if (sizeBytes >= MAX_ERROR_BODY_BYTES) break
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    chunks.push(Buffer.from(` (${error.message})`))
  }
  return Buffer.concat(chunks).subarray(0, MAX_ERROR_BODY_BYTES).toString('utf8').trim()
}

function tooLarge(maxBytes: number): AppError {
  return new AppError('registry_error', `the registry's answer is larger than ${maxBytes} bytes`, { details: { maxBytes } })
}
