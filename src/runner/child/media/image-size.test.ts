import { describe, expect, it } from 'vitest'
import { readImageSize } from './image-size.ts'
import { gif, png } from './testing/media-heads.ts'

/** A JPEG with these segments behind its beginning. */
function jpeg(...segments: readonly (readonly number[])[]): Buffer {
  return Buffer.from([0xff, 0xd8, ...segments.flat()])
}

const table = (marker: number) => [0xff, marker, 0, 10, 1, 2, 3, 4, 5, 6, 7, 8]
/** 300 wide, 200 high. */
const frame = (marker: number) => [0xff, marker, 0, 11, 8, 0, 200, 1, 44, 1, 1, 1, 0]

function webp(kind: string, body: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from(`RIFF\0\0\0\0WEBP${kind}\0\0\0\0`, 'latin1'), Buffer.from(body), Buffer.alloc(16)])
}

function bmp(headBytes: number, width: number, height: number): Buffer {
  const bytes = Buffer.alloc(54)
  bytes.writeUInt32LE(headBytes, 14)
  if (headBytes === 12) {
    bytes.writeUInt16LE(width, 18)
    bytes.writeUInt16LE(height, 20)
  } else {
    bytes.writeInt32LE(width, 18)
    bytes.writeInt32LE(height, 22)
  }
  return bytes
}

describe('readImageSize', () => {
  it.each([
    ['png', png(300, 200)],
    ['gif', gif(300, 200)],
    ['bmp', bmp(40, 300, 200)],
    ['bmp', bmp(12, 300, 200)],
    ['jpeg', jpeg(frame(0xc0))],
    ['jpeg', jpeg(table(0xe0), table(0xdb), table(0xc4), frame(0xc2))],
    ['jpeg', jpeg(table(0xe0), [0xff, 0xff], frame(0xc0))],
    ['webp', webp('VP8 ', [0, 0, 0, 0x9d, 0x01, 0x2a, 0x2c, 0x41, 0xc8, 0x80])],
    ['webp', webp('VP8L', [0x2f, 0x2b, 0xc1, 0x31, 0x00])],
    ['webp', webp('VP8X', [0, 0, 0, 0, 0x2b, 0x01, 0, 0xc7, 0, 0])],
  ] as const)('reads it from the head of a %s', (format, bytes) => {
    expect(readImageSize(bytes, format)).toEqual({ width: 300, height: 200 })
  })

  it('takes the height of a BMP whose rows come from the top', () => {
    expect(readImageSize(bmp(40, 300, -200), 'bmp')).toEqual({ width: 300, height: 200 })
  })

  it.each([
    ['png', png(300, 200)],
    ['gif', gif(300, 200)],
    ['bmp', bmp(40, 300, 200).subarray(0, 30)],
    ['jpeg', jpeg(table(0xe0), frame(0xc0))],
    ['webp', webp('VP8X', [0, 0, 0, 0, 0x2b, 0x01, 0, 0xc7, 0, 0])],
  ] as const)('does not fail for a %s that ends anywhere', (format, bytes) => {
    for (let length = 0; length < bytes.length; length++) expect(() => readImageSize(bytes.subarray(0, length), format)).not.toThrow()
    expect(readImageSize(bytes.subarray(0, 9), format)).toBeUndefined()
  })

  it('finds no size in a JPEG without a frame, or with something else between its segments', () => {
    expect(readImageSize(jpeg(table(0xe0), table(0xdb)), 'jpeg')).toBeUndefined()
    expect(readImageSize(jpeg([0, 0, 0, 0], frame(0xc0)), 'jpeg')).toBeUndefined()
  })

  it('finds no size in a WebP of no known kind', () => {
    expect(readImageSize(webp('ALPH', [0x2f]), 'webp')).toBeUndefined()
    expect(readImageSize(webp('VP8L', [0x2e]), 'webp')).toBeUndefined()
  })
})
