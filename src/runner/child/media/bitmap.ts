// From a file to pixels or samples. The library decodes all but WebP, which a WebAssembly module does. Alpha is dropped, as the library drops it.

import { createRequire } from 'node:module'
import { AppError } from '../../../base/errors.ts'
import type { MediaApi } from './api.ts'
import { describeMedium } from './medium.ts'

/** What the projector takes. */
export interface Senses {
  hasEyes: boolean
  hasEars: boolean
}

interface Decoded {
  width: number
  height: number
  data: Uint8ClampedArray
}

const require = createRequire(import.meta.url)

/** Throws `invalid_request` for what is damaged or not for this projector. The bitmap is the caller's to free. */
export function decodeMedium(api: MediaApi, context: bigint, bytes: Uint8Array, { hasEyes, hasEars }: Senses): bigint {
  const medium = describeMedium(bytes)
  if (medium.kind === 'image' && !hasEyes) throw new AppError('invalid_request', 'this model takes sounds, and no images')
  if (medium.kind === 'sound' && !hasEars) throw new AppError('invalid_request', 'this model takes images, and no sounds')
  const bitmap = medium.format === 'webp' ? decodeWebp(api, bytes) : api.decode(context, bytes, bytes.byteLength, false)
  if (bitmap === null) {
    throw new AppError('invalid_request', `this ${medium.format.toUpperCase()} ${medium.kind} is damaged and cannot be read`)
  }
  return bitmap
}

function decodeWebp(api: MediaApi, bytes: Uint8Array): bigint | null {
  // Read when it is needed: its code is compiled on the way.
  const { decode } = require('@cwasm/webp') as { decode: (input: Uint8Array) => Decoded }
  const { width, height, data } = decodeOrRefuse(decode, bytes)
  const rgb = new Uint8Array(width * height * 3)
  for (let pixel = 0; pixel < width * height; pixel++) rgb.set(data.subarray(pixel * 4, pixel * 4 + 3), pixel * 3)
  return api.bitmap(width, height, rgb)
}

function decodeOrRefuse(decode: (input: Uint8Array) => Decoded, bytes: Uint8Array): Decoded {
  try {
    return decode(bytes)
  } catch (error) {
    throw new AppError('invalid_request', 'this WEBP image is damaged or moves, and cannot be read', { cause: error })
  }
}
