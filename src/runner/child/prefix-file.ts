// The file of one saved state: a head that says what it is and how to check it, the token ids, then the engine's bytes. All numbers are
// little-endian. Whatever does not add up (another key, another size, another checksum) is not a saved state; who reads one checks all of it.
//
//   0  magic "LLMRPFX1"    8  key, 32 bytes: what the state fits to (prefix-key.ts)
//   40 count of tokens     44 least length          48 size of the state (float64)
//   56 checksum of the state                        60 checksum of bytes 0 to 60 and of the token ids
//   64 token ids, int32 each, then the state

import { crc32 } from 'node:zlib'

export const HEAD_BYTES = 64
/** More than any context holds; a head that tells more is damaged. */
export const MAX_PREFIX_TOKENS = 2 ** 22
const MAGIC = Buffer.from('LLMRPFX1')
const KEY_BYTES = 32
const CHECKED_HEAD_BYTES = 60

export interface PrefixHead {
  key: Uint8Array
  tokens: Int32Array
  leastLength: number
  stateBytes: number
  stateChecksum: number
}

/** The head and the tokens: everything in front of the state. */
export function encodeHead({ key, tokens, leastLength, stateBytes, stateChecksum }: PrefixHead): Buffer {
  const bytes = Buffer.alloc(stateOffset(tokens.length))
  MAGIC.copy(bytes, 0)
  bytes.set(key, MAGIC.length)
  bytes.writeUInt32LE(tokens.length, 40)
  bytes.writeUInt32LE(leastLength, 44)
  bytes.writeDoubleLE(stateBytes, 48)
  bytes.writeUInt32LE(stateChecksum, 56)
  for (const [index, token] of tokens.entries()) bytes.writeInt32LE(token, HEAD_BYTES + index * 4)
  bytes.writeUInt32LE(headChecksum(bytes), CHECKED_HEAD_BYTES)
  return bytes
}

/** How many bytes stand in front of the state; undefined when these are not the first bytes of such a file. */
export function readHeadSize(bytes: Uint8Array): number | undefined {
  const head = toBuffer(bytes)
  if (head.length < HEAD_BYTES || !head.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
  const count = head.readUInt32LE(40)
  return count === 0 || count > MAX_PREFIX_TOKENS ? undefined : stateOffset(count)
}

/** From all bytes in front of the state. Undefined where anything is not as it should be in a file of that size for that key. */
export function decodeHead(bytes: Uint8Array, { key, fileBytes }: { key: Uint8Array; fileBytes: number }): PrefixHead | undefined {
  const head = toBuffer(bytes)
  if (readHeadSize(head) !== head.length || headChecksum(head) !== head.readUInt32LE(CHECKED_HEAD_BYTES)) return undefined
  const foundKey = head.subarray(MAGIC.length, MAGIC.length + KEY_BYTES)
  const leastLength = head.readUInt32LE(44)
  const stateBytes = head.readDoubleLE(48)
  const count = head.readUInt32LE(40)
  if (!foundKey.equals(key) || leastLength > count || fileBytes !== head.length + stateBytes) return undefined
  const tokens = Int32Array.from({ length: count }, (_, index) => head.readInt32LE(HEAD_BYTES + index * 4))
  return { key: foundKey, tokens, leastLength, stateBytes, stateChecksum: head.readUInt32LE(56) }
}

function stateOffset(tokens: number): number {
  return HEAD_BYTES + tokens * 4
}

function headChecksum(bytes: Buffer): number {
  return crc32(bytes.subarray(HEAD_BYTES), crc32(bytes.subarray(0, CHECKED_HEAD_BYTES)))
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
