// States of sequences that lost their slot, or whose process ended: the latest in memory, all of them in files. What is kept is in memory at
// once and becomes a file behind the back of the requests; what is only in a file is read while its request waits. Reading and writing
// happen one at a time each. A file system that refuses ends the writing, never a request.

import { toAppError } from '../../base/errors.ts'
import { nameOf, type PrefixFiles, type SavedState } from './prefix-folder.ts'
import { type PrefixEntry, PrefixIndex } from './prefix-index.ts'
import type { SequenceLayout } from './sequence-layout.ts'
import { StateBuffers } from './state-buffers.ts'

export interface PrefixCacheOptions {
  files: PrefixFiles
  /** States that also stay in memory when they are in files. */
  memoryBytes: number
  /** States that are not in files yet; beyond that nothing is kept. */
  pendingBytes: number
  /** A state that was asked for can be had, or is known to be none. */
  onFetched: () => void
  /** For people. */
  report: (text: string) => void
}

interface Entry extends PrefixEntry {
  state: Uint8Array | undefined
  /** Whether there is a file. */
  saved: boolean
}

export interface FoundPrefix {
  /** What the state holds. */
  readonly tokens: Int32Array
  /** How many of them the prompt begins with. */
  readonly length: number
  readonly sizeBytes: number
  /** Undefined while it is only in a file: `fetch` it. */
  readonly state: Uint8Array | undefined
  readonly name: string
}

export class PrefixCache {
  /** Where the states lie that are to be kept. */
  readonly buffers: StateBuffers
  readonly #options: PrefixCacheOptions
  readonly #index = new PrefixIndex<Entry>()
  /** The last one that was read from a file, until it is taken or the next is read. */
  #fetched: { name: string; state: Uint8Array } | undefined
  #fetching: string | undefined
  readonly #toWrite: Entry[] = []
  #writing: Promise<void> | undefined
  #broken = false
  #closing = false

  constructor(options: PrefixCacheOptions) {
    this.#options = options
    this.buffers = new StateBuffers(options.memoryBytes)
    for (const entry of options.files.list()) this.#index.add({ ...entry, state: undefined, saved: true })
  }

  find(prompt: readonly number[], limits: { contextTokens: number; layout?: SequenceLayout }): FoundPrefix | undefined {
    const best = this.#index.best(prompt, limits)
    if (!best) return undefined
    const { name, tokens, sizeBytes } = best.entry
    return { name, tokens, sizeBytes, length: best.length, state: this.#stateOf(best.entry) }
  }

  /** Calls `onFetched` later. */
  fetch(name: string): void {
    const entry = this.#index.get(name)
    if (this.#fetching !== undefined || !entry) return
    this.#fetching = name
    void this.#read(entry).finally(() => {
      this.#fetching = undefined
      this.#options.onFetched()
    })
  }

  /** The state is in a slot now: it needs no place in memory beside that. */
  take(name: string): void {
    if (this.#fetched?.name === name) this.buffers.give(this.#fetched.state)
    if (this.#fetched?.name === name) this.#fetched = undefined
    const entry = this.#index.get(name)
    if (!entry) return
    this.#release(entry)
    this.#index.add(entry)
  }

  /** It turned out to be of no use. */
  drop(name: string): void {
    this.#forget(name)
    void this.#options.files.remove(name).catch((error: unknown) => this.#fail(error))
  }

  covers(tokens: readonly number[], missing: number): boolean {
    return this.#index.covers(tokens, missing)
  }

  /** Whether there is room in memory for one of that size. */
  hasRoom(sizeBytes: number): boolean {
    const pendingBytes = this.#toWrite.reduce((sum, entry) => sum + entry.sizeBytes, 0)
    return !this.#broken && pendingBytes + sizeBytes <= this.#options.pendingBytes
  }

  keep(saved: SavedState): void {
    const name = nameOf(saved.tokens)
    const entry: Entry = { ...saved, name, sizeBytes: saved.state.byteLength, saved: false }
    this.#index.add(entry)
    this.#toWrite.push(entry)
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
    this.#trimMemory()
  }

  /** Resolves when everything is in files that can be. */
  async written(): Promise<void> {
    await this.#writing
  }

  /** Resolves when everything is in files, or at that signal; half a file goes. */
  async close(late: Promise<void>): Promise<void> {
    this.#closing = true
    await Promise.race([this.#writing, late])
    this.#options.files.abandon()
  }

  #stateOf(entry: Entry): Uint8Array | undefined {
    return entry.state ?? (this.#fetched?.name === entry.name ? this.#fetched.state : undefined)
  }

  async #read(entry: Entry): Promise<void> {
    let state: Uint8Array | undefined
    try {
      state = await this.#options.files.read(entry, (sizeBytes) => this.buffers.take(sizeBytes))
    } catch (error) {
      this.#fail(error)
    }
    if (state) this.#fetched = { name: entry.name, state }
    else this.#forget(entry.name)
  }

  async #writeAll(): Promise<void> {
    while (this.#toWrite[0]) {
      const entry = this.#toWrite[0]
      // A longer one of the same talk may have taken its place before it had a file.
      if (entry.state && this.#index.get(entry.name) === entry) await this.#write(entry, entry.state)
      this.#toWrite.shift()
      this.#trimMemory()
      if (!this.#closing) await this.buffers.prepare(entry.sizeBytes)
    }
  }

  async #write(entry: Entry, state: Uint8Array): Promise<void> {
    try {
      const { tokens, leastLength } = entry
      const done = await this.#options.files.write({ tokens, leastLength, state })
      if (!done) return this.#forget(entry.name)
      entry.saved = true
      for (const name of done.removed) this.#forget(name)
      for (const old of this.#index.replacedBy(entry)) {
        this.#forget(old.name)
        await this.#options.files.remove(old.name)
      }
    } catch (error) {
      this.#forget(entry.name)
      this.#fail(error)
    }
  }

  /** Files stay; what has none waits for its own. */
  #trimMemory(): void {
    const inMemory = this.#index.all().filter((entry) => entry.state && entry.saved)
    let sizeBytes = inMemory.reduce((sum, entry) => sum + entry.sizeBytes, 0)
    for (const entry of inMemory) {
      if (sizeBytes <= this.#options.memoryBytes) return
      this.#release(entry)
      sizeBytes -= entry.sizeBytes
    }
  }

  /** Its file is enough. */
  #release(entry: Entry): void {
    if (!entry.saved || !entry.state) return
    this.buffers.give(entry.state)
    entry.state = undefined
  }

  #forget(name: string): void {
    this.#index.remove(name)
    if (this.#fetched?.name === name) this.#fetched = undefined
  }

  #fail(error: unknown): void {
    if (!this.#broken) this.#options.report(`the prefix cache writes no more: ${toAppError(error).message}`)
    this.#broken = true
  }
}
