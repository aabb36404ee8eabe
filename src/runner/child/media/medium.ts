// What a file with an image or a sound says about itself, read before anything is decoded: a few bytes may stand for more pixels or samples than
// the machine has memory for. The decoders find out whether the rest is sound; here only what is too large or of no known kind is refused.

import { AppError } from '../../../base/errors.ts'
import { readImageSize } from './image-size.ts'
import { readSoundSeconds } from './sound-length.ts'

export const MAX_MEDIUM_BYTES = 64 * 1024 * 1024
/** Three bytes each once decoded, and four times that while they are scaled. */
export const MAX_IMAGE_PIXELS = 64 * 1024 * 1024
/** Such an image is a line; projectors that keep proportions would make thousands of tiles of it. */
export const MAX_IMAGE_RATIO = 200
/** Four bytes for each of 16,000 samples in a second, twice while they are worked on. */
export const MAX_SOUND_SECONDS = 60 * 60

export type ImageFormat = 'png' | 'jpeg' | 'gif' | 'bmp' | 'webp'
export type SoundFormat = 'wav' | 'mp3' | 'flac'

export type Medium = { kind: 'image'; format: ImageFormat; width: number; height: number } | { kind: 'sound'; format: SoundFormat }

/** Throws `invalid_request`. */
export function describeMedium(bytes: Uint8Array): Medium {
  if (bytes.byteLength > MAX_MEDIUM_BYTES) {
    throw refused(`an image or sound of ${bytes.byteLength} bytes is too large: ${MAX_MEDIUM_BYTES} are the most`)
  }
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const image = findImageFormat(data)
  if (image !== undefined) return describeImage(data, image)
  const sound = findSoundFormat(data)
  if (sound !== undefined) return describeSound(data, sound)
  throw refused('this is not an image or sound that can be read: PNG, JPEG, WebP, GIF, BMP, WAV, MP3, FLAC')
}

function findImageFormat(data: Buffer): ImageFormat | undefined {
  if (startsWith(data, '\x89PNG\r\n\x1a\n')) return 'png'
  if (startsWith(data, '\xff\xd8\xff')) return 'jpeg'
  if (startsWith(data, 'GIF87a') || startsWith(data, 'GIF89a')) return 'gif'
  if (startsWith(data, 'BM')) return 'bmp'
  return startsWith(data, 'RIFF') && startsWith(data, 'WEBP', 8) ? 'webp' : undefined
}

function findSoundFormat(data: Buffer): SoundFormat | undefined {
  if (startsWith(data, 'RIFF') && startsWith(data, 'WAVE', 8)) return 'wav'
  if (startsWith(data, 'fLaC')) return 'flac'
  if (startsWith(data, 'ID3')) return 'mp3'
  return data.length >= 4 && data[0] === 0xff && ((data[1] as number) & 0xe0) === 0xe0 ? 'mp3' : undefined
}

function startsWith(data: Buffer, text: string, offset = 0): boolean {
  return data.subarray(offset, offset + text.length).equals(Buffer.from(text, 'latin1'))
}

function describeImage(data: Buffer, format: ImageFormat): Medium {
  const size = readImageSize(data, format)
  if (!size || size.width < 1 || size.height < 1) throw refused(`this ${format.toUpperCase()} image is damaged: it does not tell its size`)
  const { width, height } = size
  if (width * height > MAX_IMAGE_PIXELS) {
    throw refused(`an image of ${width}×${height} pixels is too large: ${MAX_IMAGE_PIXELS} pixels are the most`)
  }
  if (Math.max(width, height) > MAX_IMAGE_RATIO * Math.min(width, height)) {
    throw refused(`an image of ${width}×${height} pixels is too narrow: one side may be ${MAX_IMAGE_RATIO} times the other`)
  }
  return { kind: 'image', format, width, height }
}

function describeSound(data: Buffer, format: SoundFormat): Medium {
  const seconds = readSoundSeconds(data, format)
  if (seconds === undefined) throw refused(`this ${format.toUpperCase()} sound is damaged: it does not tell its length`)
  if (seconds > MAX_SOUND_SECONDS) {
    throw refused(`a sound of ${Math.round(seconds)} seconds is too long: ${MAX_SOUND_SECONDS} are the most`)
  }
  return { kind: 'sound', format }
}

function refused(message: string): AppError {
  return new AppError('invalid_request', message)
}
