import { describe, expect, it } from 'vitest'
import { AppError } from '../base/errors.ts'
import { createManualClock } from '../base/testing/manual-clock.ts'
import type { BlobReader } from './blob-reader.ts'
import { downloadMissing, MAX_FAILURES, STALL_LIMIT_MS } from './download.ts'
import { WEIGHTS } from './testing/fixtures.ts'
import { createImpatientClock } from './testing/impatient-clock.ts'
import { digestOf, MemoryPartial } from './testing/memory-store.ts'

const SIZE = WEIGHTS.length

function openPartial() {
  const blobs = new Map()
  const partial = new MemoryPartial(digestOf(WEIGHTS), SIZE, blobs)
  partial.open = true
  return { partial, blobs }
}

async function* chunks(start: number, end: number, size = 100): AsyncGenerator<Uint8Array> {
  for (let from = start; from < end; from += size) yield WEIGHTS.subarray(from, Math.min(from + size, end))
}

async function* slowly(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const bytes of body) {
    await turn()
    yield bytes
  }
}

async function* thenFail(body: AsyncIterable<Uint8Array>, error: unknown): AsyncGenerator<Uint8Array> {
  yield* body
  throw error
}

const unreachable = () => new AppError('registry_unreachable', 'connection reset by peer')

interface RunOptions {
  partial: MemoryPartial
  signal?: AbortSignal
  clock?: ReturnType<typeof createImpatientClock>
  partBytes?: number
  maxStreams?: number
  limitBytesPerSecond?: number
}

function run(
  reader: BlobReader,
  { partial, signal = new AbortController().signal, clock = createImpatientClock(), partBytes = 1000, ...limits }: RunOptions,
) {
  let received = 0
  const done = downloadMissing(partial, reader, {
    ...limits,
    clock,
    signal,
    partBytes,
    onBytes: (count) => {
      received += count
    },
  })
  return { done, received: () => received, clock }
}

