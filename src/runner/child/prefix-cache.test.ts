import { describe, expect, it } from 'vitest'
import { PrefixCache, type PrefixCacheOptions } from './prefix-cache.ts'
import { nameOf, type PrefixFiles, type SavedState } from './prefix-folder.ts'
import type { PrefixEntry } from './prefix-index.ts'

/** Files in a map. Writes and reads end when the test lets them. */
class FakeFiles implements PrefixFiles {
  readonly files = new Map<string, SavedState>()
  readonly held: (() => void)[] = []
  hold = false
  failure: Error | undefined
  /** What the next write deletes; undefined = there is no room. */
  removed: string[] | undefined = []
  abandoned = false

  list(): PrefixEntry[] {
    return [...this.files].map(([name, { tokens, leastLength, state }]) => ({ name, tokens, leastLength, sizeBytes: state.byteLength }))
  }

  async write(saved: SavedState): Promise<{ removed: string[] } | undefined> {
    await this.#gate()
    if (!this.removed) return undefined
    for (const name of this.removed) this.files.delete(name)
    this.files.set(nameOf(saved.tokens), saved)
    return { removed: this.removed.splice(0) }
  }

  async read({ name }: PrefixEntry): Promise<Uint8Array | undefined> {
    await this.#gate()
    return this.files.get(name)?.state
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name)
  }

  abandon(): void {
    this.abandoned = true
  }

  async #gate(): Promise<void> {
    if (this.hold) await new Promise<void>((resolve) => this.held.push(resolve))
    if (this.failure) throw this.failure
  }
}

const count = (length: number, from = 0) => Array.from({ length }, (_, index) => from + index)
const roomy = { contextTokens: 1000 }
const never = new Promise<void>(() => {})

function savedOf(tokens: number[], stateBytes = tokens.length): SavedState {
  return { tokens: Int32Array.from(tokens), leastLength: 1, state: new Uint8Array(stateBytes).fill(tokens.length) }
}

function stage(options: Partial<PrefixCacheOptions> = {}, files = new FakeFiles()) {
  const reports: string[] = []
  let fetched = () => {}
  const cache = new PrefixCache({
    files,
    memoryBytes: 1000,
    pendingBytes: 1000,
    onFetched: () => fetched(),
    report: (text) => reports.push(text),
    ...options,
  })
  const fetch = (name: string) =>
    new Promise<void>((resolve) => {
      fetched = resolve
      cache.fetch(name)
    })
  return { cache, files, reports, fetch, written: () => cache.close(never) }
}

describe('PrefixCache', () => {
  it('has at once what was kept, and writes it behind', async () => {
    const { cache, files, written } = stage()
    files.hold = true
    cache.keep(savedOf(count(50)))
    expect(cache.find(count(60), roomy)).toMatchObject({ length: 50, sizeBytes: 50, state: savedOf(count(50)).state })
    expect(cache.covers(count(50), 0)).toBe(true)
    expect(files.files.size).toBe(0)
    files.hold = false
    files.held[0]?.()
    await written()
    expect(files.files.size).toBe(1)
  })

  it('reads what another process has written when it is asked for', async () => {
    const before = stage()
    before.cache.keep(savedOf(count(50)))
    await before.written()
    const { cache, fetch } = stage({}, before.files)
    const found = cache.find(count(60), roomy)
    expect(found).toMatchObject({ length: 50, state: undefined })
    await fetch(found?.name ?? '')
    expect(cache.find(count(60), roomy)?.state).toEqual(savedOf(count(50)).state)
    cache.take(found?.name ?? '')
    expect(cache.find(count(60), roomy)).toMatchObject({ length: 50, state: undefined })
  })

  it('forgets what cannot be read, and says that it has the answer', async () => {
    const before = stage()
    before.cache.keep(savedOf(count(50)))
    await before.written()
    const { cache, fetch } = stage({}, before.files)
    before.files.files.clear()
    await fetch(nameOf(Int32Array.from(count(50))))
    expect(cache.find(count(60), roomy)).toBeUndefined()
  })

  it('replaces the shorter states of a talk by the longer one, files too', async () => {
    const { cache, files, written } = stage()
    for (const length of [20, 30, 60]) cache.keep(savedOf(count(length)))
    cache.keep(savedOf(count(40, 7)))
    await written()
    expect([...files.files.values()].map(({ tokens }) => tokens.length)).toEqual([60, 40])
    expect(cache.find(count(25), roomy)?.length).toBe(24)
  })

  it('keeps in memory what was used last, and the rest in files only', async () => {
    const { cache, files, written } = stage({ memoryBytes: 100 })
    for (const from of [1000, 2000, 3000]) cache.keep(savedOf(count(50, from)))
    await written()
    const inMemory = [1000, 2000, 3000].map((from) => cache.find(count(60, from), roomy)?.state !== undefined)
    expect(inMemory).toEqual([false, true, true])
    expect(files.files.size).toBe(3)
  })

  it('has room for what waits to be written up to its limit', async () => {
    const { cache, files, written } = stage({ pendingBytes: 100 })
    files.hold = true
    cache.keep(savedOf(count(50)))
    expect(cache.hasRoom(50)).toBe(true)
    expect(cache.hasRoom(51)).toBe(false)
    files.hold = false
    files.held[0]?.()
    await written()
    expect(cache.hasRoom(100)).toBe(true)
  })

  it('forgets what had to make room for another, and what finds no room', async () => {
    const { cache, files, written } = stage()
    cache.keep(savedOf(count(50)))
    await written()
    files.removed = [nameOf(Int32Array.from(count(50)))]
    cache.keep(savedOf(count(40, 1000)))
    await written()
    expect(cache.find(count(60), roomy)).toBeUndefined()
    files.removed = undefined
    cache.keep(savedOf(count(40, 2000)))
    await written()
    expect(cache.find(count(60, 2000), roomy)).toBeUndefined()
    expect(cache.find(count(60, 1000), roomy)?.length).toBe(40)
  })

  it('writes no more once the disk refuses, says so once, and goes on reading', async () => {
    const { cache, files, written, reports } = stage()
    cache.keep(savedOf(count(50)))
    await written()
    files.failure = new Error('the disk is full')
    cache.keep(savedOf(count(40, 1000)))
    cache.keep(savedOf(count(40, 2000)))
    await written()
    expect(reports).toEqual(['the prefix cache writes no more: the disk is full'])
    expect(cache.hasRoom(1)).toBe(false)
    expect(cache.find(count(60), roomy)?.length).toBe(50)
    expect(cache.find(count(60, 1000), roomy)).toBeUndefined()
  })

  it('drops a state that is of no use, with its file', async () => {
    const { cache, files, written } = stage()
    cache.keep(savedOf(count(50)))
    await written()
    cache.drop(nameOf(Int32Array.from(count(50))))
    expect(cache.find(count(60), roomy)).toBeUndefined()
    expect(files.files.size).toBe(0)
  })

  it('waits at its end for what is being written, but not for ever', async () => {
    const { cache, files } = stage()
    files.hold = true
    cache.keep(savedOf(count(50)))
    let isLate = () => {}
    const closing = cache.close(new Promise((resolve) => (isLate = resolve)))
    expect(files.abandoned).toBe(false)
    isLate()
    await closing
    expect(files.abandoned).toBe(true)
    expect(files.files.size).toBe(0)
  })
})
