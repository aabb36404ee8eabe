// Blobs: files named after the hash of their bytes. A blob is written under a temporary name, hashed on the way, synced, compared and only then
// named, so that a file whose bytes do not match its name never has that name. A blob that is there is never written again.

import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { raceAbort, throwIfAborted } from '../base/abort.ts'
import { formatBytes } from '../base/bytes.ts'
import { AppError, isAppError } from '../base/errors.ts'
import { type Digest, toDigest } from '../model/digest.ts'
import {
  findBlob,
  type Hashed,
  type HashOptions,
  hashFile,
  hashHandle,
  keepBlob,
  mismatch,
  type NameOptions,
  nameBlob,
} from './blob-file.ts'
import { fullDiskOr, requireFree, temporaryName, toStoreError, writeFully } from './durable.ts'
import { type FileFacts, type Folder, regularFile } from './folder.ts'
import { BLOB_TEMPORARY, blobPath, readBlobEntries } from './layout.ts'
import { linkFile, noteLink, noteOf } from './links.ts'
import { openPartial } from './partial.ts'
import type { BlobStore, WrittenBlob } from './store.ts'

type Source = AsyncIterable<Uint8Array> | Uint8Array | string
type WriteOptions = Parameters<BlobStore['write']>[1]
type ImportOptions = NonNullable<Parameters<BlobStore['importFile']>[1]>

/** Texts of models: templates, parameters, licences. */
const DEFAULT_TEXT_BYTES = 16 * 1024 * 1024
const CHUNK_BYTES = 1024 * 1024

export function createBlobStore(folder: Folder): BlobStore {
  const facts = (digest: Digest) => findBlob(folder, digest)
  return {
    path: (digest) => blobPath(folder.layout, digest),
    has: async (digest) => (await facts(digest)) !== undefined,
    keep: (digest) => keepBlob(folder, digest).then((found) => found !== undefined),
    async sizeBytes(digest) {
      return (await requireBlob(folder, digest)).sizeBytes
    },
    async readText(digest, maxBytes = DEFAULT_TEXT_BYTES) {
      const { sizeBytes } = await requireBlob(folder, digest)
      if (sizeBytes > maxBytes)
        throw new AppError('store_corrupt', `a text of the model has ${formatBytes(sizeBytes)}, more than ${formatBytes(maxBytes)}`)
      return readFile(blobPath(folder.layout, digest), 'utf8')
    },
    write: (source, options = {}) => writeBlob(folder, source, options),
    importFile: (file, options = {}) => importFile(folder, file, options),
    make: (make, options) => makeBlob(folder, make, options),
    openPartial: (digest, sizeBytes, options) => openPartial(folder, { digest, sizeBytes }, options),
  }
}

async function requireBlob(folder: Folder, digest: Digest): Promise<FileFacts> {
  const facts = await findBlob(folder, digest)
  if (!facts) throw new AppError('blob_not_found', `blob ${JSON.stringify(digest)} not found`, { details: { digest } })
  return facts
}

async function writeBlob(folder: Folder, source: Source, { expected, signal }: NonNullable<WriteOptions>): Promise<WrittenBlob> {
  throwIfAborted(signal)
  const bytes = typeof source === 'string' ? new TextEncoder().encode(source) : source instanceof Uint8Array ? source : undefined
  const known = bytes ? hashOf(bytes) : expected
  if (bytes && expected !== undefined && known !== expected) throw mismatch(expected, known ?? expected)
  const found = known === undefined ? undefined : await keepBlob(folder, known)
  if (found && known !== undefined) return { digest: known, sizeBytes: found.sizeBytes, existed: true }
  const chunks = bytes ? [bytes] : (source as AsyncIterable<Uint8Array>)
  return withTemporary(folder, (temporary) => fill(temporary, chunks, signal), { expected, neededBytes: bytes?.byteLength })
}

async function importFile(folder: Folder, file: string, options: ImportOptions): Promise<WrittenBlob> {
  const { expected, signal, onRead } = options
  throwIfAborted(signal)
  const found = expected === undefined ? undefined : await keepBlob(folder, expected)
  if (found && expected !== undefined) return { digest: expected, sizeBytes: found.sizeBytes, existed: true }
  const source = await openRegular(file)
  try {
    const { size } = await source.stat()
    const same = await findSame(folder, source, { ...options, sizeBytes: size })
    if (same) return same
    const copy = async (temporary: string): Promise<Made> => {
      if (await clone(file, temporary)) return hashFile(temporary, { signal, onRead })
      if (options.link && (await linkFile(file, source, temporary))) return hashLink(folder, temporary, { signal, onRead })
      await requireFree(folder.layout.blobs, size)
      const chunks = source.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false, start: 0 })
      return fill(temporary, chunks, signal, onRead)
    }
    return await withTemporary(folder, copy, { expected, neededBytes: size })
  } finally {
    await source.close()
  }
}

type Made = Hashed & NameOptions

