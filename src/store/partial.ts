// Downloads that survive a kill, in Ollama's own files: `sha256-<hex>-partial` has the bytes at their places (sparse), and each
// `sha256-<hex>-partial-<N>` is one line {"N","Offset","Size","Completed"} about one part. Either server goes on where the other stopped.
// What a progress file claims is on the disk: the bytes are synced before it is written. Inside a part only what reaches on from its start counts,
// so ranges should be taken in order; what was written besides stands in a journal (journal.ts) as long as the machine runs. One process at a time holds the download; the hash has the last word.

import { constants } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import type { Timer } from '../base/clock.ts'
import { AppError, isAppError } from '../base/errors.ts'
import { type Digest, digestHex } from '../model/digest.ts'
import { hashFile, keepBlob, mismatch, nameBlob } from './blob-file.ts'
import { requireFree, toStoreError, writeAllFully } from './durable.ts'
import type { Folder } from './folder.ts'
import { type Journal, readJournal, startJournal } from './journal.ts'
import { partialPath } from './layout.ts'
import type { Lock } from './lock.ts'
import { completedBytesOf } from './partials.ts'
import { type Part, planParts, readParts, removePartial, type Target, writePart } from './parts.ts'
import { type Range, RangeSet } from './ranges.ts'
import type { OpenPartialOptions, PartialBlob } from './store.ts'
import { addWanted } from './wanted.ts'

const PERSIST_EVERY_NS = 3e9
/** A process that is killed loses no more than this takes to arrive. */
const JOURNAL_EVERY_NS = 20e6
const MIN_JOURNAL_BYTES = 64 * 1024
const JOURNAL_SHARE = 1 / 1024

/** How often somebody who waits for another process hears of its progress. */
const WAITING_EVERY_MS = 500

export async function openPartial(folder: Folder, target: Target, options: OpenPartialOptions = {}): Promise<PartialBlob> {
  const lock = await acquireTelling(folder, target, options)
  try {
    await mkdir(folder.layout.blobs, { recursive: true })
    // Whoever held the lock may have finished the blob.
    if ((await keepBlob(folder, target.digest))?.sizeBytes === target.sizeBytes) {
      await lock.release()
      return finished(target)
    }
    const laterBytes = options.laterBytes ?? 0
    const parts = (await readParts(folder, target)) ?? (await startOver(folder, target, laterBytes))
    const handle = await openData(partialPath(folder.layout, target.digest), target.sizeBytes)
    try {
      const done = await goOn(folder, target, { parts, handle, laterBytes })
      if (options.model) await addWanted(folder, target.digest, options.model)
      const journal = await startJournal(folder, target.digest, { data: handle, known: done.all })
      return new PartialFile(folder, target, { parts, handle, lock, done, journal })
    } catch (error) {
      await handle.close()
      throw error
    }
  } catch (error) {
    await lock.release()
    throw await toStoreError(error, folder.layout.blobs, target.sizeBytes)
  }
}

async function acquireTelling(folder: Folder, target: Target, { signal, onWaiting }: OpenPartialOptions): Promise<Lock> {
  let timer: Timer | undefined
  let most = 0
  const tell = async () => {
    const completedBytes = await completedBytesOf(folder, target)
    if (!timer) return
    // When it is whole its files are gone.
    if (completedBytes > most) onWaiting?.(completedBytes)
    most = Math.max(most, completedBytes)
    timer = folder.clock.after(WAITING_EVERY_MS, look)
  }
  const look = () => {
    // It comes and goes under the hands of the other process.
    tell().catch((error: unknown) => folder.log.debug('the progress of another process could not be read', { error }))
  }
  if (onWaiting) timer = folder.clock.after(WAITING_EVERY_MS, look)
  try {
    return await folder.locks.acquire(partialLock(target.digest), signal)
  } finally {
    timer?.cancel()
    timer = undefined
  }
}

export function partialLock(digest: Digest): string {
  return `partial-${digestHex(digest)}`
}

/** Nothing is missing, and the name is given. */
function finished({ sizeBytes }: Target): PartialBlob {
  const nothing = () => Promise.resolve()
  const write = () => Promise.reject(new AppError('internal', 'the download is closed'))
  return { sizeBytes, missing: () => [], write, commit: nothing, close: nothing }
}

