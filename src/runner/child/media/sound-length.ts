// How long a sound plays, without decoding it: as the heads of WAV and FLAC files tell it, and by the frames of an MP3 file, which has no head.

import type { SoundFormat } from './medium.ts'

const READERS: Readonly<Record<SoundFormat, (data: Buffer) => number | undefined>> = { wav: readWav, mp3: readMp3, flac: readFlac }

/** `data` begins as files of the format do. */
export function readSoundSeconds(data: Buffer, format: SoundFormat): number | undefined {
  return READERS[format](data)
}

function readWav(data: Buffer): number | undefined {
  let bytesPerSecond = 0
  for (let at = 12; at + 8 <= data.length; ) {
    const name = data.toString('latin1', at, at + 4)
    // A file that was cut short, or that was written as a stream, has less than it says.
    const length = Math.min(data.readUInt32LE(at + 4), data.length - at - 8)
    if (name === 'data') return bytesPerSecond > 0 ? length / bytesPerSecond : undefined
    if (name === 'fmt ' && length >= 16) {
      bytesPerSecond = (data.readUInt16LE(at + 10) * data.readUInt32LE(at + 12) * data.readUInt16LE(at + 22)) / 8
    }
    at += 8 + length + (length % 2)
  }
  return undefined
}

/** The first block of a file says it: 20 bits of samples per second, 8 of other things, 36 of samples (none: not known). */
function readFlac(data: Buffer): number | undefined {
  if (data.length < 26) return undefined
  const rate = data.readUIntBE(18, 3) >>> 4
  const samples = ((data[21] as number) & 0x0f) * 2 ** 32 + data.readUInt32BE(22)
  return rate > 0 && samples > 0 ? samples / rate : undefined
}

// By the bits of a frame's head. Bit rates in kbit/s, for layers I, II and III of MPEG 1, and for layer I and the others of MPEG 2 and 2.5.
const RATES = [44_100, 48_000, 32_000]
const BIT_RATES = {
  first: [
    [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  ],
  later: [
    [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  ],
}

function readMp3(data: Buffer): number | undefined {
  let seconds = 0
  let at = startsWithTag(data) ? 10 + readTagLength(data) : 0
  while (at + 4 <= data.length) {
    const frame = readFrame(data.readUInt32BE(at))
    // Between frames may be anything; a decoder looks for the next one too.
    at += frame?.lengthBytes ?? 1
    seconds += frame?.seconds ?? 0
  }
  return seconds > 0 ? seconds : undefined
}

function startsWithTag(data: Buffer): boolean {
  return data.length >= 10 && data.toString('latin1', 0, 3) === 'ID3'
}

/** Seven bits of each byte. */
function readTagLength(data: Buffer): number {
  return data.subarray(6, 10).reduce((length, byte) => length * 128 + (byte & 0x7f), 0)
}

function readFrame(head: number): { lengthBytes: number; seconds: number } | undefined {
  const version = (head >>> 19) & 3
  const layer = 3 - ((head >>> 17) & 3)
  if (head >>> 21 !== 0x7ff || version === 1 || layer === 3) return undefined
  const bitRate = BIT_RATES[version === 3 ? 'first' : 'later'][layer]?.[((head >>> 12) & 15) - 1]
  const rate = RATES[(head >>> 10) & 3]
  if (bitRate === undefined || rate === undefined) return undefined
  const samplesPerSecond = rate / { 3: 1, 2: 2, 0: 4 }[version as 0 | 2 | 3]
  const samples = layer === 0 ? 384 : layer === 2 && version !== 3 ? 576 : 1152
  const slotBytes = layer === 0 ? 4 : 1
  const padding = ((head >>> 9) & 1) * slotBytes
  const lengthBytes = Math.floor((samples * bitRate * 1000) / 8 / slotBytes / samplesPerSecond) * slotBytes + padding
  return { lengthBytes, seconds: samples / samplesPerSecond }
}
