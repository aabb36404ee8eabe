// Translated copies of files in a layout of Ollama's own, in a folder of their own below the cache. A copy is made once, under a temporary name
// that becomes the real one when all of it is on the disk: a process that is killed leaves nothing that anybody takes for a copy, and two that
// make the same one at the same time end with one. The source is never changed. Copies go with their source (store/translations.ts).

import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rename, rm, statfs } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { throwIfAborted } from '../base/abort.ts'
import { formatBytes } from '../base/bytes.ts'
import { AppError, cancelled, isAppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { errorCode } from '../base/system-error.ts'
import { readGgufHead } from '../gguf/head.ts'
import { type GgufContent, ggufSizeBytes, writeGguf } from '../gguf/writer.ts'
import { contentOf } from './content.ts'
import { draftPart, type TranslatedPart } from './translation.ts'

/** Counted up with every change of what a translation makes of a file: copies by an older one are made again. */
export const TRANSLATION_VERSION = 1

export interface TranslatorOptions {
  folder: string
  log: Log
  freeBytes?: (folder: string) => Promise<number>
}

export interface TranslateRequest {
  path: string
  part: TranslatedPart
  signal?: AbortSignal
  onProgress?: (writtenBytes: number) => void
}

/**
 * The path of the file that the engine can load: a copy, or the given one where it is in the engine's layout. Throws `load_failed` (the layout
 * is not read yet, the folder cannot be written), `disk_full`, `invalid_gguf`, `cancelled`.
 */
export type Translate = (request: TranslateRequest) => Promise<string>

const BLOB_NAME = /^sha256-([0-9a-f]{64})$/
const FULL = ['ENOSPC', 'EDQUOT']
const OWN_FOLDER = 0o700
const OWN_FILE = 0o600

export function createTranslator(options: TranslatorOptions): Translate {
  return async ({ path: source, part, signal, onProgress }) => {
    throwIfAborted(signal)
    const name = `${hexOf(source)}-${part}-${TRANSLATION_VERSION}.gguf`
    const target = path.join(options.folder, name)
    if (await isWhole(target)) return target
    const drafted = draftPart(await readGgufHead(source, { arrays: 'values' }), part)
    if (!drafted) return source
    const content = contentOf(drafted.draft, source, signal)
    try {
      await write(content, { ...options, target, signal, onProgress })
    } catch (error) {
      if (!drafted.isOptional || signal?.aborted) throw error
      options.log.warn('a model is loaded as it is, which is not as well as it could be: its translated copy could not be made', { error })
      return source
    }
    await removeOlder(options.folder, name)
    return target
  }
}

interface Writing extends TranslatorOptions {
  target: string
  signal: AbortSignal | undefined
  onProgress: ((writtenBytes: number) => void) | undefined
}

async function write(content: GgufContent, { folder, log, freeBytes = freeBytesOf, target, signal, onProgress }: Writing): Promise<void> {
  const neededBytes = ggufSizeBytes(content)
  const temporary = `${target}.tmp-${process.pid}-${randomBytes(6).toString('hex')}`
  try {
    await mkdir(folder, { recursive: true, mode: OWN_FOLDER })
    const free = await freeBytes(folder)
    if (neededBytes > free) throw diskFull(neededBytes, free)
    log.info('the layout of a model is translated once: this takes as long as copying it', {
      file: path.basename(target),
      size: formatBytes(neededBytes),
    })
    const out = createWriteStream(temporary, { flags: 'wx', mode: OWN_FILE, flush: true })
    await pipeline(Readable.from(counted(writeGguf(content), onProgress)), out, signal ? { signal } : {})
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true }).catch((cause: unknown) => log.warn('a half of a translated file is left', { cause }))
    if (signal?.aborted) throw cancelled(signal.reason)
    throw await toTranslationError(error, neededBytes, () => freeBytes(folder))
  }
}

/** Its tensors lie inside of it: a file that was cut, by a disk or by a person, is made again. */
async function isWhole(file: string): Promise<boolean> {
  try {
    await readGgufHead(file)
    return true
  } catch (error) {
    if (isAppError(error, 'invalid_gguf')) return false
    throw error
  }
}

async function* counted(chunks: AsyncIterable<Uint8Array>, onProgress: Writing['onProgress']): AsyncGenerator<Uint8Array> {
  let written = 0
  for await (const chunk of chunks) {
    yield chunk
    written += chunk.byteLength
    onProgress?.(written)
  }
}

/** Copies of the same part by other versions. */
async function removeOlder(folder: string, name: string): Promise<void> {
  const begin = name.slice(0, name.lastIndexOf('-') + 1)
  for (const other of await readdir(folder)) {
    const isCopy = other.startsWith(begin) && /^\d+\.gguf$/.test(other.slice(begin.length))
    if (isCopy && other !== name) await rm(path.join(folder, other), { force: true })
  }
}

/** A blob is named by its digest; any other file by where it lies. */
function hexOf(source: string): string {
  return BLOB_NAME.exec(path.basename(source))?.[1] ?? createHash('sha256').update(source).digest('hex')
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

async function toTranslationError(error: unknown, neededBytes: number, freeBytes: () => Promise<number>): Promise<unknown> {
  const code = errorCode(error)
  if (error instanceof AppError || code === undefined) return error
  if (FULL.includes(code)) return diskFull(neededBytes, await freeBytes(), error)
  return new AppError(
    'load_failed',
    `this model is in a layout of Ollama's own, and its translated copy cannot be written into the cache folder (${code}): let the user of the server write to cache/translated in LLAMERO_HOME, or point LLAMERO_HOME elsewhere`,
    { cause: error },
  )
}

function diskFull(neededBytes: number, free: number, cause?: unknown): AppError {
  return new AppError(
    'disk_full',
    `this model is in a layout of Ollama's own and needs a translated copy in the cache folder: ${formatBytes(neededBytes)} needed, ${formatBytes(free)} free; make room, or point LLAMERO_HOME to another disk`,
    { cause, details: { neededBytes, freeBytes: free } },
  )
}