/** What is written to the file from now on will be found. */
async function hashLink(folder: Folder, temporary: string, options: HashOptions): Promise<Made> {
  // It may be read-only.
  await syncFile(temporary, 'r')
  const before = await noteOf(temporary)
  const hashed = await hashFile(temporary, options)
  return { ...hashed, note: async () => before !== undefined && noteLink(folder, { digest: hashed.digest, file: temporary, before }) }
}

/** The blob that this file is already. It is read for it only where one has its size: that costs less than a copy in vain. */
async function findSame(
  folder: Folder,
  source: FileHandle,
  { sizeBytes, expected, ...options }: ImportOptions & { sizeBytes: number },
): Promise<WrittenBlob | undefined> {
  if (expected !== undefined || !(await hasBlobOfSize(folder, sizeBytes))) return undefined
  const { digest } = await hashHandle(source, options)
  const found = await keepBlob(folder, digest)
  return found && { digest, sizeBytes: found.sizeBytes, existed: true }
}

async function hasBlobOfSize({ layout }: Folder, sizeBytes: number): Promise<boolean> {
  for (const { name, entry } of await readBlobEntries(layout)) {
    if (entry.kind !== 'blob') continue
    const facts = await regularFile(layout.blobs, path.join(layout.blobs, name))
    if (facts?.sizeBytes === sizeBytes) return true
  }
  return false
}

async function makeBlob(
  folder: Folder,
  make: (path: string) => Promise<void>,
  { neededBytes, signal }: Parameters<BlobStore['make']>[1],
): Promise<WrittenBlob> {
  throwIfAborted(signal)
  await requireFree(folder.layout.blobs, neededBytes)
  const fill = async (temporary: string): Promise<Hashed> => {
    try {
      await make(temporary)
    } catch (error) {
      throw isAppError(error, 'cancelled') ? error : await fullDiskOr(error, folder.layout.blobs)
    }
    await syncFile(temporary)
    return hashFile(temporary, { signal })
  }
  return withTemporary(folder, fill, { expected: undefined, neededBytes })
}

async function openRegular(file: string): Promise<FileHandle> {
  let handle: FileHandle | undefined
  try {
    // Does not wait for the other end of a pipe.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    if ((await handle.stat()).isFile()) return handle
  } catch (cause) {
    throw new AppError('invalid_request', 'the file to import cannot be read', { cause })
  }
  await handle.close()
  throw new AppError('invalid_request', 'the file to import is not a regular file')
}

async function withTemporary(
  folder: Folder,
  make: (temporary: string) => Promise<Made>,
  { expected, neededBytes }: { expected: Digest | undefined; neededBytes: number | undefined },
): Promise<WrittenBlob> {
  const temporary = path.join(folder.layout.blobs, temporaryName(BLOB_TEMPORARY))
  try {
    await mkdir(folder.layout.blobs, { recursive: true })
    const { digest, sizeBytes, ...made } = await make(temporary)
    if (expected !== undefined && digest !== expected) throw mismatch(expected, digest)
    return { digest, sizeBytes, existed: await nameBlob(folder, temporary, { digest, sizeBytes }, made) }
  } catch (error) {
    throw await toStoreError(error, folder.layout.blobs, neededBytes)
  } finally {
    await rm(temporary, { force: true })
  }
}

async function fill(
  temporary: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
  onRead?: (bytes: number) => void,
): Promise<Hashed> {
  const handle = await open(temporary, 'wx', 0o644)
  try {
    const hash = createHash('sha256')
    let position = 0
    for await (const chunk of abortable(chunks, signal)) {
      hash.update(chunk)
      await writeFully(handle, chunk, position)
      position += chunk.byteLength
      onRead?.(chunk.byteLength)
    }
    await handle.sync()
    return { digest: toDigest(hash.digest('hex')), sizeBytes: position }
  } finally {
    await handle.close()
  }
}

/** Ends as soon as the signal aborts, also while the source keeps us waiting, and lets the source go. */
async function* abortable(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  let ended = false
  try {
    while (true) {
      const result = await raceAbort(Promise.resolve(iterator.next()), signal)
      ended = result.done === true
      if (ended) return
      yield result.value
    }
  } finally {
    // Not awaited: a generator that hangs in its own next() would never answer.
    if (!ended) Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
}

/** Shares the blocks of the file where the file system can (btrfs, XFS, APFS). */
async function clone(file: string, temporary: string): Promise<boolean> {
  try {
    await copyFile(file, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
  } catch {
    // Most file systems cannot; each names it differently. An ordinary copy meets the same trouble, if it is one, and reports it.
    await rm(temporary, { force: true })
    return false
  }
  await syncFile(temporary)
  return true
}

async function syncFile(file: string, flags = 'r+'): Promise<void> {
  const handle = await open(file, flags)
  await handle.sync().finally(() => handle.close())
}

function hashOf(bytes: Uint8Array): Digest {
  return toDigest(createHash('sha256').update(bytes).digest('hex'))
}
