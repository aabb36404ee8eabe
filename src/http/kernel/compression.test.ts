import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decompress, MAX_DECOMPRESSED_BYTES } from './compression.ts'

const TEXT = JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'hello '.repeat(50) }] })

describe('a compressed body', () => {
  it.each([
    ['gzip', zlib.gzipSync(TEXT)],
    ['x-gzip', zlib.gzipSync(TEXT)],
    [' GZIP ', zlib.gzipSync(TEXT)],
    ['deflate', zlib.deflateSync(TEXT)],
    ['br', zlib.brotliCompressSync(TEXT)],
    ['identity', Buffer.from(TEXT)],
    ['', Buffer.from(TEXT)],
  ])('in %j is read', async (encoding, bytes) => {
    expect(Buffer.from(await decompress(bytes, encoding)).toString()).toBe(TEXT)
  })

  it('in zstd is read where Node knows it, and refused by name where it does not', async () => {
    const { zstdCompressSync } = zlib as { zstdCompressSync?: typeof zlib.gzipSync }
    if (zstdCompressSync) expect(Buffer.from(await decompress(zstdCompressSync(TEXT), 'zstd')).toString()).toBe(TEXT)
    else await expect(decompress(Buffer.from('x'), 'zstd')).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('may unfold to the limit, and no further', async () => {
    const bytes = zlib.gzipSync(Buffer.alloc(1000))
    expect((await decompress(bytes, 'gzip', 1000)).length).toBe(1000)
    await expect(decompress(bytes, 'gzip', 999)).rejects.toMatchObject({ code: 'payload_too_large', details: { limitBytes: 999 } })
    const bomb = zlib.gzipSync(Buffer.alloc(MAX_DECOMPRESSED_BYTES + 1), { level: 1 })
    await expect(decompress(bomb, 'gzip')).rejects.toMatchObject({ code: 'payload_too_large' })
  })

  it('that is damaged is said to be', async () => {
    const whole = zlib.gzipSync(TEXT)
    for (const bytes of [Buffer.from('{}'), whole.subarray(0, whole.length - 9)]) {
      await expect(decompress(bytes, 'gzip')).rejects.toMatchObject({ code: 'invalid_request', message: 'failed to decompress gzip body' })
    }
  })

  it('in an unknown coding, or in two, is refused', async () => {
    for (const coding of ['compress', 'gzip, br', 'constructor']) {
      await expect(decompress(Buffer.from('x'), coding)).rejects.toMatchObject({ code: 'invalid_request' })
    }
  })

  it('that is empty is empty', async () => {
    expect((await decompress(Buffer.alloc(0), 'gzip')).length).toBe(0)
  })
})
