// Saved states as files: <root>/<key>/<hash of the tokens>.state, for this user only, since they tell what was said. A file is written under
// another name and gets its own when it is whole, so a process may be killed at any moment and two may share the root. Whatever does not
// check is deleted. All keys together stay within a limit (prefix-room.ts), so anybody's files may go; who finds one of its own gone has lost
// nothing but time.

import { createHash, randomBytes } from 'node:crypto'
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readSync, rmSync, statSync, write } from 'node:fs'
import { type FileHandle, open, rm, utimes } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import { unlessMissing, unlessMissingNow } from '../../base/system-error.ts'
import { decodeHead, encodeHead, HEAD_BYTES, type PrefixHead, readHeadSize } from './prefix-file.ts'
import type { PrefixEntry } from './prefix-index.ts'
import type { PrefixKey } from './prefix-key.ts'
import { PrefixRoom, type PrefixRoomOptions, type ReservedFile, STATE_NAME } from './prefix-room.ts'

/** Of one key; the oldest beyond that are deleted. */
export const MAX_FILES = 512
/** Read, written and checked at once: other work waits no longer than for that. */
const PIECE_BYTES = 2 * 1024 * 1024

const writeAt = promisify(write)

export interface PrefixFolderOptions extends PrefixRoomOptions {
  key: PrefixKey
}

export type SavedState = Omit<PrefixEntry, 'name' | 'sizeBytes'> & { state: Uint8Array }

/** Undefined where there is no memory. */
type Allocate = (sizeBytes: number) => Uint8Array | undefined

/** Throws what the file system throws, unless said otherwise. */
export interface PrefixFiles {
  /** What there is, the oldest first; damaged files go on the way. */
  list(): PrefixEntry[]
  /** Which files had to go for it. Undefined when there is no room for it, or others are at it for too long. */
  write(saved: SavedState): Promise<{ removed: string[] } | undefined>
  /** Undefined when it is gone, or was damaged and is gone now. */
  read(entry: PrefixEntry, allocate: Allocate): Promise<Uint8Array | undefined>
  remove(name: string): Promise<void>
  /** Deletes what is half written, at once: the process is about to end. */
  abandon(): void
}

export function nameOf(tokens: Int32Array): string {
  const bytes = new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength)
  return `${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}.state`
}

export class PrefixFolder implements PrefixFiles {
  readonly #options: PrefixFolderOptions
  readonly #folder: string
  readonly #room: PrefixRoom
  #writing: string | undefined

  constructor(options: PrefixFolderOptions) {
    this.#options = options
    this.#folder = path.join(options.root, options.key.folderName)
    this.#room = new PrefixRoom(options)
  }

