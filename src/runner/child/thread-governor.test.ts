import { describe, expect, it } from 'vitest'
import type { Schedule, Threading } from './engine.ts'
import { PAUSE_NS, STEPS_BEFORE_EXPLORING, ThreadGovernor, TRIAL_STEPS } from './thread-governor.ts'

/** Steps cost what `cost` says for a thread count; a step's cost passes on the clock. */
function simulate(maxThreads: number, options: { fixed?: boolean; hasSchedules?: boolean; threadRoom?: () => number } = {}) {
  let nowNs = 0
  const governor = new ThreadGovernor({
    maxThreads,
    fixed: options.fixed ?? false,
    hasSchedules: options.hasSchedules ?? false,
    clock: { monotonicNs: () => nowNs },
    threadRoom: options.threadRoom ?? (() => Number.POSITIVE_INFINITY),
  })
  function runBy(steps: number, cost: (threading: Threading, step: number) => number, batchTokens = 1): Threading[] {
    return Array.from({ length: steps }, (_, step) => {
      const threading = governor.choose(batchTokens)
      const costNs = cost(threading, step) * 1e6
      nowNs += costNs
      governor.record(batchTokens, costNs)
      return threading
    })
  }
  return {
    runBy,
    mostThreads: () => governor.mostThreads,
    pause(durationNs: number): void {
      nowNs += durationNs
    },
    /** Steps beside a thread that has a core. */
    runBeside(steps: number, costMs: number, batchTokens = 1): number[] {
      return Array.from({ length: steps }, () => {
        const { threads } = governor.choose(batchTokens, true)
        nowNs += costMs * 1e6
        governor.record(batchTokens, costMs * 1e6)
        return threads
      })
    },
    run(steps: number, cost: (threads: number, step: number) => number, batchTokens = 1): number[] {
      return runBy(steps, ({ threads }, step) => cost(threads, step), batchTokens).map(({ threads }) => threads)
    },
  }
}

const quiet = (threads: number) => 8 / threads ** 0.6
const busy = (threads: number) => (threads > 1 ? 200 : 8)
const share = (used: readonly number[], threads: number) => used.filter((count) => count === threads).length / used.length

