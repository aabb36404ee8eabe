// A local file becomes a blob of the server. A server on this machine takes it where it lies, so that nothing is copied that need not be, and
// its digest is computed once, there. Every other one, and Ollama itself, is asked for the digest first and gets the bytes if it lacks them.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import { IMPORT_PROOF_BYTES } from '../../api/maintenance.ts'
import { isAppError } from '../../base/errors.ts'
import type { ProgressDisplay } from '../terminal/progress.ts'
import type { Context } from '../verb.ts'

/** Blobs are read and sent in pieces of this size. */
const READ_BYTES = 1024 * 1024
/** What a server answers that cannot take the file where it lies, or does not know the question. */
const REFUSALS: readonly unknown[] = [400, 403, 404, 405]

export interface BringOptions {
  display: ProgressDisplay
  link: boolean
}

/** The digest. */
export async function bringFile(context: Context, file: string, options: BringOptions): Promise<string> {
  return (await importFile(context, file, options)) ?? sendFile(context, file, options.display)
}

async function importFile({ client, config }: Context, file: string, { display, link }: BringOptions): Promise<string | undefined> {
  if (!isThisMachine(config.serverUrl)) return undefined
  const label = `importing file ${path.basename(file)}`
  try {
    for await (const record of client.importFile({ ...(await describe(file)), ...(link ? { link } : {}) })) {
      const currentBytes = record.status === 'success' ? record.size : record.completed
      const totalBytes = record.status === 'success' ? record.size : record.total
      display.bar(file, { label, totalBytes, currentBytes })
      if (record.status === 'success') return record.digest
    }
  } catch (error) {
    if (!isAppError(error) || !REFUSALS.includes(error.details.status)) throw error
  }
  return undefined
}

function isThisMachine(serverUrl: string): boolean {
  const { hostname } = new URL(serverUrl)
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

async function describe(file: string) {
  await using handle = await open(file, 'r')
  const { size, mtimeMs } = await handle.stat()
  const bytes = Buffer.alloc(IMPORT_PROOF_BYTES)
  let length = 0
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return { path: file, size, modified: mtimeMs, begins_with: createHash('sha256').update(bytes.subarray(0, length)).digest('hex') }
}

async function sendFile({ client }: Context, file: string, display: ProgressDisplay): Promise<string> {
  const digest = await digestOf(file)
  if (await client.headBlob(digest)) return digest
  const { size } = await stat(file)
  const label = `copying file ${path.basename(file)}`
  let sentBytes = 0
  async function* read(): AsyncGenerator<Uint8Array> {
    for await (const bytes of createReadStream(file, { highWaterMark: READ_BYTES })) {
      yield bytes
      sentBytes += bytes.length
      display.bar(digest, { label, totalBytes: size, currentBytes: sentBytes })
    }
  }
  await client.postBlob(digest, read())
  return digest
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(file, { highWaterMark: READ_BYTES })) hash.update(bytes)
  return `sha256:${hash.digest('hex')}`
}
