// Width and height as the heads of image files tell them. Nothing is decoded, and what is cut short has no size.

import type { ImageFormat } from './medium.ts'

interface Size {
  width: number
  height: number
}

const READERS: Readonly<Record<ImageFormat, (data: Buffer) => Size | undefined>> = {
  png: readPng,
  jpeg: readJpeg,
  gif: readGif,
  bmp: readBmp,
  webp: readWebp,
}

/** `data` begins as files of the format do. */
export function readImageSize(data: Buffer, format: ImageFormat): Size | undefined {
  return READERS[format](data)
}

function readPng(data: Buffer): Size | undefined {
  if (data.length < 24) return undefined
  return { width: data.readUInt32BE(16), height: data.readUInt32BE(20) }
}

/** Behind the segments before the first frame, whose markers are C0 to CF without those of tables (C4, CC) and of extensions (C8). */
function readJpeg(data: Buffer): Size | undefined {
  let at = 2
  while (at + 9 <= data.length) {
    if (data[at] !== 0xff) return undefined
    const marker = data[at + 1] as number
    if (marker === 0xff) {
      at++
      continue
    }
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return { height: data.readUInt16BE(at + 5), width: data.readUInt16BE(at + 7) }
    }
    at += 2 + data.readUInt16BE(at + 2)
  }
  return undefined
}

function readGif(data: Buffer): Size | undefined {
  if (data.length < 10) return undefined
  return { width: data.readUInt16LE(6), height: data.readUInt16LE(8) }
}

/** Rows from the top have a negative height; the oldest heads have 16 bits for each. */
function readBmp(data: Buffer): Size | undefined {
  if (data.length < 26) return undefined
  if (data.readUInt32LE(14) === 12) return { width: data.readUInt16LE(18), height: data.readUInt16LE(20) }
  return { width: data.readInt32LE(18), height: Math.abs(data.readInt32LE(22)) }
}

function readWebp(data: Buffer): Size | undefined {
  if (data.length < 30) return undefined
  const kind = data.toString('latin1', 12, 16)
  if (kind === 'VP8 ') return { width: data.readUInt16LE(26) & 0x3fff, height: data.readUInt16LE(28) & 0x3fff }
  if (kind === 'VP8X') return { width: data.readUIntLE(24, 3) + 1, height: data.readUIntLE(27, 3) + 1 }
  if (kind !== 'VP8L' || data[20] !== 0x2f) return undefined
  const bits = data.readUInt32LE(21)
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
}
