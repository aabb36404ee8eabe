// Streams of the API: one JSON object in each line. A record `{"error": ...}` ends the stream, since its status was sent long ago.

import { Failure } from './failure.ts'

/** Far more than any record; without it, a stream without line feeds would fill the memory. */
export const MAX_LINE_CHARACTERS = 64 * 1024 * 1024

export async function* readRecords<T>(
  chunks: AsyncIterable<Uint8Array>,
  { maxLineCharacters = MAX_LINE_CHARACTERS } = {},
): AsyncGenerator<T> {
  const decoder = new TextDecoder()
  let pending: string[] = []
  let pendingCharacters = 0
  for await (const chunk of chunks) {
    const lines = decoder.decode(chunk, { stream: true }).split('\n')
    const last = lines.pop() ?? ''
    for (const line of lines) {
      const whole = [...pending, line].join('')
      pending = []
      pendingCharacters = 0
      if (whole.trim() !== '') yield parseRecord<T>(whole)
    }
    pending.push(last)
    pendingCharacters += last.length
    if (pendingCharacters > maxLineCharacters) throw new Failure('refused', 'the server sent a record that is too long')
  }
  const rest = pending.join('') + decoder.decode()
  if (rest.trim() !== '') yield parseRecord<T>(rest)
}

function parseRecord<T>(line: string): T {
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch (cause) {
    throw new Failure('away', 'the answer broke off inside a record', cause)
  }
  if (typeof record !== 'object' || record === null) throw new Failure('refused', 'the server sent a record that is no object')
  if ('error' in record && typeof record.error === 'string') throw new Failure('refused', record.error)
  return record as T
}
