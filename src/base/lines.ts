// Records that come one in a line, as NDJSON does. A line is looked at once, however many pieces it comes in.

import { AppError } from './errors.ts'

/** In UTF-16 units. A longer line is not ours: Ollama's own client stops at 8 MiB; a non-streamed answer may be larger. */
const MAX_LINE_LENGTH = 64 * 1024 * 1024

/** Splits a byte stream at line feeds and decodes each line as UTF-8; empty lines are skipped. Throws `payload_too_large`. */
export async function* readLines(source: AsyncIterable<Uint8Array>, maxLength = MAX_LINE_LENGTH): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let pending = ''
  for await (const bytes of source) {
    const [rest = '', ...lines] = decoder.decode(bytes, { stream: true }).split('\n')
    pending += rest
    for (const next of lines) {
      if (pending.trim() !== '') yield pending
      pending = next
    }
    if (pending.length > maxLength) throw new AppError('payload_too_large', `a line of the stream is longer than ${maxLength} characters`)
  }
  pending += decoder.decode()
  if (pending.trim() !== '') yield pending
}