  list(): PrefixEntry[] {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const found = readdirSync(this.#folder).flatMap((name) => this.#listed(name))
    found.sort((a, b) => a.modifiedMs - b.modifiedMs)
    for (const { entry } of found.splice(0, Math.max(found.length - MAX_FILES, 0))) rmSync(this.#at(entry.name), { force: true })
    return found.map(({ entry }) => entry)
  }

  async write({ tokens, leastLength, state }: SavedState): Promise<{ removed: string[] } | undefined> {
    const name = nameOf(tokens)
    const fileBytes = HEAD_BYTES + tokens.byteLength + state.byteLength
    // Beside the new one it would count twice.
    await this.remove(name)
    const temporary = this.#at(`tmp-${randomBytes(8).toString('hex')}`)
    this.#writing = temporary
    let reserved: ReservedFile | undefined
    try {
      reserved = await this.#room.reserve(temporary, fileBytes)
      if (!reserved) return undefined
      const { file, removed } = reserved
      await writeAll(file.descriptor, { key: this.#options.key.bytes, tokens, leastLength, stateBytes: state.byteLength }, state)
      if (!(await this.#room.rename(file, temporary, this.#at(name)))) return undefined
      return { removed: removed.filter((each) => path.dirname(each) === this.#folder).map((each) => path.basename(each)) }
    } finally {
      reserved?.file.close()
      await rm(temporary, { force: true })
      this.#writing = undefined
    }
  }

  async read(entry: PrefixEntry, allocate: Allocate): Promise<Uint8Array | undefined> {
    const file = this.#at(entry.name)
    const handle = await unlessMissing(open(file, 'r'))
    if (!handle) return undefined
    let state: Uint8Array | undefined
    try {
      state = await this.#readState(handle, entry, allocate)
    } finally {
      await handle.close()
    }
    if (!state) await rm(file, { force: true })
    else {
      const now = new Date(this.#options.clock.nowMs())
      await unlessMissing(utimes(file, now, now))
    }
    return state
  }

  async remove(name: string): Promise<void> {
    await rm(this.#at(name), { force: true })
  }

  abandon(): void {
    if (this.#writing !== undefined) rmSync(this.#writing, { force: true })
  }

  #listed(name: string): { entry: PrefixEntry; modifiedMs: number }[] {
    if (!STATE_NAME.test(name)) return []
    const file = this.#at(name)
    const stats = statSync(file, { throwIfNoEntry: false })
    const head = stats && unlessMissingNow(() => readHeadOf(file, this.#options.key.bytes))
    if (head) {
      const { tokens, leastLength } = head
      return [{ entry: { name, tokens, leastLength, sizeBytes: head.stateBytes }, modifiedMs: stats.mtimeMs }]
    }
    rmSync(file, { force: true })
    return []
  }

  async #readState(handle: FileHandle, entry: PrefixEntry, allocate: Allocate): Promise<Uint8Array | undefined> {
    const { size } = await handle.stat()
    const start = HEAD_BYTES + entry.tokens.byteLength
    if (size !== start + entry.sizeBytes) return undefined
    const first = Buffer.allocUnsafe(start)
    if (!(await fill(handle, first, 0))) return undefined
    const head = decodeHead(first, { key: this.#options.key.bytes, fileBytes: size })
    if (!head?.tokens.every((token, index) => token === entry.tokens[index])) return undefined
    const state = allocate(head.stateBytes)
    if (!state) return undefined
    let checksum = 0
    for (let at = 0; at < state.byteLength; at += PIECE_BYTES) {
      const piece = state.subarray(at, at + PIECE_BYTES)
      if (!(await fill(handle, piece, start + at))) return undefined
      checksum = crc32(piece, checksum)
    }
    return checksum === head.stateChecksum ? state : undefined
  }

  #at(name: string): string {
    return path.join(this.#folder, name)
  }
}

function readHeadOf(file: string, key: Uint8Array): PrefixHead | undefined {
  const handle = openSync(file, 'r')
  try {
    const first = Buffer.alloc(HEAD_BYTES)
    if (readSync(handle, first, 0, HEAD_BYTES, 0) !== HEAD_BYTES) return undefined
    const size = readHeadSize(first)
    const fileBytes = fstatSync(handle).size
    if (size === undefined || size > fileBytes) return undefined
    const whole = Buffer.alloc(size)
    return readSync(handle, whole, 0, size, 0) === size ? decodeHead(whole, { key, fileBytes }) : undefined
  } finally {
    closeSync(handle)
  }
}

/** The head comes last. */
async function writeAll(descriptor: number, head: Omit<PrefixHead, 'stateChecksum'>, state: Uint8Array): Promise<void> {
  const start = encodeHead({ ...head, stateChecksum: 0 }).length
  let stateChecksum = 0
  for (let at = 0; at < state.byteLength; at += PIECE_BYTES) {
    const piece = state.subarray(at, at + PIECE_BYTES)
    stateChecksum = crc32(piece, stateChecksum)
    await writePiece(descriptor, piece, start + at)
  }
  await writePiece(descriptor, encodeHead({ ...head, stateChecksum }), 0)
}

async function writePiece(descriptor: number, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0
  while (written < bytes.byteLength) {
    written += (await writeAt(descriptor, bytes, written, bytes.byteLength - written, position + written)).bytesWritten
  }
}

/** False where the file ends before. */
async function fill(handle: FileHandle, bytes: Uint8Array, position: number): Promise<boolean> {
  let done = 0
  while (done < bytes.byteLength) {
    const { bytesRead } = await handle.read(bytes, done, bytes.byteLength - done, position + done)
    if (bytesRead === 0) return false
    done += bytesRead
  }
  return true
}
