// Uploads one blob: asks whether it is there, tries to mount it from another repository, then sends it in parts, one after another.
// A part that fails goes on where the registry says it stands. Registries differ: the Location of a part may be relative; Ollama's own
// answers 307 and wants the part in its storage; some know no PATCH, and then the blob goes in one piece.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import { AppError, isAppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Digest } from '../model/digest.ts'
import { readErrorText } from './body.ts'
import type { HttpReply } from './http-client.ts'
import type { Pace } from './pacer.ts'
import { exhausted, isMomentary, type Session, type SessionRequest, statusError } from './session.ts'
import { wait } from './wait.ts'

export interface UploadOptions {
  blob: { digest: Digest; sizeBytes: number; path: string }
  /** `namespace/model` that has the blob on this registry. */
  mountFrom?: string
  clock: Clock
  log: Log
  signal: AbortSignal
  onProgress(completedBytes: number): void
  pace?: Pace
  /** For tests; otherwise from the blob's size. */
  partBytes?: number
}

export const MAX_UPLOAD_FAILURES = 6
const MIN_PART_BYTES = 100e6
const MAX_PART_BYTES = 1000e6
const MAX_PARTS = 16
/** No byte taken and no answer for so long: the connection is dead. */
export const UPLOAD_STALL_LIMIT_MS = 120_000
const PATCH_UNKNOWN: readonly number[] = [404, 405, 501]

export async function uploadBlob(session: Session, options: UploadOptions): Promise<void> {
  const { blob, onProgress } = options
  if (await isThere(session, options)) return onProgress(blob.sizeBytes)
  const location = await begin(session, options)
  if (location === undefined) return onProgress(blob.sizeBytes)
  const upload: Upload = { location, offset: 0, redirectedParts: [] }
  const complete = await sendParts(session, upload, options)
  if (complete) await finish(session, upload, options)
  else await sendWhole(session, options)
}

interface Upload {
  location: URL
  offset: number
  /** MD5 of the parts that went to the storage: its multipart upload is checked with them. */
  redirectedParts: Buffer[]
}

async function isThere(session: Session, { blob, signal }: UploadOptions): Promise<boolean> {
  const reply = await session.request({ method: 'HEAD', target: `blobs/${blob.digest}`, signal })
  reply.discard()
  return reply.status === 200
}

/** Where to send the blob; undefined when the registry could mount it. */
async function begin(session: Session, options: UploadOptions): Promise<URL | undefined> {
  const url = session.url('blobs/uploads/')
  if (options.mountFrom !== undefined) {
    const mount = new URL(url)
    mount.searchParams.set('from', options.mountFrom)
    mount.searchParams.set('mount', options.blob.digest)
    const reply = await post(session, mount, options.signal).catch((error: unknown) => {
      // Who may not read the other repository sends the bytes.
      if (isAppError(error, 'unauthorized')) return undefined
      throw error
    })
    reply?.discard()
    if (reply?.status === 201) return undefined
    if (reply?.status === 202) return uploadLocation(session, reply, mount)
    options.log.debug('the registry does not mount', { from: options.mountFrom, status: reply?.status })
  }
  const reply = await post(session, url, options.signal)
  if (reply.status !== 202) throw statusError(reply.status, await readErrorText(reply))
  reply.discard()
  return uploadLocation(session, reply, url)
}

function post(session: Session, target: URL, signal: AbortSignal): Promise<HttpReply> {
  return session.request({ method: 'POST', target, headers: { 'content-length': '0' }, signal })
}

function uploadLocation(session: Session, reply: HttpReply, url: URL): URL {
  return session.resolve(reply.headers['docker-upload-location'] ?? reply.headers.location, url)
}

/** False from a registry that takes no parts. */
async function sendParts(session: Session, upload: Upload, options: UploadOptions): Promise<boolean> {
  const { blob, clock, signal, log } = options
  const partBytes = options.partBytes ?? Math.min(Math.max(Math.ceil(blob.sizeBytes / MAX_PARTS), MIN_PART_BYTES), MAX_PART_BYTES)
  let failures = 0
  while (upload.offset < blob.sizeBytes) {
    const before = upload.offset
    try {
      const end = Math.min(upload.offset + partBytes, blob.sizeBytes)
      if (!(await sendPart(session, upload, { ...options, end }))) return false
    } catch (error) {
      if (signal.aborted || !isMomentary(error)) throw error
      failures = upload.offset > before ? 1 : failures + 1
      if (failures >= MAX_UPLOAD_FAILURES) throw exhausted(error)
      log.debug('a part of an upload failed', { digest: blob.digest, offset: upload.offset, error })
      await wait(clock, 1000 * 2 ** (failures - 1), signal)
      await recover(session, upload, options)
    }
  }
  return true
}

async function sendPart(session: Session, upload: Upload, options: UploadOptions & { end: number }): Promise<boolean> {
  const { end } = options
  const part = { start: upload.offset, end }
  const headers = { 'content-range': `${part.start}-${end - 1}`, 'x-redirect-uploads': '1' }
  const reply = await sendBytes(session, { method: 'PATCH', target: upload.location, headers }, { ...options, part })
  if (reply.status === 307) {
    reply.discard()
    const storage = session.resolve(reply.headers.location, upload.location)
    upload.redirectedParts.push(await sendToStorage(session, storage, { ...options, part }))
    upload.location = uploadLocation(session, reply, upload.location)
    upload.offset = end
    return true
  }
  if (PATCH_UNKNOWN.includes(reply.status) && part.start === 0) {
    reply.discard()
    return false
  }
  if (reply.status < 200 || reply.status >= 300) {
    const error = statusError(reply.status, await readErrorText(reply))
    // The registry stands elsewhere than we thought: it can be asked.
    throw reply.status === 416 ? new AppError(error.code, error.message, { details: { ...error.details, retry: true } }) : error
  }
  reply.discard()
  upload.location = uploadLocation(session, reply, upload.location)
  upload.offset = end
  return true
}

