import { AppError } from './errors.ts'

/** A line longer than this is not ours: Ollama's own client stops at 8 MiB; a non-streamed answer may be larger. */
const MAX_LINE_BYTES = 64 * 1024 * 1024

/** Splits a byte stream at line feeds and decodes each line as UTF-8; empty lines are skipped. */
export async function* readLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let pending = ''
  for await (const bytes of source) {
    pending += decoder.decode(bytes, { stream: true })
    if (pending.length > MAX_LINE_BYTES) throw new AppError('payload_too_large', 'a line of the stream is longer than 64 MiB')
    const lines = pending.split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield line
  }
  pending += decoder.decode()
  if (pending.trim() !== '') yield pending
}
