import { describe, expect, it } from 'vitest'
import { AppError } from '../base/errors.ts'
import { MAX_ERROR_BODY_BYTES, readBytes, readErrorText } from './body.ts'
import type { HttpReply } from './http-client.ts'

function reply(chunks: (string | Error)[], headers: Record<string, string> = {}): HttpReply & { discarded: boolean } {
  const body = (async function* () {
    for (const chunk of chunks) {
      if (chunk instanceof Error) throw chunk
      yield Buffer.from(chunk)
    }
  })()
  return {
    status: 200,
    headers,
    body,
    fromPrivateAddress: false,
    discarded: false,
    discard() {
      this.discarded = true
    },
  }
}

describe('a body', () => {
  it('is read up to its limit and not past it', async () => {
    expect(Buffer.from(await readBytes(reply(['ab', 'cd']), 4)).toString()).toBe('abcd')
    await expect(readBytes(reply(['ab', 'cde']), 4)).rejects.toMatchObject({ code: 'registry_error' })
  })

  it('that announces too much is not read at all', async () => {
    const large = reply(['never read'], { 'content-length': '5' })
    await expect(readBytes(large, 4)).rejects.toThrow('larger than 4 bytes')
    expect(large.discarded).toBe(true)
  })

  it('of an error is cut, trimmed, and no failure of its own', async () => {
    expect(await readErrorText(reply([' denied \n']))).toBe('denied')
    expect(await readErrorText(reply(['x'.repeat(MAX_ERROR_BODY_BYTES), 'more']))).toHaveLength(MAX_ERROR_BODY_BYTES)
    expect(await readErrorText(reply(['half', new AppError('registry_unreachable', 'reset')]))).toBe('half (reset)')
  })
})
