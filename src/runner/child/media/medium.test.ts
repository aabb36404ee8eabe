import { describe, expect, it } from 'vitest'
import { describeMedium, MAX_IMAGE_PIXELS, MAX_IMAGE_RATIO, MAX_MEDIUM_BYTES, MAX_SOUND_SECONDS } from './medium.ts'
import { gif, mp3Frames, png, wav } from './testing/media-heads.ts'

describe('describeMedium', () => {
  it('knows images and sounds by their first bytes', () => {
    expect(describeMedium(png(3, 2))).toEqual({ kind: 'image', format: 'png', width: 3, height: 2 })
    expect(describeMedium(gif(3, 2))).toEqual({ kind: 'image', format: 'gif', width: 3, height: 2 })
    expect(describeMedium(wav({ seconds: 1 }))).toEqual({ kind: 'sound', format: 'wav' })
    expect(describeMedium(mp3Frames(2))).toEqual({ kind: 'sound', format: 'mp3' })
  })

  it('reads bytes that lie inside a larger buffer', () => {
    const bytes = Buffer.concat([Buffer.alloc(7), gif(3, 2)]).subarray(7)
    expect(describeMedium(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))).toMatchObject({ width: 3, height: 2 })
  })

  it.each([
    ['a text', Buffer.from('an image of a cat')],
    ['nothing', Buffer.alloc(0)],
    ['a RIFF file of another kind', Buffer.from('RIFF\0\0\0\0AVI LIST        ', 'latin1')],
    ['a PNG without its last magic byte', Buffer.from('\x89PNG\r\n\x1a', 'latin1')],
  ])('refuses %s', (_, bytes) => {
    expect(() => describeMedium(bytes)).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: expect.stringMatching(/PNG, JPEG, WebP/) }),
    )
  })

  it('takes images up to its number of pixels and no larger', () => {
    expect(describeMedium(png(MAX_IMAGE_PIXELS / 8192, 8192))).toMatchObject({ kind: 'image' })
    expect(() => describeMedium(png(MAX_IMAGE_PIXELS / 8192 + 1, 8192))).toThrow(/too large/)
    expect(() => describeMedium(png(0xffffffff, 0xffffffff))).toThrow(/too large/)
  })

  it('takes narrow images up to its ratio', () => {
    expect(describeMedium(png(MAX_IMAGE_RATIO, 1))).toMatchObject({ kind: 'image' })
    expect(() => describeMedium(png(1, MAX_IMAGE_RATIO + 1))).toThrow(/too narrow/)
  })

  it('refuses images of no pixels', () => {
    expect(() => describeMedium(png(0, 5))).toThrow(/damaged/)
    expect(() => describeMedium(gif(5, 0))).toThrow(/damaged/)
  })

  it('takes sounds up to its length, whatever their rate', () => {
    expect(describeMedium(wav({ seconds: MAX_SOUND_SECONDS, rate: 2 }))).toMatchObject({ kind: 'sound' })
    expect(() => describeMedium(wav({ seconds: MAX_SOUND_SECONDS + 1, rate: 2 }))).toThrow(/too long/)
  })

  it('takes files up to its size', () => {
    const bytes = Buffer.alloc(MAX_MEDIUM_BYTES + 1)
    png(3, 2).copy(bytes)
    expect(describeMedium(bytes.subarray(0, MAX_MEDIUM_BYTES))).toMatchObject({ kind: 'image' })
    expect(() => describeMedium(bytes)).toThrow(/too large/)
  })
})