type PartOptions = UploadOptions & { part: { start: number; end: number } }

/** The part's MD5. The address is good for this part only, so the tries are made here. */
async function sendToStorage(session: Session, storage: URL, options: PartOptions): Promise<Buffer> {
  for (let failures = 1; ; failures++) {
    const hash = createHash('md5')
    try {
      const onChunk = (bytes: Uint8Array) => void hash.update(bytes)
      await acceptStored(await sendBytes(session, { method: 'PUT', target: storage }, { ...options, onChunk }))
      return hash.digest()
    } catch (error) {
      if (options.signal.aborted || !isMomentary(error)) throw error
      // Not momentary any more: another round of tries one level up would only repeat these.
      if (failures >= MAX_UPLOAD_FAILURES) throw new AppError('registry_error', exhausted(error).message, { cause: error })
      await wait(options.clock, 1000 * 2 ** (failures - 1), options.signal)
    }
  }
}

/** After a failure: where the registry stands. It that has forgotten the upload begins a new one. */
async function recover(session: Session, upload: Upload, options: UploadOptions): Promise<void> {
  if (upload.redirectedParts.length > 0) return
  const reply = await session.request({ method: 'GET', target: upload.location, signal: options.signal }).catch((error: unknown) => {
    if (isAppError(error, 'registry_unreachable')) return undefined
    throw error
  })
  if (!reply) return
  reply.discard()
  const last = /^(?:bytes=)?0-(\d+)$/.exec(reply.headers.range ?? '')?.[1]
  if (reply.status === 204 || reply.status === 202) {
    if (reply.headers.location !== undefined) upload.location = uploadLocation(session, reply, upload.location)
    // `0-0` is how registries say that they have nothing.
    upload.offset = last === undefined || last === '0' ? 0 : Math.min(Number(last) + 1, options.blob.sizeBytes)
    return
  }
  if (reply.status !== 404) return
  const { mountFrom: _, ...fresh } = options
  const location = await begin(session, fresh)
  if (location) upload.location = location
  upload.offset = 0
}

async function finish(session: Session, upload: Upload, { blob, signal }: UploadOptions): Promise<void> {
  const target = new URL(upload.location)
  target.searchParams.set('digest', blob.digest)
  if (upload.redirectedParts.length > 0) {
    const etag = createHash('md5').update(Buffer.concat(upload.redirectedParts)).digest('hex')
    target.searchParams.set('etag', `${etag}-${upload.redirectedParts.length}`)
  }
  await acceptStored(
    await session.request({
      method: 'PUT',
      target,
      headers: { 'content-type': 'application/octet-stream', 'content-length': '0' },
      signal,
    }),
  )
}

/** One PUT with the whole blob, for registries without PATCH. */
async function sendWhole(session: Session, options: UploadOptions): Promise<void> {
  const { mountFrom: _, ...fresh } = options
  const location = await begin(session, fresh)
  if (!location) return
  const target = new URL(location)
  target.searchParams.set('digest', options.blob.digest)
  const part = { start: 0, end: options.blob.sizeBytes }
  await acceptStored(await sendBytes(session, { method: 'PUT', target }, { ...options, part }))
}

async function acceptStored(reply: HttpReply): Promise<void> {
  if (reply.status < 200 || reply.status >= 300) throw statusError(reply.status, await readErrorText(reply))
  reply.discard()
}

async function sendBytes(
  session: Session,
  request: Pick<SessionRequest, 'method' | 'target' | 'headers'>,
  options: PartOptions & { onChunk?: (bytes: Uint8Array) => void },
): Promise<HttpReply> {
  const { blob, part, signal, clock, onProgress } = options
  const stalled = new AbortController()
  const arm = () => clock.after(UPLOAD_STALL_LIMIT_MS, () => stalled.abort())
  let timer = arm()
  const body = async function* () {
    let sent = part.start
    if (part.end === part.start) return
    for await (const chunk of createReadStream(blob.path, { start: part.start, end: part.end - 1, highWaterMark: 256 * 1024 })) {
      const bytes = chunk as Uint8Array
      timer.cancel()
      await options.pace?.(bytes.length, signal)
      timer = arm()
      yield bytes
      options.onChunk?.(bytes)
      sent += bytes.length
      onProgress(sent)
    }
  }
  const headers = { ...request.headers, 'content-type': 'application/octet-stream', 'content-length': String(part.end - part.start) }
  try {
    return await session.request({ ...request, headers, body, signal: AbortSignal.any([signal, stalled.signal]) })
  } catch (error) {
    if (!stalled.signal.aborted || signal.aborted) throw error
    throw new AppError('registry_unreachable', `the registry takes no data for ${UPLOAD_STALL_LIMIT_MS / 1000} seconds`, { cause: error })
  } finally {
    timer.cancel()
  }
}
