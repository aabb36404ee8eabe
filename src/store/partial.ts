// Downloads that survive a kill, in Ollama's own files: `sha256-<hex>-partial` has the bytes at their places (sparse), and each
// `sha256-<hex>-partial-<N>` is one line {"N","Offset","Size","Completed"} about one part. Either server goes on where the other stopped.
// What a progress file claims is on the disk: the bytes are synced before it is written. Inside a part only what reaches on from its start counts,
// so ranges should be taken in order. One process at a time holds the download; the hash has the last word.

import { constants } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { AppError, isAppError } from '../base/errors.ts'
import { type Digest, digestHex } from '../model/digest.ts'
import { hashFile, mismatch, nameBlob } from './blob-file.ts'
import { requireFree, toStoreError, writeFully } from './durable.ts'
import type { Folder } from './folder.ts'
import { partialPath } from './layout.ts'
import type { Lock } from './lock.ts'
import { type Part, planParts, readParts, removePartial, type Target, writePart } from './parts.ts'
import { RangeSet } from './ranges.ts'
import type { PartialBlob } from './store.ts'

const PERSIST_EVERY_NS = 3e9

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

async function goOn(folder: Folder, target: Target): Promise<Part[] | undefined> {
  const parts = await readParts(folder, target)
  const missingBytes = parts?.reduce((sum, part) => sum + part.Size - part.Completed, 0)
  if (missingBytes !== undefined) await requireFree(folder.layout.blobs, missingBytes)
  return parts
}

async function startOver(folder: Folder, { digest, sizeBytes }: Target): Promise<Part[]> {
  await removePartial(folder, digest)
  await requireFree(folder.layout.blobs, sizeBytes)
  const parts = planParts(sizeBytes)
  for (const part of parts) await writePart(folder, digest, part)
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

  #missingBytes(): number {
    return this.missing().reduce((sum, { start, end }) => sum + end - start, 0)
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
      const reason = await toStoreError(error, this.#folder.layout.blobs)
      if (!isAppError(reason, 'disk_full')) throw reason
      // What was written down before still holds, and whoever closes has the error of the write in hand.
      this.#folder.log.warn('the progress of a download could not be written down', { reason })
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
      throw await toStoreError(error, this.#folder.layout.blobs, this.#missingBytes())
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
      await removePartial(this.#folder, this.#digest)
      throw mismatch(this.#digest, actual.digest)
    }
    await nameBlob(this.#folder, data, actual)
    await removePartial(this.#folder, this.#digest)
  }
}