describe('ThreadGovernor', () => {
  it('uses all threads on a quiet machine but for one trial', () => {
    const used = simulate(2).run(1000, quiet)
    expect(used.slice(0, STEPS_BEFORE_EXPLORING)).toEqual(Array(STEPS_BEFORE_EXPLORING).fill(2))
    expect(used.filter((count) => count === 1).length).toBeLessThanOrEqual(TRIAL_STEPS)
  })

  it('leaves one core to a thread that works beside the steps, and learns nothing of what they cost then', () => {
    const machine = simulate(2)
    machine.run(200, quiet)
    expect(new Set(machine.runBeside(500, 40))).toEqual(new Set([1]))
    expect(machine.run(3, quiet)).toEqual([2, 2, 2])
    expect(new Set(machine.runBeside(5, 40, 64))).toEqual(new Set([1]))
    expect(simulate(1).runBeside(1, 8)).toEqual([1])
    expect(simulate(4, { fixed: true }).runBeside(1, 8)).toEqual([3])
  })

  it('drops a thread within a few steps when the machine becomes busy', () => {
    const machine = simulate(2)
    machine.run(200, quiet)
    const used = machine.run(20, busy)
    expect(used.indexOf(1)).toBeLessThanOrEqual(5)
    expect(used.at(-1)).toBe(1)
  })

  it('leaves contention that was there from the start', () => {
    const used = simulate(2).run(200, busy)
    expect(share(used.slice(20), 1)).toBeGreaterThan(0.95)
  })

  it('tries more threads again ever more rarely while the machine stays busy', () => {
    const machine = simulate(2)
    machine.run(200, quiet)
    machine.run(1000, busy)
    const used = machine.run(10_000, busy)
    expect(used.filter((count) => count === 2).length).toBeLessThan(10)
    expect(used.filter((count) => count === 2).length).toBeGreaterThan(0)
  })

  it('comes back to all threads when the machine is quiet again', () => {
    const machine = simulate(2)
    machine.run(200, quiet)
    machine.run(200, busy)
    machine.run(5000, quiet)
    expect(share(machine.run(200, quiet), 2)).toBeGreaterThan(0.95)
  })

  it('does not take one slow step for contention', () => {
    const machine = simulate(2)
    machine.run(200, quiet)
    const used = machine.run(100, (threads, step) => (step === 50 ? 40 : quiet(threads)))
    expect(used.filter((count) => count === 1).length).toBeLessThanOrEqual(TRIAL_STEPS)
    expect(used.at(-1)).toBe(2)
  })

  it('takes growing costs for the new normal when fewer threads gain nothing', () => {
    const machine = simulate(2)
    machine.run(100, quiet)
    const used = machine.run(2000, (threads) => quiet(threads) * 3)
    expect(share(used, 2)).toBeGreaterThan(0.95)
  })

  it('begins a new batch size where the last one has led', () => {
    const machine = simulate(2)
    machine.run(200, quiet)
    machine.run(100, busy)
    expect(machine.run(1, busy, 8)).toEqual([1])
  })

  it('does not conclude from a small batch that does not need all threads what a larger one needs', () => {
    const machine = simulate(2)
    expect(machine.run(50, (threads) => (threads > 1 ? 10 : 9)).at(-1)).toBe(1)
    expect(machine.run(1, quiet, 8)).toEqual([2])
  })

  it('does not go on concluding from a small batch that more threads are of no use, once the cores are free', () => {
    const machine = simulate(2)
    machine.run(50, busy)
    machine.run(500, () => 8)
    machine.run(50, quiet, 4)
    machine.run(1, () => 8)
    expect(machine.run(1, quiet, 8)).toEqual([2])
  })

  it('tells how many threads a step may have, less after a pause on a busy machine', () => {
    let room = 2
    const machine = simulate(2, { threadRoom: () => room })
    expect(machine.mostThreads()).toBe(2)
    machine.run(10, quiet)
    room = 1
    machine.pause(2 * PAUSE_NS)
    machine.run(1, busy)
    expect(machine.mostThreads()).toBe(1)
    room = 2
    machine.run(1, quiet)
    expect(machine.mostThreads()).toBe(2)
  })

  it('does not explore with the long steps of a prompt', () => {
    let room = 2
    const machine = simulate(2, { threadRoom: () => room })
    const long = (threads: number) => quiet(threads) * 40
    machine.run(1, long, 128)
    room = 1
    expect(new Set(machine.run(50, long, 128))).toEqual(new Set([2]))
    expect(machine.run(20, (threads) => busy(threads) * 40, 128)).toContain(1)
  })

  it('remembers for each batch size', () => {
    const machine = simulate(2)
    machine.run(100, quiet, 1)
    machine.run(100, quiet, 4)
    machine.run(20, busy, 4)
    expect(machine.run(1, quiet, 1)).toEqual([2])
  })

  it('keeps to the count that the user said', () => {
    expect(new Set(simulate(2, { fixed: true }).run(200, busy))).toEqual(new Set([2]))
  })

  it('does not try more threads than find a core', () => {
    let room = 2
    const machine = simulate(2, { threadRoom: () => room })
    machine.run(100, busy)
    room = 1
    expect(new Set(machine.run(5000, busy))).toEqual(new Set([1]))
  })

  it('tries fewer threads at once when the cores are taken, and keeps them all when that gains nothing', () => {
    let room = 2
    const machine = simulate(2, { threadRoom: () => room })
    machine.run(1000, quiet)
    room = 1
    const used = machine.run(2000, quiet)
    expect(used.slice(0, 2)).toContain(1)
    expect(share(used, 2)).toBeGreaterThan(0.97)
  })

  it('explores one size only', () => {
    const machine = simulate(2)
    machine.run(20, quiet, 1)
    expect(new Set([...machine.run(20, quiet, 16), ...machine.run(20, quiet, 8)])).toEqual(new Set([2]))
  })

  it('begins after a pause with as many threads as find a core, until more do', () => {
    let room = 2
    const machine = simulate(2, { threadRoom: () => room })
    machine.run(100, quiet)
    room = 1
    machine.pause(2 * PAUSE_NS)
    expect(new Set(machine.run(100, busy))).toEqual(new Set([1]))
    room = 2
    expect(new Set(machine.run(50, quiet))).toEqual(new Set([2]))
  })

  it('walks down to what the neighbours leave on a machine with many cores', () => {
    const machine = simulate(16)
    machine.run(100, quiet)
    const used = machine.run(500, (threads) => (threads > 12 ? 100 : 8 / threads ** 0.6))
    expect(used.at(-1)).toBe(12)
  })

  describe('where the engine has both schedules', () => {
    const both = (options = {}) => simulate(2, { hasSchedules: true, ...options })
    const schedules = (used: readonly Threading[]) => used.map(({ schedule }) => schedule)
    const better = (schedule: Schedule) => (threading: Threading) => quiet(threading.threads) * (threading.schedule === schedule ? 1 : 1.5)

    it.each(['static', 'dynamic'] as const)('finds out that the %s one is faster, and tries the other ever more rarely', (schedule) => {
      const machine = both()
      const begin = schedules(machine.runBy(100, better(schedule)))
      expect(begin[0]).toBe('static')
      expect(begin).toContain('dynamic')
      expect(begin.at(-1)).toBe(schedule)
      machine.runBy(10_000, better(schedule))
      const others = schedules(machine.runBy(10_000, better(schedule))).filter((used) => used !== schedule)
      expect(others.length).toBeGreaterThan(0)
      expect(others.length).toBeLessThan(10)
    })

    it('keeps what it has where both cost the same', () => {
      const used = schedules(both().runBy(1000, ({ threads }) => quiet(threads)))
      expect(used.filter((schedule) => schedule === 'dynamic').length).toBeLessThanOrEqual(3 * TRIAL_STEPS)
    })

    it('begins a larger batch with the dynamic one, and finds out for each size by itself', () => {
      const machine = both()
      machine.runBy(100, better('dynamic'))
      const larger = schedules(machine.runBy(100, better('static'), 8))
      expect(larger[0]).toBe('dynamic')
      expect(larger.at(-1)).toBe('static')
      expect(schedules(machine.runBy(1, better('dynamic')))).toEqual(['dynamic'])
      expect(schedules(machine.runBy(1, better('static'), 2))).toEqual(['static'])
    })

    it('finds out where the user said how many threads', () => {
      const used = both({ fixed: true }).runBy(100, better('dynamic'))
      expect(used.at(-1)).toEqual({ threads: 2, schedule: 'dynamic' })
    })

    it('tries nothing with the long steps of a prompt, and nothing with one thread', () => {
      expect(new Set(schedules(both().runBy(100, better('static'), 64)))).toEqual(new Set(['dynamic']))
      expect(new Set(schedules(simulate(1, { hasSchedules: true }).runBy(100, better('dynamic'))))).toEqual(new Set(['static']))
    })

    it('still drops a thread when the machine becomes busy', () => {
      const machine = both()
      machine.runBy(200, better('static'))
      expect(machine.runBy(20, ({ threads }) => busy(threads)).at(-1)?.threads).toBe(1)
    })
  })
})
