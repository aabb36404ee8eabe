// Reads a form with files (multipart/form-data) out of a body that has been read. What a form may hold has limits here; how large the body may be
// is the reader's of the body. Words of errors are Go's, whose reader of forms Ollama's clients know.

import { Busboy } from '@fastify/busboy'
import { AppError } from '../../base/errors.ts'

export interface Form {
  /** The first of each name. */
  texts: ReadonlyMap<string, string>
  files: ReadonlyMap<string, Uint8Array>
  /** Of all fields, in order. */
  names: readonly string[]
}

/** Forms here have a dozen fields; each costs memory. */
export const MAX_FORM_PARTS = 64
/** What is typed into a field, not what is read from a file. */
export const MAX_FORM_TEXT_BYTES = 1024 * 1024
const MAX_HEADERS_OF_A_PART = 16

/** Throws `invalid_request`. */
export async function parseForm(body: Uint8Array, contentType = ''): Promise<Form> {
  if (!/^multipart\/form-data(?:;|$)/i.test(contentType.trim())) throw malformed("request Content-Type isn't multipart/form-data")
  if (!/;\s*boundary=/i.test(contentType)) throw malformed('no multipart boundary param in Content-Type')
  const texts = new Map<string, string>()
  const files = new Map<string, Uint8Array>()
  const names: string[] = []
  const reader = new Busboy({
    headers: { 'content-type': contentType },
    limits: { parts: MAX_FORM_PARTS, fieldSize: MAX_FORM_TEXT_BYTES, headerPairs: MAX_HEADERS_OF_A_PART },
  })
  await new Promise<void>((resolve, reject) => {
    reader.on('field', (name = '', value, _isNameCut, isCut) => {
      if (isCut) reject(malformed(`the field ${JSON.stringify(name)} is larger than ${MAX_FORM_TEXT_BYTES} bytes`))
      names.push(name)
      if (!texts.has(name)) texts.set(name, value)
    })
    reader.on('file', (name = '', stream) => {
      const parts: Uint8Array[] = []
      stream.on('data', (part: Uint8Array) => parts.push(part))
      stream.on('error', (cause: Error) => reject(malformed(cause.message, cause)))
      stream.on('end', () => {
        names.push(name)
        if (!files.has(name)) files.set(name, Buffer.concat(parts))
      })
    })
    reader.on('partsLimit', () => reject(malformed(`a form has at most ${MAX_FORM_PARTS} parts here`)))
    reader.on('error', (cause) => reject(malformed(cause instanceof Error ? cause.message : 'unknown', cause)))
    reader.on('finish', () => resolve())
    reader.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
  })
  return { texts, files, names }
}

function malformed(reason: string, cause?: unknown): AppError {
  return new AppError('invalid_request', `failed to parse multipart form: ${reason}`, { cause })
}
