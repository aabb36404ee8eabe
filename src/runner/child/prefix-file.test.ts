import { describe, expect, it } from 'vitest'
import { decodeHead, encodeHead, HEAD_BYTES, MAX_PREFIX_TOKENS, readHeadSize } from './prefix-file.ts'

const key = Buffer.alloc(32, 7)
const head = { key, tokens: Int32Array.of(5, -1, 70_000), leastLength: 2, stateBytes: 1000, stateChecksum: 0xfedcba98 }
const fileBytes = HEAD_BYTES + 3 * 4 + 1000

describe('the head of a saved state', () => {
  it('comes back as it was', () => {
    const bytes = encodeHead(head)
    expect(readHeadSize(bytes.subarray(0, HEAD_BYTES))).toBe(bytes.length)
    const { key: foundKey, ...decoded } = decodeHead(bytes, { key, fileBytes }) ?? { key: undefined }
    expect(decoded).toEqual({ tokens: head.tokens, leastLength: 2, stateBytes: 1000, stateChecksum: 0xfedcba98 })
    expect([...(foundKey ?? [])]).toEqual([...key])
  })

  it('is refused when any of its bytes is another', () => {
    const bytes = encodeHead(head)
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes)
      damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at)
      expect(decodeHead(damaged, { key, fileBytes }), `byte ${at}`).toBeUndefined()
    }
  })

  it('is refused for another key and for a file of another size', () => {
    const bytes = encodeHead(head)
    expect(decodeHead(bytes, { key: Buffer.alloc(32, 8), fileBytes })).toBeUndefined()
    expect(decodeHead(bytes, { key, fileBytes: fileBytes - 1 })).toBeUndefined()
    expect(decodeHead(bytes, { key, fileBytes: fileBytes + 1 })).toBeUndefined()
  })

  it('is refused when it ends early, and when it can cut nothing', () => {
    expect(decodeHead(encodeHead(head).subarray(0, -1), { key, fileBytes: fileBytes - 1 })).toBeUndefined()
    expect(decodeHead(Buffer.alloc(10), { key, fileBytes: 10 })).toBeUndefined()
    expect(decodeHead(encodeHead({ ...head, leastLength: 4 }), { key, fileBytes })).toBeUndefined()
  })

  it('tells no size for a count of tokens beyond the limit', () => {
    const bytes = encodeHead(head).subarray(0, HEAD_BYTES)
    bytes.writeUInt32LE(MAX_PREFIX_TOKENS, 40)
    expect(readHeadSize(bytes)).toBe(HEAD_BYTES + MAX_PREFIX_TOKENS * 4)
    bytes.writeUInt32LE(MAX_PREFIX_TOKENS + 1, 40)
    expect(readHeadSize(bytes)).toBeUndefined()
    bytes.writeUInt32LE(0, 40)
    expect(readHeadSize(bytes)).toBeUndefined()
  })
})
