// Downloads that survive a kill, in Ollama's own files: `sha256-<hex>-partial` has the bytes at their places (sparse), and each
// `sha256-<hex>-partial-<N>` is one line {"N","Offset","Size","Completed"} about one part. Either server goes on where the other stopped.
// What a progress file claims is on the disk: the bytes are synced before it is written. Inside a part only what reaches on from its start counts,
// so ranges should be taken in order. One process at a time holds the download; the hash has the last word.

import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../base/errors.ts'
import { type Digest, digestHex } from '../model/digest.ts'
import { hashFile, mismatch, nameBlob } from './blob-file.ts'
import { requireFree, temporaryName, toStoreError, unlessMissing, writeFully } from './durable.ts'
import { type Folder, regularFile } from './folder.ts'
import { BLOB_TEMPORARY, partialPath } from './layout.ts'
import type { Lock } from './lock.ts'
import { RangeSet } from './ranges.ts'
import type { PartialBlob } from './store.ts'

export interface Part {
  N: number
  Offset: number
  Size: number
  Completed: number
}

const PARTS = 16
const SMALLEST_PART_BYTES = 100e6
const LARGEST_PART_BYTES = 1000e6
/** More are not made by anyone; fewer than a file of the largest size needs would be. */
const MAX_PARTS = 100_000
/** One short line. */
const MAX_PART_FILE_BYTES = 4096
const PERSIST_EVERY_NS = 3e9

interface Target {
  digest: Digest
  sizeBytes: number
}

export async function openPartial(folder: Folder, target: Target, signal?: AbortSignal): Promise<PartialBlob> {
  const lock = await folder.locks.acquire(partialLock(target.digest), signal)
  try {
    await mkdir(folder.layout.blobs, { recursive: true })
    const parts = (await goOn(folder, target)) ?? (await startOver(folder, target))
    const handle = await openData(partialPath(folder.layout, target.digest), target.sizeBytes)
    return new PartialFile(folder, target, { parts, handle, lock })
  } catch (error) {
    await lock.release()
    throw await toStoreError(error, folder.layout.blobs, target.sizeBytes)
  }
}

export function partialLock(digest: Digest): string {
  return `partial-${digestHex(digest)}`
}

/** The files of a download: the bytes and the progress. */
export async function partialFiles(folder: Folder, digest: Digest): Promise<string[]> {
  const prefix = path.basename(partialPath(folder.layout, digest))
  const names = (await unlessMissing(readdir(folder.layout.blobs))) ?? []
  return names.filter((name) => name === prefix || /^-\d{1,6}$/.test(name.startsWith(prefix) ? name.slice(prefix.length) : ''))
}

/** Undefined where there is nothing to go on from, or nothing that fits: parts must tile the whole size and the file must have it. */
async function readParts(folder: Folder, { digest, sizeBytes }: Target): Promise<Part[] | undefined> {
  const data = await regularFile(folder.layout.blobs, partialPath(folder.layout, digest))
  if (data?.sizeBytes !== sizeBytes) return undefined
  const names = (await partialFiles(folder, digest)).filter((name) => /-\d+$/.test(name))
  if (names.length === 0 || names.length > MAX_PARTS) return undefined
  const parts = await Promise.all(names.map((name) => readPart(folder, path.join(folder.layout.blobs, name))))
  const whole = parts.filter((part): part is Part => part !== undefined).sort((a, b) => a.Offset - b.Offset)
  let end = 0
  for (const part of whole) {
    if (part.Offset !== end) return undefined
    end += part.Size
  }
  return whole.length === names.length && end === sizeBytes ? whole : undefined
}

async function readPart(folder: Folder, file: string): Promise<Part | undefined> {
  const facts = await regularFile(folder.layout.blobs, file)
  if (!facts || facts.sizeBytes > MAX_PART_FILE_BYTES) return undefined
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    // A progress file that a crash cut short, or that is none. The download starts over.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { N, Offset, Size, Completed } = value as Record<string, unknown>
  const fits = [N, Offset, Size, Completed].every((number) => Number.isSafeInteger(number) && (number as number) >= 0)
  if (!fits || (Completed as number) > (Size as number) || Number(/\d+$/.exec(file)?.[0]) !== N) return undefined
  return { N: N as number, Offset: Offset as number, Size: Size as number, Completed: Completed as number }
}

async function goOn(folder: Folder, target: Target): Promise<Part[] | undefined> {
  const parts = await readParts(folder, target)
  const missingBytes = parts?.reduce((sum, part) => sum + part.Size - part.Completed, 0)
  if (missingBytes !== undefined) await requireFree(folder.layout.blobs, missingBytes)
  return parts
}