interface Begun {
  parts: Part[]
  handle: FileHandle
  laterBytes: number
}

async function goOn(folder: Folder, target: Target, { parts, handle, laterBytes }: Begun): Promise<RangeSet> {
  const done = new RangeSet()
  for (const { Offset, Completed } of parts) done.add(Offset, Offset + Completed)
  for (const { start, end } of await readJournal(folder, target.digest, handle)) done.add(start, end)
  await requireFree(folder.layout.blobs, countBytes(done.missing(target.sizeBytes)) + laterBytes)
  return done
}

function countBytes(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0)
}

async function startOver(folder: Folder, { digest, sizeBytes }: Target, laterBytes: number): Promise<Part[]> {
  await removePartial(folder, digest)
  await requireFree(folder.layout.blobs, sizeBytes + laterBytes)
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

interface Opened {
  parts: Part[]
  handle: FileHandle
  lock: Lock
  done: RangeSet
  journal: Journal | undefined
}

class PartialFile implements PartialBlob {
  readonly sizeBytes: number
  readonly #folder: Folder
  readonly #digest: Digest
  readonly #parts: Part[]
  readonly #handle: FileHandle
  readonly #lock: Lock
  readonly #done: RangeSet
  readonly #journal: Journal | undefined
  /** Written, and not yet in the journal. */
  #fresh = new RangeSet()
  #freshBytes = 0
  #journaledNs: number
  #journaling: Promise<void> | undefined
  readonly #writing = new Set<Promise<void>>()
  #persisting: Promise<void> | undefined
  #persistedNs: number
  #closed: Promise<void> | undefined

  constructor(folder: Folder, target: Target, opened: Opened) {
    this.#folder = folder
    this.#digest = target.digest
    this.sizeBytes = target.sizeBytes
    this.#parts = opened.parts
    this.#handle = opened.handle
    this.#lock = opened.lock
    this.#done = opened.done
    this.#journal = opened.journal
    this.#persistedNs = folder.clock.monotonicNs()
    this.#journaledNs = this.#persistedNs
  }

  missing(): { start: number; end: number }[] {
    return this.#done.missing(this.sizeBytes)
  }

  async write(offset: number, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    const pieces = bytes instanceof Uint8Array ? [bytes] : bytes
    const end = pieces.reduce((sum, piece) => sum + piece.byteLength, offset)
    if (this.#closed) throw new AppError('internal', 'the download is closed')
    if (offset < 0 || end > this.sizeBytes || this.#done.overlaps(offset, end)) {
      throw new AppError('internal', `bytes ${offset} to ${end} are not missing from this download`)
    }
    const writing = this.#write({ start: offset, end }, pieces)
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
    return countBytes(this.missing())
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
      await this.#writeJournal()
      await last()
    } finally {
      await this.#journal?.close()
      await this.#handle.close()
    }
  }

  async #write({ start, end }: Range, pieces: readonly Uint8Array[]): Promise<void> {
    try {
      await writeAllFully(this.#handle, pieces, start)
      this.#done.add(start, end)
      await this.#keepJournal({ start, end })
      if (this.#folder.clock.monotonicNs() - this.#persistedNs >= PERSIST_EVERY_NS) await this.#persist()
    } catch (error) {
      throw await toStoreError(error, this.#folder.layout.blobs, this.#missingBytes())
    }
  }

  async #keepJournal({ start, end }: Range): Promise<void> {
    if (!this.#journal) return
    this.#fresh.add(start, end)
    this.#freshBytes += end - start
    const isDue = this.#folder.clock.monotonicNs() - this.#journaledNs >= JOURNAL_EVERY_NS
    const isMuch = this.#freshBytes >= Math.max(this.sizeBytes * JOURNAL_SHARE, MIN_JOURNAL_BYTES)
    if ((!isDue && !isMuch) || this.#journaling) return
    this.#journaling = this.#writeJournal().finally(() => {
      this.#journaling = undefined
    })
    await this.#journaling
  }

  async #writeJournal(): Promise<void> {
    const fresh = this.#fresh.all
    this.#fresh = new RangeSet()
    this.#freshBytes = 0
    this.#journaledNs = this.#folder.clock.monotonicNs()
    if (fresh.length > 0) await this.#journal?.append(fresh)
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
