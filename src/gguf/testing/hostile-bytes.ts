// Bytes of GGUF files that no writer would write: any version, either byte order, lengths that lie.

export class HostileBytes {
  readonly #parts: Uint8Array[] = []
  readonly #littleEndian: boolean
  readonly #version: number

  constructor({ version = 3, littleEndian = true, tensors = 0, keys = 0 }: HostileOptions = {}) {
    this.#littleEndian = littleEndian
    this.#version = version
    this.raw('GGUF').u32(version).length(tensors).length(keys)
  }

  raw(bytes: string | Uint8Array): this {
    this.#parts.push(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes)
    return this
  }

  u8(value: number): this {
    return this.raw(Uint8Array.of(value))
  }

  u32(value: number): this {
    const view = new DataView(new ArrayBuffer(4))
    view.setUint32(0, value, this.#littleEndian)
    return this.raw(new Uint8Array(view.buffer))
  }

  u64(value: number | bigint): this {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigUint64(0, BigInt(value), this.#littleEndian)
    return this.raw(new Uint8Array(view.buffer))
  }

  /** A count or a length, as wide as the version has them. */
  length(value: number | bigint): this {
    return this.#version === 1 ? this.u32(Number(value)) : this.u64(value)
  }

  text(value: string): this {
    return this.length(new TextEncoder().encode(value).byteLength).raw(value)
  }

  key(name: string, type: number): this {
    return this.text(name).u32(type)
  }

  tensor(
    name: string,
    { shape, type = 0, offset = 0 }: { shape: readonly (number | bigint)[]; type?: number; offset?: number | bigint },
  ): this {
    this.text(name).u32(shape.length)
    for (const dimension of shape) this.length(dimension)
    return this.u32(type).u64(offset)
  }

  /** Zeros up to the next multiple of 32, and `dataBytes` more. */
  data(dataBytes: number): this {
    const size = this.bytes().byteLength
    return this.raw(new Uint8Array(((32 - (size % 32)) % 32) + dataBytes))
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts))
  }
}

export interface HostileOptions {
  version?: number
  littleEndian?: boolean
  tensors?: number | bigint
  keys?: number | bigint
}

/** Codes of the value types in the file. */
export const TYPE = { uint8: 0, int8: 1, uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9, uint64: 10, int64: 11 } as const
