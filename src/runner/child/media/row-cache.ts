// Rows that a projector has made, kept until others take their room. A run that is being made is waited for by all who want it.

import { raceAbort } from '../../../base/abort.ts'

/** Some hundred images of a small model, some twenty of a large one. */
export const MAX_ROW_BYTES = 64 * 1024 * 1024

type Make = (signal?: AbortSignal) => Promise<Float32Array>

interface Making {
  rows: Promise<Float32Array>
  waiting: number
  abort: AbortController
}

export class RowCache {
  /** Oldest first. */
  readonly #kept = new Map<string, Float32Array>()
  readonly #making = new Map<string, Making>()
  #bytes = 0

  /** `make` is told to stop when all who waited for it have left. Throws what it throws, and `cancelled`. */
  async get(name: string, make: Make, signal?: AbortSignal): Promise<Float32Array> {
    const kept = this.#kept.get(name)
    if (kept) {
      this.#kept.delete(name)
      this.#kept.set(name, kept)
      return kept
    }
    const making = this.#making.get(name) ?? this.#begin(name, make)
    making.waiting++
    try {
      return await raceAbort(making.rows, signal)
    } finally {
      making.waiting--
      if (making.waiting === 0) this.#leave(name, making)
    }
  }

  #begin(name: string, make: Make): Making {
    const abort = new AbortController()
    const rows = make(abort.signal).then((made) => {
      this.#keep(name, made)
      return made
    })
    const making = { rows, waiting: 0, abort }
    this.#making.set(name, making)
    return making
  }

  #leave(name: string, making: Making): void {
    if (this.#making.get(name) === making) this.#making.delete(name)
    making.abort.abort()
  }

  #keep(name: string, rows: Float32Array): void {
    if (rows.byteLength > MAX_ROW_BYTES) return
    this.#kept.set(name, rows)
    this.#bytes += rows.byteLength
    for (const [oldest, { byteLength }] of this.#kept) {
      if (this.#bytes <= MAX_ROW_BYTES) return
      this.#kept.delete(oldest)
      this.#bytes -= byteLength
    }
  }
}
