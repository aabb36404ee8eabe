// Pictures for models that can see, as the API takes them. What the server can read it says itself; here is what a page should not even send.

import { Failure } from '../api/failure.ts'
import type { TalkImage } from './talk.ts'

export const MAX_IMAGES = 8
export const MAX_IMAGE_BYTES = 16 * 1024 * 1024
export const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/bmp'] as const

export interface ImageFile {
  name: string
  type: string
  size: number
  arrayBuffer(): Promise<ArrayBuffer>
}

/** Throws `Failure`. */
export async function readImages(files: readonly ImageFile[], already: number): Promise<TalkImage[]> {
  if (already + files.length > MAX_IMAGES) throw new Failure('refused', `a question may have ${MAX_IMAGES} images at most`)
  return Promise.all(files.map(readImage))
}

async function readImage(file: ImageFile): Promise<TalkImage> {
  if (!IMAGE_TYPES.some((type) => type === file.type)) throw new Failure('refused', `${file.name} is no image that models read`)
  if (file.size > MAX_IMAGE_BYTES) throw new Failure('refused', `${file.name} is larger than ${MAX_IMAGE_BYTES / 1024 / 1024} MiB`)
  return { name: file.name, mediaType: file.type, base64: toBase64(new Uint8Array(await file.arrayBuffer())) }
}

/** A part at a time: a call takes only so many arguments. */
const PART_BYTES = 0x8000

function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += PART_BYTES) binary += String.fromCharCode(...bytes.subarray(at, at + PART_BYTES))
  return btoa(binary)
}