async function openData(file: string, sizeBytes: number): Promise<FileHandle> {
  const handle = await open(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o644)
  try {
    await handle.truncate(sizeBytes)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function startOver(folder: Folder, { digest, sizeBytes }: Target): Promise<Part[]> {
  await removeFiles(folder, digest)
  await requireFree(folder.layout.blobs, sizeBytes)
  const size = Math.min(Math.max(Math.floor(sizeBytes / PARTS), SMALLEST_PART_BYTES), LARGEST_PART_BYTES)
  const parts: Part[] = []
  for (let offset = 0; offset < sizeBytes; offset += size) {
    parts.push({ N: parts.length, Offset: offset, Size: Math.min(size, sizeBytes - offset), Completed: 0 })
  }
  for (const part of parts) await writePart(folder, digest, part)
  return parts
}

/** The bytes first: progress files without them mean nothing, bytes without progress files would look complete to nobody either. */
async function removeFiles(folder: Folder, digest: Digest): Promise<void> {
  for (const name of (await partialFiles(folder, digest)).sort()) await rm(path.join(folder.layout.blobs, name), { force: true })
}

async function writePart(folder: Folder, digest: Digest, part: Part): Promise<void> {
  const temporary = path.join(folder.layout.blobs, temporaryName(BLOB_TEMPORARY))
  const handle = await open(temporary, 'wx', 0o644)
  try {
    await handle.writeFile(`${JSON.stringify(part)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, partialPath(folder.layout, digest, part.N))
}

class PartialFile implements PartialBlob {
  readonly sizeBytes: number
  readonly #folder: Folder
  readonly #digest: Digest
  readonly #parts: Part[]
  readonly #handle: FileHandle
  readonly #lock: Lock
  readonly #done = new RangeSet()
  readonly #writing = new Set<Promise<void>>()
  #persisting: Promise<void> | undefined
  #persistedNs: number
  #closed: Promise<void> | undefined

  constructor(folder: Folder, target: Target, opened: { parts: Part[]; handle: FileHandle; lock: Lock }) {
    this.#folder = folder
    this.#digest = target.digest
    this.sizeBytes = target.sizeBytes
    this.#parts = opened.parts
    this.#handle = opened.handle
    this.#lock = opened.lock
    this.#persistedNs = folder.clock.monotonicNs()
    for (const part of opened.parts) this.#done.add(part.Offset, part.Offset + part.Completed)
  }

  missing(): { start: number; end: number }[] {
    return this.#done.missing(this.sizeBytes)
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const end = offset + bytes.byteLength
    if (this.#closed) throw new AppError('internal', 'the download is closed')
    if (offset < 0 || end > this.sizeBytes || this.#done.overlaps(offset, end)) {
      throw new AppError('internal', `bytes ${offset} to ${end} are not missing from this download`)
    }
    const writing = this.#write(offset, bytes)
    this.#writing.add(writing)
    try {
      await writing
    } finally {
      this.#writing.delete(writing)
    }
  }

  async commit(): Promise<void> {
    const [gap] = this.missing()
    if (gap) throw new AppError('internal', `bytes ${gap.start} to ${gap.end} of the download are missing`)
    if (this.#closed) throw new AppError('internal', 'the download is closed')
    this.#closed = this.#commit()
    await this.#closed
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #commit(): Promise<void> {
    try {
      await this.#settle(() => this.#handle.sync())
      await this.#verifyAndName()
    } catch (error) {
      throw await toStoreError(error, this.#folder.layout.blobs)
    } finally {
      await this.#lock.release()
    }
  }

  async #close(): Promise<void> {
    try {
      await this.#settle(() => this.#persist())
    } catch (error) {
      throw await toStoreError(error, this.#folder.layout.blobs)
    } finally {
      await this.#lock.release()
    }
  }

  /** Waits for what is on its way, does the last thing with the open file, and closes it. */
  async #settle(last: () => Promise<void>): Promise<void> {
    try {
      await Promise.allSettled([...this.#writing, this.#persisting])
      await last()
    } finally {
      await this.#handle.close()
    }
  }

  async #write(offset: number, bytes: Uint8Array): Promise<void> {
    try {
      await writeFully(this.#handle, bytes, offset)
      this.#done.add(offset, offset + bytes.byteLength)
      if (this.#folder.clock.monotonicNs() - this.#persistedNs >= PERSIST_EVERY_NS) await this.#persist()
    } catch (error) {
      throw await toStoreError(error, this.#folder.layout.blobs, this.sizeBytes)
    }
  }

  /** One at a time; who comes in between shares the one that runs. */
  #persist(): Promise<void> {
    this.#persisting ??= this.#persistNow().finally(() => {
      this.#persisting = undefined
    })
    return this.#persisting
  }

  async #persistNow(): Promise<void> {
    this.#persistedNs = this.#folder.clock.monotonicNs()
    const changed = this.#parts
      .map((part) => ({ ...part, Completed: this.#done.reach(part.Offset, part.Offset + part.Size) - part.Offset }))
      .filter((part, index) => part.Completed !== this.#parts[index]?.Completed)
    if (changed.length === 0) return
    await this.#handle.datasync()
    for (const part of changed) {
      await writePart(this.#folder, this.#digest, part)
      const own = this.#parts.find(({ N }) => N === part.N)
      if (own) own.Completed = part.Completed
    }
  }

  async #verifyAndName(): Promise<void> {
    const data = partialPath(this.#folder.layout, this.#digest)
    const actual = await hashFile(data)
    if (actual.digest !== this.#digest) {
      await removeFiles(this.#folder, this.#digest)
      throw mismatch(this.#digest, actual.digest)
    }
    await nameBlob(this.#folder, data, actual)
    await removeFiles(this.#folder, this.#digest)
  }
}