describe('a download', () => {
  it('takes the parts in parallel once the first answer shows that the server knows ranges', async () => {
    const { partial, blobs } = openPartial()
    const asked: number[] = []
    let [open, most] = [0, 0]
    const reader: BlobReader = {
      async open(start, end) {
        asked.push(start)
        most = Math.max(most, ++open)
        await new Promise((resolve) => setImmediate(resolve))
        return { start, end, body: chunks(start, end) }
      },
    }
    const transfer = run(reader, { partial })
    expect(asked).toEqual([0])
    await transfer.done
    expect([...asked].sort()).toEqual([0, 1000, 2000, 3000, 4000])
    expect(most).toBeGreaterThan(1)
    expect(transfer.received()).toBe(SIZE)
    await partial.commit()
    expect(blobs.get(digestOf(WEIGHTS))).toEqual(new Uint8Array(WEIGHTS))
  })

  it('asks only for what is missing', async () => {
    const { partial } = openPartial()
    await partial.write(0, WEIGHTS.subarray(0, 4500))
    const asked: [number, number][] = []
    const reader: BlobReader = {
      async open(start, end) {
        asked.push([start, end])
        return { start, end, body: chunks(start, end) }
      },
    }
    await run(reader, { partial }).done
    expect(asked).toEqual([[4500, SIZE]])
  })

  it('asks nothing when all is there', async () => {
    const { partial } = openPartial()
    await partial.write(0, WEIGHTS)
    await run({ open: () => Promise.reject(new Error('asked')) }, { partial }).done
  })

  it('keeps what arrived before an error and goes on from there', async () => {
    const { partial } = openPartial()
    const asked: number[] = []
    const reader: BlobReader = {
      async open(start, end) {
        asked.push(start)
        const body = asked.length < 4 ? thenFail(chunks(start, start + 300), unreachable()) : chunks(start, end)
        return { start, end, body }
      },
    }
    await run(reader, { partial, partBytes: SIZE }).done
    expect(asked).toEqual([0, 300, 600, 900])
    expect(partial.missing()).toEqual([])
  })

  it('starts its budget of tries anew with every progress', async () => {
    const { partial } = openPartial()
    let tries = 0
    const reader: BlobReader = {
      async open(start, end) {
        tries++
        return { start, end, body: thenFail(chunks(start, Math.min(start + 100, end)), unreachable()) }
      },
    }
    await run(reader, { partial, partBytes: SIZE }).done
    expect(tries).toBe(50)
  })

  it('gives up after six failures in a row, later each time, and says why', async () => {
    const { partial } = openPartial()
    const { done, clock } = run({ open: () => Promise.reject(unreachable()) }, { partial })
    await expect(done).rejects.toMatchObject({ code: 'registry_unreachable', message: 'max retries exceeded: connection reset by peer' })
    expect(clock.waited).toEqual([1000, 2000, 4000, 8000, 16000])
    expect(clock.waited).toHaveLength(MAX_FAILURES - 1)
  })

  it('does not give a part up while other connections make progress', async () => {
    const { partial } = openPartial()
    let tries = 0
    const reader: BlobReader = {
      async open(start, end) {
        if (start === 1000 && ++tries <= 3 * MAX_FAILURES) throw unreachable()
        return { start, end, body: slowly(chunks(start, end, 5)) }
      },
    }
    await run(reader, { partial }).done
    expect(partial.missing()).toEqual([])
    expect(tries).toBeGreaterThan(3 * MAX_FAILURES)
  })

  it('opens no more connections than it may, and fewer for a small rate', async () => {
    for (const [limits, allowed] of [
      [{ maxStreams: 3 }, 3],
      [{ maxStreams: 0 }, 1],
      [{ limitBytesPerSecond: 512 * 1024 }, 2],
      [{ limitBytesPerSecond: 100 * 1024 }, 1],
    ] as const) {
      const { partial } = openPartial()
      let [open, most] = [0, 0]
      const reader: BlobReader = {
        async open(start, end) {
          most = Math.max(most, ++open)
          const body = (async function* () {
            yield* slowly(chunks(start, end))
            open--
          })()
          return { start, end, body }
        },
      }
      await run(reader, { partial, partBytes: 100, ...limits }).done
      expect(most).toBe(allowed)
    }
  })

  it('lets a connection without work take over what a slow one would need long for', async () => {
    const { partial } = openPartial()
    const clock = createImpatientClock()
    let opened = 0
    const reader: BlobReader = {
      async open(start, end, signal) {
        // The second connection never gets a byte; only after it is made anew, it does.
        if (++opened !== 2) return { start, end, body: slowly(chunks(start, end)) }
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(unreachable())))
      },
    }
    await run(reader, { partial, clock }).done
    expect(partial.missing()).toEqual([])
    expect(opened).toBe(6)
    // No failure was counted, no pause made: only the looks of idle connections.
    expect(new Set(clock.waited)).toEqual(new Set([500]))
  })

  it('does not try again where that is no use', async () => {
    const { partial } = openPartial()
    const { done, clock } = run({ open: () => Promise.reject(new AppError('registry_not_found', '404')) }, { partial })
    await expect(done).rejects.toMatchObject({ code: 'registry_not_found' })
    expect(clock.waited).toEqual([])
  })

  it('stops the other parts when one fails for good', async () => {
    const { partial } = openPartial()
    const reader: BlobReader = {
      open(start, end, signal) {
        if (start === 2000) return Promise.reject(new AppError('disk_full', 'full'))
        if (start === 0) return Promise.resolve({ start, end, body: chunks(start, end) })
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new AppError('cancelled', 'stopped'))))
      },
    }
    await expect(run(reader, { partial }).done).rejects.toMatchObject({ code: 'disk_full' })
  })

  it('treats a short body as a failure, not as the end', async () => {
    const { partial } = openPartial()
    let short = true
    const reader: BlobReader = {
      async open(start, end) {
        const body = chunks(start, short ? end - 10 : end)
        short = false
        return { start, end, body }
      },
    }
    await run(reader, { partial, partBytes: SIZE }).done
    expect(partial.missing()).toEqual([])
  })

  it('leaves what a body has beyond its range', async () => {
    const { partial } = openPartial()
    const reader: BlobReader = { open: async (start, end) => ({ start, end, body: chunks(start, Math.min(end + 900, SIZE), 77) }) }
    const transfer = run(reader, { partial })
    await transfer.done
    expect(transfer.received()).toBe(SIZE)
    expect(transfer.clock.waited).toEqual([])
  })

  it('accepts a shorter range and asks for the rest', async () => {
    const { partial } = openPartial()
    const reader: BlobReader = {
      async open(start, end) {
        const stop = Math.min(start + 700, end)
        return { start, end: stop, body: chunks(start, stop) }
      },
    }
    await run(reader, { partial }).done
    expect(partial.missing()).toEqual([])
  })

  it('takes everything from one stream of a server without ranges, also when it resumes', async () => {
    const { partial } = openPartial()
    await partial.write(1000, WEIGHTS.subarray(1000, 2500))
    let opened = 0
    const reader: BlobReader = {
      async open() {
        opened++
        const body = opened === 1 ? thenFail(chunks(0, 3300, 333), unreachable()) : chunks(0, SIZE, 333)
        return { start: 0, end: SIZE, body }
      },
    }
    const transfer = run(reader, { partial })
    await transfer.done
    expect(partial.missing()).toEqual([])
    expect(transfer.received()).toBe(SIZE - 1500)
    expect(opened).toBe(2)
  })

  it.each(['before the answer', 'within the body'])(
    'gives up a connection that is silent %s for 30 seconds, and tries again',
    async (when) => {
      const { partial } = openPartial()
      const clock = createManualClock()
      let opened = 0
      let aborted = false
      const never = new Promise<never>(() => {})
      const reader: BlobReader = {
        async open(start, end, signal) {
          if (++opened > 1) return { start, end, body: chunks(start, end) }
          signal.addEventListener('abort', () => {
            aborted = true
          })
          if (when === 'before the answer') return never
          const body = (async function* () {
            yield WEIGHTS.subarray(0, 100)
            await never
          })()
          return { start, end, body }
        },
      }
      let finished = false
      const done = downloadMissing(partial, reader, {
        clock,
        signal: new AbortController().signal,
        onBytes: () => {},
        partBytes: SIZE,
      }).then(() => {
        finished = true
      })
      await turn()
      clock.advance(STALL_LIMIT_MS - 1)
      await turn()
      expect(aborted).toBe(false)
      clock.advance(1)
      await turn()
      expect(aborted).toBe(true)
      clock.advance(1000)
      await turn()
      expect(finished).toBe(true)
      await done
      expect(partial.missing()).toEqual([])
    },
  )

  it('ends at once when it is cancelled, also while it waits for the next try', async () => {
    const { partial } = openPartial()
    const stop = new AbortController()
    const clock = createManualClock()
    const reader: BlobReader = { open: () => Promise.reject(unreachable()) }
    const done = downloadMissing(partial, reader, { clock, signal: stop.signal, onBytes: () => {} })
    await turn()
    stop.abort()
    await expect(done).rejects.toMatchObject({ code: 'cancelled' })
  })
})

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
