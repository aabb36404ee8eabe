// Bodies of requests that came compressed: gzip, deflate, br, and zstd where Node knows it (22.15 and later), one coding at a time. Ollama takes
// zstd alone, and 20 MiB of it. A small body can unfold to any size, so the limit is far below that of plain bodies.

import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { AppError } from '../../base/errors.ts'
import { errorCode } from '../../base/system-error.ts'

/** A long talk with its documents; images do not shrink, and go plain. */
export const MAX_DECOMPRESSED_BYTES = 64 * 1024 * 1024

type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>

/** What Node 22.15 has and the types of Node 20 do not know. */
const { zstdDecompress } = zlib as { zstdDecompress?: typeof zlib.gunzip }

const CODINGS: ReadonlyMap<string, Decompress> = new Map<string, Decompress>([
  ['gzip', promisify(zlib.gunzip)],
  ['x-gzip', promisify(zlib.gunzip)],
  ['deflate', promisify(zlib.inflate)],
  ['br', promisify(zlib.brotliDecompress)],
  ...(zstdDecompress ? [['zstd', promisify(zstdDecompress)] as const] : []),
])

/** `encoding` as in `Content-Encoding`. Throws `invalid_request`, and `payload_too_large` for what unfolds beyond the limit. */
export async function decompress(bytes: Uint8Array, encoding = '', limitBytes = MAX_DECOMPRESSED_BYTES): Promise<Uint8Array> {
  const coding = encoding.trim().toLowerCase()
  if (coding === '' || coding === 'identity' || bytes.length === 0) return bytes
  const run = CODINGS.get(coding)
  if (!run) throw unknownCoding(coding)
  try {
    return await run(bytes, { maxOutputLength: limitBytes })
  } catch (cause) {
    if (errorCode(cause) === 'ERR_BUFFER_TOO_LARGE') {
      throw new AppError('payload_too_large', `http: request body too large: it unfolds to more than ${limitBytes} bytes`, {
        cause,
        details: { limitBytes },
      })
    }
    throw new AppError('invalid_request', `failed to decompress ${coding} body`, { cause, details: { code: 'invalid_body' } })
  }
}

function unknownCoding(coding: string): AppError {
  const known = [...CODINGS.keys()].filter((name) => !name.startsWith('x-'))
  return new AppError(
    'invalid_request',
    `Content-Encoding ${JSON.stringify(coding)} is not understood here: send ${known.join(', ')}, or none`,
    {
      details: { code: 'unsupported_content_encoding' },
    },
  )
}
