import { describe, expect, it } from 'vitest'
import { readRecords } from './ndjson.ts'

async function* chunksOf(...chunks: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk
}

async function read(chunks: AsyncIterable<Uint8Array>, maxLineCharacters?: number): Promise<unknown[]> {
  const records: unknown[] = []
  for await (const record of readRecords(chunks, maxLineCharacters === undefined ? {} : { maxLineCharacters })) records.push(record)
  return records
}

describe('records', () => {
  const text = '{"a":"ñ🦙"}\n\n{"a":2}\r\n{"a":3}'

  it('are the same wherever the bytes are cut', async () => {
    const bytes = new TextEncoder().encode(text)
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(await read(chunksOf(bytes.slice(0, cut), bytes.slice(cut)))).toEqual([{ a: 'ñ🦙' }, { a: 2 }, { a: 3 }])
  })

  it('may be of the length that is allowed, and no longer', async () => {
    const line = JSON.stringify({ a: 'x'.repeat(92) })
    expect(line).toHaveLength(100)
    expect(await read(chunksOf(line.slice(0, 50), line.slice(50)), 100)).toHaveLength(1)
    await expect(read(chunksOf(line, ' '), 100)).rejects.toMatchObject({ kind: 'refused' })
  })

  it('end with the words of the server where it failed late', async () => {
    await expect(read(chunksOf('{"a":1}\n{"error":"the runner has crashed"}\n'))).rejects.toMatchObject({
      kind: 'refused',
      message: 'the runner has crashed',
    })
  })

  it('that break off are no records', async () => {
    await expect(read(chunksOf('{"a":1}\n{"a":'))).rejects.toMatchObject({ kind: 'away' })
    await expect(read(chunksOf('7\n'))).rejects.toMatchObject({ kind: 'refused' })
  })
})
