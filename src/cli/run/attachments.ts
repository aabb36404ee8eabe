// Paths of images and sounds inside a prompt: files that exist are sent with the message and taken out of its text. A path that names no file
// stays text. Only for models that see or hear.

import { open } from 'node:fs/promises'
import { AppError } from '../../base/errors.ts'
import { isMissing } from '../../base/system-error.ts'

export interface Attachments {
  text: string
  /** Base64. */
  images: string[]
  /** Paths, in the order of the text. */
  paths: string[]
}

export const MAX_ATTACHMENT_BYTES = 100 * 1024 * 1024

const PATH = /(?:[a-zA-Z]:)?(?:\.\/|\/|\\)[\S\\ ]+?\.(?:jpg|jpeg|png|webp|wav)\b/gi
const ESCAPED = /\\([ ()[\]{}$&;'\\*?~])/g

export function findAttachmentPaths(text: string): string[] {
  return text.match(PATH) ?? []
}

/** Throws `invalid_request` for a file of another kind or of too many bytes. */
export async function readAttachments(prompt: string): Promise<Attachments> {
  let text = prompt
  const images: string[] = []
  const paths: string[] = []
  for (const written of findAttachmentPaths(prompt)) {
    const path = written.replace(ESCAPED, '$1')
    const bytes = await readAttachment(path)
    if (!bytes) continue
    images.push(bytes.toString('base64'))
    paths.push(path)
    for (const form of [`'${path}'`, `'${written}'`, written]) text = text.replaceAll(form, '')
  }
  return { text: text.trim(), images, paths }
}

async function readAttachment(path: string): Promise<Buffer | undefined> {
  let handle: Awaited<ReturnType<typeof open>>
  try {
    handle = await open(path, 'r')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  await using file = handle
  const { size } = await file.stat()
  if (size > MAX_ATTACHMENT_BYTES) throw new AppError('invalid_request', 'file size exceeds maximum limit (100MB)')
  const bytes = await file.readFile()
  if (!isMedia(bytes)) throw new AppError('invalid_request', `invalid file type: ${path} is no JPEG, PNG, WebP or WAV file`)
  return bytes
}

function isMedia(bytes: Buffer): boolean {
  const ascii = (start: number, end: number) => bytes.toString('latin1', start, end)
  if (ascii(0, 3) === '\xff\xd8\xff' || ascii(0, 8) === '\x89PNG\r\n\x1a\n') return true
  return ascii(0, 4) === 'RIFF' && (ascii(8, 12) === 'WEBP' || ascii(8, 12) === 'WAVE')
}
