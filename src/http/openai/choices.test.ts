import { describe, expect, it } from 'vitest'
import { AppError } from '../../base/errors.ts'
import { MAX_PARALLEL_CHOICES, runChoices } from './choices.ts'

const never = new AbortController().signal

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

async function* say(...words: string[]): AsyncGenerator<string> {
  for (const word of words) yield word
}

describe('several replies to one request', () => {
  it('come as they are made, each in its own order', async () => {
    const events = await collect(runChoices(3, (index) => say(`${index}a`, `${index}b`), never))
    for (const index of [0, 1, 2]) {
      expect(events.filter((choice) => choice.index === index).map(({ event }) => event)).toEqual([`${index}a`, `${index}b`])
    }
    expect(events).toHaveLength(6)
  })

  it('are made a bounded number at a time', async () => {
    let running = 0
    let most = 0
    const work = async function* (): AsyncGenerator<number> {
      most = Math.max(most, ++running)
      yield 1
      running--
    }
    expect(await collect(runChoices(MAX_PARALLEL_CHOICES * 3, work, never))).toHaveLength(MAX_PARALLEL_CHOICES * 3)
    expect(most).toBe(MAX_PARALLEL_CHOICES)
  })

  it('all end when one fails', async () => {
    const signals: AbortSignal[] = []
    const work = async function* (index: number, signal: AbortSignal): AsyncGenerator<number> {
      signals.push(signal)
      yield index
      if (index === 1) throw new AppError('runner_crashed', 'it died')
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    }
    await expect(collect(runChoices(3, work, never))).rejects.toMatchObject({ code: 'runner_crashed' })
    expect(signals.map((signal) => signal.aborted)).toEqual([true, true, true])
  })

  it('all end when nobody reads on', async () => {
    const ended: number[] = []
    const work = async function* (index: number, signal: AbortSignal): AsyncGenerator<number> {
      try {
        yield index
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
      } finally {
        ended.push(index)
      }
    }
    for await (const _ of runChoices(2, work, never)) break
    expect(ended.toSorted()).toEqual([0, 1])
  })

  it('end with their signal', async () => {
    const stop = new AbortController()
    const work = async function* (index: number, signal: AbortSignal): AsyncGenerator<number> {
      yield index
      stop.abort(new AppError('cancelled', 'request canceled'))
      signal.throwIfAborted()
    }
    await expect(collect(runChoices(2, work, stop.signal))).rejects.toMatchObject({ code: 'cancelled' })
  })
})
