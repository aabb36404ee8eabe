// Bytes of a file that may be hostile, read in windows. ByteCursor never allocates what the source has not got: a length is compared with
// what is left before anything is reserved for it. Skipping costs no reading.

import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { AppError, type AppErrorOptions } from '../base/errors.ts'

export interface ByteSource {
  readonly sizeBytes: number
  /** Exactly `length` bytes from `position`; the caller has compared the range with `sizeBytes`. */
  read(position: number, length: number): Promise<Uint8Array>
}

export const WINDOW_BYTES = 256 * 1024

export function createBytesSource(bytes: Uint8Array): ByteSource {
  return { sizeBytes: bytes.byteLength, read: async (position, length) => bytes.subarray(position, position + length) }
}

/** Opens a regular file for the time of `use`. Pipes, devices and folders are refused without waiting for them. */
export async function withFileSource<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  let handle: FileHandle
  try {
    // O_NONBLOCK: opening a pipe without a writer would wait for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw invalidGguf('the model file cannot be opened', { cause })
  }
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw invalidGguf('the model file is not a regular file')
    return await use({ sizeBytes: stats.size, read: (position, length) => readExactly(handle, position, length) })
  } finally {
    await handle.close()
  }
}

async function readExactly(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled)
    if (bytesRead === 0) throw invalidGguf(`the file became shorter while it was read: it ends at byte ${position + filled}`)
    filled += bytesRead
  }
  return bytes
}

/** `fill(n)` makes n bytes ready; the readers after it are synchronous, so that a vocabulary costs no promise per token. */
export class ByteCursor {
  readonly #source: ByteSource
  readonly #limitBytes: number
  #window: DataView = new DataView(new ArrayBuffer(0))
  #windowStart = 0
  position = 0
  littleEndian = true

  /** Nothing beyond `limitBytes` is read. */
  constructor(source: ByteSource, limitBytes: number) {
    this.#source = source
    this.#limitBytes = Math.min(limitBytes, source.sizeBytes)
  }

  get leftBytes(): number {
    return this.#limitBytes - this.position
  }

  isReady(length: number): boolean {
    const start = this.position - this.#windowStart
    return start >= 0 && start + length <= this.#window.byteLength
  }

  async fill(length: number): Promise<void> {
    this.require(length)
    if (this.isReady(length)) return
    const bytes = await this.#source.read(this.position, Math.min(Math.max(length, WINDOW_BYTES), this.leftBytes))
    this.#window = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#windowStart = this.position
  }

  skip(length: number): void {
    this.require(length)
    this.position += length
  }

  require(length: number): void {
    if (length <= this.leftBytes) return
    if (this.#limitBytes < this.#source.sizeBytes) {
      throw invalidGguf(`the head goes on at byte ${this.position} for ${length} bytes, more than the limit of ${this.#limitBytes} bytes`)
    }
    throw invalidGguf(`the file ends too early: ${length} bytes wanted at byte ${this.position} of ${this.#limitBytes}`)
  }

  bytes(length: number): Uint8Array {
    const start = this.#advance(length)
    return new Uint8Array(this.#window.buffer, this.#window.byteOffset + start, length)
  }

  uint8(): number {
    return this.#window.getUint8(this.#advance(1))
  }

  int8(): number {
    return this.#window.getInt8(this.#advance(1))
  }

  uint16(): number {
    return this.#window.getUint16(this.#advance(2), this.littleEndian)
  }

  int16(): number {
    return this.#window.getInt16(this.#advance(2), this.littleEndian)
  }

  uint32(): number {
    return this.#window.getUint32(this.#advance(4), this.littleEndian)
  }

  int32(): number {
    return this.#window.getInt32(this.#advance(4), this.littleEndian)
  }

  float32(): number {
    return this.#window.getFloat32(this.#advance(4), this.littleEndian)
  }

  float64(): number {
    return this.#window.getFloat64(this.#advance(8), this.littleEndian)
  }

  uint64(): bigint {
    return this.#window.getBigUint64(this.#advance(8), this.littleEndian)
  }

  int64(): bigint {
    return this.#window.getBigInt64(this.#advance(8), this.littleEndian)
  }

  #advance(length: number): number {
    const start = this.position - this.#windowStart
    this.position += length
    return start
  }
}

export function invalidGguf(message: string, options?: AppErrorOptions): AppError {
  return new AppError('invalid_gguf', `invalid GGUF: ${message}`, options)
}
