// The beginnings of image and sound files, as far as they are read before anything is decoded.

export function png(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(33)
  bytes.write('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1')
  bytes.writeUInt32BE(width, 16)
  bytes.writeUInt32BE(height, 20)
  return bytes
}

export function gif(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(13)
  bytes.write('GIF89a', 'latin1')
  bytes.writeUInt16LE(width, 6)
  bytes.writeUInt16LE(height, 8)
  return bytes
}

/** Of 16 bits and one channel, silent. `before`: chunks between the head and the data. */
export function wav({ seconds, rate = 8000, before = [] }: { seconds: number; rate?: number; before?: readonly Buffer[] }): Buffer {
  const format = Buffer.alloc(16)
  format.writeUInt16LE(1, 0)
  format.writeUInt16LE(1, 2)
  format.writeUInt32LE(rate, 4)
  format.writeUInt32LE(rate * 2, 8)
  format.writeUInt16LE(2, 12)
  format.writeUInt16LE(16, 14)
  const chunks = [chunk('fmt ', format), ...before, chunk('data', Buffer.alloc(seconds * rate * 2))]
  return Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), ...chunks])
}

/** Of an even length, or with the byte that follows an odd one. */
export function chunk(name: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(data.length)
  return Buffer.concat([Buffer.from(name, 'latin1'), length, data, Buffer.alloc(data.length % 2)])
}

/** Of MPEG 1, layer III, 128 kbit/s and 44,100 samples a second: 417 bytes and 1152 samples each. */
export function mp3Frames(count: number): Buffer {
  const frame = Buffer.alloc(417)
  frame.writeUInt32BE(0xfffb9000)
  return Buffer.concat(Array.from({ length: count }, () => frame))
}

/** FLAC's magic and its first block; the number of samples may have 36 bits. */
export function flac(samples: number, rate: number): Buffer {
  const bytes = Buffer.alloc(42)
  bytes.write('fLaC', 'latin1')
  bytes.writeUIntBE(rate * 16, 18, 3)
  bytes[21] = 0xf0 | Math.floor(samples / 2 ** 32)
  bytes.writeUInt32BE(samples % 2 ** 32, 22)
  return bytes
}
