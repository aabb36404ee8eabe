import { describe, expect, it } from 'vitest'
import { createManualClock } from '../base/testing/manual-clock.ts'
import { Lanes, MIN_SPLIT_BYTES } from './lanes.ts'

const MIB = 1024 * 1024
const { signal } = new AbortController()

function setUp() {
  const clock = createManualClock()
  const lanes = new Lanes(clock)
  const open = (bytes: number, start = 0) => {
    const lane = lanes.enter({ start, end: start + bytes })
    const seen = { lane, reopened: 0 }
    begin(seen)
    return seen
  }
  const begin = (seen: { lane: ReturnType<Lanes['enter']>; reopened: number }) => lanes.begin(seen.lane, () => void seen.reopened++)
  const take = (lane: ReturnType<Lanes['enter']>, bytes: number) => {
    lane.part.start += bytes
    lanes.took(lane, bytes)
  }
  return { clock, lanes, open, begin, take }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('a connection without work', () => {
  it('ends when nobody has any', async () => {
    expect(await setUp().lanes.help(signal)).toBeUndefined()
  })

  it('takes half of the longest part that would take long', async () => {
    const { clock, lanes, open, take } = setUp()
    const [long, short] = [open(21 * MIB), open(3 * MIB, 100 * MIB)]
    clock.advance(1000)
    take(long.lane, MIB)
    take(short.lane, MIB)
    expect(await lanes.help(signal)).toEqual({ start: 11 * MIB, end: 21 * MIB })
    expect(long.lane.part).toEqual({ start: MIB, end: 11 * MIB })
    expect(short.lane.part.end).toBe(103 * MIB)
  })

  it('leaves a part alone that is soon done, and ends with the last', async () => {
    const { clock, lanes, open, take } = setUp()
    const { lane } = open(3 * MIB)
    clock.advance(100)
    take(lane, MIB)
    const helping = lanes.help(signal)
    await turn()
    expect(lane.part.end).toBe(3 * MIB)
    lanes.leave(lane)
    expect(await helping).toBeUndefined()
    expect(clock.timerCount).toBe(0)
  })

  it('does not split what is too small, but has a silent request made anew, each time later', async () => {
    const { clock, lanes, open, begin } = setUp()
    const slow = open(MIN_SPLIT_BYTES - 1)
    const helping = lanes.help(signal)
    const seconds = async (count: number) => {
      for (let half = 0; half < count * 2; half++) {
        clock.advance(500)
        await turn()
      }
    }
    await seconds(2)
    expect(slow.reopened).toBe(0)
    await seconds(1)
    expect(slow.reopened).toBe(1)
    begin(slow)
    await seconds(5)
    expect(slow.reopened).toBe(1)
    await seconds(1)
    expect(slow.reopened).toBe(2)
    lanes.leave(slow.lane)
    await helping
  })

  it('has a request made anew that is much slower than others were', async () => {
    const { clock, lanes, open, take } = setUp()
    const [fast, slow, fair] = [open(8 * MIB), open(MIB, 10 * MIB), open(MIB, 20 * MIB)]
    clock.advance(1000)
    take(fast.lane, 8 * MIB)
    lanes.leave(fast.lane)
    const helping = lanes.help(signal)
    for (let second = 0; second < 6; second++) {
      take(slow.lane, 100)
      take(fair.lane, 170 * 1024)
      clock.advance(500)
      await turn()
    }
    expect([slow.reopened, fair.reopened]).toEqual([1, 0])
    lanes.leave(slow.lane)
    lanes.leave(fair.lane)
    await helping
  })

  it('leaves when the transfer ends', async () => {
    const { lanes, open } = setUp()
    open(MIB)
    const stop = new AbortController()
    const helping = lanes.help(stop.signal)
    stop.abort()
    await expect(helping).rejects.toMatchObject({ code: 'cancelled' })
  })
})
