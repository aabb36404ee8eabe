import { describe, expect, it } from 'vitest'
import { readLines } from './lines.ts'

async function* inPieces(bytes: Uint8Array, sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes)
}

async function linesOf(text: string, pieceBytes: number, maxLength?: number): Promise<string[]> {
  const lines: string[] = []
  for await (const line of readLines(inPieces(Buffer.from(text), pieceBytes), maxLength)) lines.push(line)
  return lines
}

describe('readLines', () => {
  it.each([1, 2, 3, 5, 100])('gives the same lines in pieces of %i bytes', async (pieceBytes) => {
    expect(await linesOf('{"a":"ü"}\n\n \n{"b":"😀"}\nlast', pieceBytes)).toEqual(['{"a":"ü"}', '{"b":"😀"}', 'last'])
  })

  it('gives nothing for nothing', async () => {
    expect(await linesOf('', 1)).toEqual([])
    expect(await linesOf('\n\n', 1)).toEqual([])
  })

  it('takes a line as long as the limit, and refuses one that is longer before it ends', async () => {
    expect(await linesOf('12345\n1234567890\n', 4, 10)).toEqual(['12345', '1234567890'])
    await expect(linesOf('1234567890ab', 4, 10)).rejects.toMatchObject({ code: 'payload_too_large' })
  })
})
