// Memory for states. Most of the time that a copy takes goes into pages that were never touched (20 ms for 35 MB), so what is no longer needed
// is used again, and a spare one is made ready behind the back of the requests. There is one spare at most.

const MIB = 2 ** 20
/** Talks grow: a buffer has room for a longer state than the one that it is made for. */
const GROWTH = 1.25
/** A buffer that is so much larger than what it is wanted for stays for another. */
const MOST_WASTE = 3
const PAGE_BYTES = 4096
const TOUCHED_AT_ONCE_BYTES = 2 * MIB

export class StateBuffers {
  readonly #mostSpareBytes: number
  #spare: Uint8Array | undefined

  constructor(mostSpareBytes: number) {
    this.#mostSpareBytes = mostSpareBytes
  }

  /** What is in it is of no meaning. Undefined where there is no memory. */
  take(sizeBytes: number): Uint8Array | undefined {
    const spare = this.#spare
    if (spare && spare.byteLength >= sizeBytes && spare.byteLength <= capacityFor(sizeBytes) * MOST_WASTE) {
      this.#spare = undefined
      return spare.subarray(0, sizeBytes)
    }
    return allocate(capacityFor(sizeBytes))?.subarray(0, sizeBytes)
  }

  /** Nobody may look at it from then on. */
  give({ buffer }: Uint8Array): void {
    const whole = new Uint8Array(buffer)
    if (whole.byteLength <= this.#mostSpareBytes && whole.byteLength > (this.#spare?.byteLength ?? 0)) this.#spare = whole
  }

  /** Makes a spare one for states of that size, unless there is one. */
  async prepare(sizeBytes: number): Promise<void> {
    const capacity = capacityFor(sizeBytes)
    if ((this.#spare?.byteLength ?? 0) >= sizeBytes || capacity > this.#mostSpareBytes) return
    const buffer = allocate(capacity)
    for (let at = 0; buffer && at < buffer.byteLength; at += TOUCHED_AT_ONCE_BYTES) {
      const end = Math.min(at + TOUCHED_AT_ONCE_BYTES, buffer.byteLength)
      for (let page = at; page < end; page += PAGE_BYTES) buffer[page] = 1
      await new Promise(setImmediate)
    }
    if (buffer) this.give(buffer)
  }
}

function capacityFor(sizeBytes: number): number {
  return Math.ceil((sizeBytes * GROWTH) / MIB) * MIB
}

function allocate(sizeBytes: number): Uint8Array | undefined {
  try {
    return new Uint8Array(sizeBytes)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
