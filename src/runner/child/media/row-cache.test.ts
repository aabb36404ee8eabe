import { describe, expect, it, vi } from 'vitest'
import { cancelled } from '../../../base/errors.ts'
import { MAX_ROW_BYTES, RowCache } from './row-cache.ts'

const rows = (bytes = 8) => new Float32Array(bytes / 4)

describe('RowCache', () => {
  it('makes rows once', async () => {
    const cache = new RowCache()
    const make = vi.fn(async () => rows())
    expect(await cache.get('a', make)).toBe(await cache.get('a', make))
    expect(make).toHaveBeenCalledTimes(1)
  })

  it('makes them once for all who ask at the same time', async () => {
    const cache = new RowCache()
    const make = vi.fn(async () => rows())
    const [one, other] = await Promise.all([cache.get('a', make), cache.get('a', make)])
    expect(one).toBe(other)
    expect(make).toHaveBeenCalledTimes(1)
  })

  it('drops what was not asked for longest when it is full', async () => {
    const cache = new RowCache()
    const make = vi.fn(async () => rows(MAX_ROW_BYTES / 2))
    await cache.get('a', make)
    await cache.get('b', make)
    await cache.get('a', make)
    await cache.get('c', make)
    expect(make).toHaveBeenCalledTimes(3)
    await cache.get('a', make)
    expect(make).toHaveBeenCalledTimes(3)
    await cache.get('b', make)
    expect(make).toHaveBeenCalledTimes(4)
  })

  it('does not keep what is larger than all its room', async () => {
    const cache = new RowCache()
    const make = vi.fn(async () => rows(MAX_ROW_BYTES + 4))
    await cache.get('a', make)
    await cache.get('a', make)
    expect(make).toHaveBeenCalledTimes(2)
  })

  it('does not keep a failure', async () => {
    const cache = new RowCache()
    await expect(cache.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await cache.get('a', async () => rows())).toHaveLength(2)
  })

  it('goes on for those who still wait, and stops when all have left', async () => {
    const cache = new RowCache()
    const signals: AbortSignal[] = []
    const make = (signal?: AbortSignal) => {
      if (signal) signals.push(signal)
      return new Promise<Float32Array>((_, reject) => signal?.addEventListener('abort', () => reject(cancelled())))
    }
    const [first, second] = [new AbortController(), new AbortController()]
    const answers = [cache.get('a', make, first.signal), cache.get('a', make, second.signal)].map((answer) =>
      answer.catch((error) => error.code),
    )
    first.abort()
    expect(await answers[0]).toBe('cancelled')
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
    second.abort()
    expect(await answers[1]).toBe('cancelled')
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })

  it('begins anew for one who comes after all have left', async () => {
    const cache = new RowCache()
    const abort = new AbortController()
    const left = cache.get('a', () => new Promise(() => {}), abort.signal).catch((error) => error.code)
    abort.abort()
    expect(await left).toBe('cancelled')
    expect(await cache.get('a', async () => rows())).toHaveLength(2)
  })
})
