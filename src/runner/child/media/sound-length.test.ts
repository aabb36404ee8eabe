import { describe, expect, it } from 'vitest'
import { readSoundSeconds } from './sound-length.ts'
import { chunk, flac, mp3Frames, wav } from './testing/media-heads.ts'

describe('readSoundSeconds', () => {
  it('counts the data of a WAV, behind whatever else it holds', () => {
    expect(readSoundSeconds(wav({ seconds: 3 }), 'wav')).toBe(3)
    expect(readSoundSeconds(wav({ seconds: 3, before: [chunk('LIST', Buffer.alloc(5))] }), 'wav')).toBe(3)
  })

  it('counts what a WAV has, and not what it says', () => {
    const whole = wav({ seconds: 2 })
    expect(readSoundSeconds(whole.subarray(0, whole.length - 16_000), 'wav')).toBe(1)
  })

  it('finds no length in a WAV without a format or without data', () => {
    expect(readSoundSeconds(wav({ seconds: 1 }).subarray(0, 36), 'wav')).toBeUndefined()
    expect(readSoundSeconds(Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE'), chunk('data', Buffer.alloc(8))]), 'wav')).toBeUndefined()
    expect(readSoundSeconds(wav({ seconds: 1, rate: 0 }), 'wav')).toBeUndefined()
  })

  it('reads the samples of a FLAC, of which there may be more than 32 bits can count', () => {
    expect(readSoundSeconds(flac(44_100 * 5, 44_100), 'flac')).toBe(5)
    expect(readSoundSeconds(flac(2 ** 33, 2 ** 16), 'flac')).toBe(2 ** 17)
  })

  it('finds no length in a FLAC that does not know it', () => {
    expect(readSoundSeconds(flac(0, 44_100), 'flac')).toBeUndefined()
    expect(readSoundSeconds(flac(100, 0), 'flac')).toBeUndefined()
    expect(readSoundSeconds(flac(100, 100).subarray(0, 20), 'flac')).toBeUndefined()
  })

  it('adds up the frames of an MP3, behind its tag and whatever lies between them', () => {
    const tag = Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\x01\x00', 'latin1'), Buffer.alloc(128, 0xff)])
    const seconds = (10 * 1152) / 44_100
    expect(readSoundSeconds(mp3Frames(10), 'mp3')).toBeCloseTo(seconds)
    expect(readSoundSeconds(Buffer.concat([tag, mp3Frames(10)]), 'mp3')).toBeCloseTo(seconds)
    expect(readSoundSeconds(Buffer.concat([mp3Frames(4), Buffer.alloc(99), mp3Frames(6)]), 'mp3')).toBeCloseTo(seconds)
  })

  it.each([
    ['MPEG 2, layer III, 8 kbit/s, 16,000 a second: 36 bytes', 0xfff31800, 36, 576 / 16_000],
    ['MPEG 2.5, layer III, 8 kbit/s, 8000 a second: 72 bytes', 0xffe31800, 72, 576 / 8000],
    ['MPEG 1, layer II, 192 kbit/s, 48,000 a second: 576 bytes', 0xfffda400, 576, 1152 / 48_000],
    ['MPEG 1, layer I, 384 kbit/s, 32,000 a second: 576 bytes', 0xffffc800, 576, 384 / 32_000],
    ['padded by a byte', 0xfffb9200, 418, 1152 / 44_100],
  ])('knows frames of %s', (_, head, lengthBytes, seconds) => {
    const frame = Buffer.alloc(lengthBytes)
    frame.writeUInt32BE(head)
    expect(readSoundSeconds(Buffer.concat([frame, frame, frame]), 'mp3')).toBeCloseTo(3 * seconds)
  })

  it('finds no length in what only begins like an MP3', () => {
    expect(readSoundSeconds(Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), 'mp3')).toBeUndefined()
  })
})
