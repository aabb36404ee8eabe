// Reads ranges of one blob. Registries differ: the bytes come at once (200 or 206), or from a storage behind up to ten redirects. The
// address of the storage is kept for the next range and forgotten when it is refused, since such addresses are signed and expire.
// Nothing is believed: status, Content-Range, length and encoding are checked before a byte is handed out.

import { AppError } from '../base/errors.ts'
import type { Digest } from '../model/digest.ts'
import { readErrorText } from './body.ts'
import { follow } from './follow.ts'
import type { HttpReply } from './http-client.ts'
import { type Session, statusError } from './session.ts'

export interface BlobRange {
  /** First byte of the body within the blob: what was asked for, or 0 from a server without ranges. */
  start: number
  /** One past the last. May be less than asked for. */
  end: number
  body: AsyncIterable<Uint8Array>
}

export interface BlobReader {
  /** [start, end). Throws `registry_error`, `registry_not_found`, `registry_unreachable`, `unauthorized`, `forbidden`. */
  open(start: number, end: number, signal: AbortSignal): Promise<BlobRange>
}

/** What a storage answers for a signed address that has expired. */
const EXPIRED: readonly number[] = [400, 401, 403, 404, 410]

/** Of the registry that the session is about, unless `url` says where. */
export function createBlobReader(
  session: Session,
  { digest, sizeBytes }: { digest: Digest; sizeBytes: number },
  url = session.url(`blobs/${digest}`),
): BlobReader {
  let storageUrl: URL | undefined
  return {
    async open(start, end, signal) {
      const from = storageUrl ?? url
      // Unless another range has found a new address meanwhile.
      const forget = () => {
        if (storageUrl === from) storageUrl = undefined
      }
      const { reply, url: storage } = await follow(session, from, { headers: { range: `bytes=${start}-${end - 1}` }, signal }).catch(
        (error: unknown) => {
          forget()
          throw error
        },
      )
      if (reply.status !== 200 && reply.status !== 206) {
        forget()
        const error = statusError(reply.status, await readErrorText(reply))
        if (from === url || !EXPIRED.includes(reply.status)) throw error
        throw new AppError(error.code, error.message, { cause: error, details: { ...error.details, retry: true } })
      }
      storageUrl = storage.origin === session.origin ? undefined : storage
      try {
        return { ...checkRange(reply, { start, end, sizeBytes }), body: reply.body }
      } catch (error) {
        reply.discard()
        throw error
      }
    },
  }
}

interface Asked {
  start: number
  end: number
  sizeBytes: number
}

function checkRange(reply: HttpReply, asked: Asked): { start: number; end: number } {
  const encoding = reply.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity' && encoding !== '') throw wrong(`the blob comes with Content-Encoding ${encoding}, which was not asked for`)
  const length = reply.headers['content-length'] === undefined ? undefined : Number(reply.headers['content-length'])
  if (reply.status === 200) {
    if (length !== undefined && length !== asked.sizeBytes) throw wrongSize(asked.sizeBytes, length)
    return { start: 0, end: asked.sizeBytes }
  }
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(reply.headers['content-range'] ?? '')
  if (!range) throw wrong('the registry answers a range without a usable Content-Range')
  const [start, end] = [Number(range[1]), Number(range[2]) + 1]
  if (range[3] !== '*' && Number(range[3]) !== asked.sizeBytes) throw wrongSize(asked.sizeBytes, Number(range[3]))
  if (start !== asked.start || end <= start || end > asked.end) throw wrong('the registry answers another range than was asked for')
  if (length !== undefined && length !== end - start) throw wrong("the answer's length does not fit its range")
  return { start, end }
}

function wrongSize(expected: number, actual: number): AppError {
  return wrong(`the blob has ${actual} bytes where the manifest says ${expected}`)
}

function wrong(message: string): AppError {
  return new AppError('registry_error', message)
}
