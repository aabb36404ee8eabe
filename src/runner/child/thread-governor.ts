// How many compute threads a step gets, and how they share its rows. The engine's threads wait for each other at a spin barrier, so one thread that a
// busy machine takes away stalls them all: two threads beside busy neighbours are slower than one, by a factor of hundreds at worst. What steps cost
// decides: the governor watches each batch size, tries fewer threads when its steps become dear, tries more again later, and remembers its finding.
// How many cores are free only says when a trial is worth its price: fewer when the cores are taken, more not before one is free. After a pause
// nothing is known of the costs, so there the free cores have the word until the first steps are made. Which schedule of the rows is faster depends
// on the machine, the model and the size of the batch: each is tried now and then, and what steps cost decides here, too.

import type { Clock } from '../../base/clock.ts'
import type { Schedule, Threading } from './engine.ts'

export interface GovernorOptions {
  maxThreads: number
  /** The user said how many threads: no trials of other counts. */
  fixed: boolean
  hasSchedules: boolean
  clock: Pick<Clock, 'monotonicNs'>
  /** Threads that find a core now; infinite as long as nothing is known. */
  threadRoom: (afterPause: boolean) => number
}

/** What steps cost before a pause this long says nothing of those after it. */
export const PAUSE_NS = 250e6

/** Steps that a trial takes before it is judged by its median. */
export const TRIAL_STEPS = 4
/** Steps of a size before fewer threads are tried for the first time where the cores are taken, to know what they cost. */
const STEPS_BEFORE_FIRST_TRIAL = 4
/** Where nothing says so: the first ones cost more than all others. */
export const STEPS_BEFORE_EXPLORING = 8
const REMEMBERED_STEPS = 5
/** So many steps in a row that cost more than `SLOW_FACTOR` of the best start a trial. */
const SLOW_STEPS = 3
const SLOW_FACTOR = 1.5
/** One step beyond this starts a trial. */
const STALL_FACTOR = 4
/** A step of a trial beyond this ends it: the trial itself must not cost what it wants to save. */
const HOPELESS_FACTOR = 1.3
/** What a change must gain to be kept. Fewer threads need a good reason: who has come by accident to more than he needs loses less than who has too few. */
const GAIN = { down: 0.93, up: 0.98, other: 0.97 }
/** The way back from each. */
const BACK = { down: 'up', up: 'down', other: 'other' } as const
/** Fewer threads that gain less than this do so because the batch is small, not because the cores are taken: that says nothing of other sizes. */
const TAKEN_GAIN = 0.67
/** Sooner, a trial of more threads costs beside busy processes what it may gain on a quiet machine: a reply came at a third of its speed. */
const FIRST_RETRY_NS = 1e9
const LONGEST_RETRY_NS = 30e9
/** So small a batch begins with the static schedule, which gains most there; a larger one has as much from threads that help each other out. */
const FEW_TOKENS = 3
/** Batches up to this size are judged one by one, larger ones by powers of two and by token. */
const EXACT_BATCH_TOKENS = 16

interface Course extends Threading {
  recent: number[]
  best: number
  slowSteps: number
  steps: number
  trial: Trial | undefined
  /** No trial of fewer threads, of more, of the other schedule before this. */
  down: Retry
  up: Retry
  other: Retry
  /** Where it led holds for other sizes, too. */
  tellsOthers: boolean
}

interface Trial extends Threading {
  way: 'down' | 'up' | 'other'
  costs: number[]
}

interface Retry {
  atNs: number
  waitNs: number
}

export class ThreadGovernor {
  readonly #options: GovernorOptions
  readonly #courses = new Map<number, Course>()
  /** When fewer threads are tried next for no reason: there may never have been a quiet time from which to know what a step should cost. */
  #exploreAtNs = Number.NEGATIVE_INFINITY
  #lastThreads: number
  #chosen = 0
  #isBeside = false
  #endedNs = Number.NEGATIVE_INFINITY
  /** After a pause on a busy machine, until a core is free. */
  #ceiling = Number.POSITIVE_INFINITY

  constructor(options: GovernorOptions) {
    this.#options = options
    this.#lastThreads = options.maxThreads
  }

  /** A step has no more than these at the moment: what steps cost depends on it. */
  get mostThreads(): number {
    return Math.min(this.#options.maxThreads, this.#ceiling)
  }

  /** For a step of that many tokens. `isBeside`: another thread of this process works meanwhile, and has a core to itself. */
  choose(batchTokens: number, isBeside = false): Threading {
    const { fixed, maxThreads, threadRoom, clock } = this.#options
    this.#isBeside = isBeside
    const course = this.#courseOf(batchTokens)
    if (isBeside) return { threads: Math.max(Math.min(course.threads, this.#ceiling) - 1, 1), schedule: course.schedule }
    if (!fixed && maxThreads > 1) {
      const now = clock.monotonicNs()
      const paused = now - this.#endedNs >= PAUSE_NS
      if (paused || this.#ceiling < maxThreads) this.#ceiling = threadRoom(paused)
      if (paused) for (const each of this.#courses.values()) each.up = firstRetry(now)
    }
    const { threads, schedule } = course.trial ?? course
    this.#chosen = Math.min(threads, this.#ceiling)
    return { threads: this.#chosen, schedule }
  }

  /** What the step that was just chosen for has cost. */
  record(batchTokens: number, durationNs: number): void {
    if (this.#options.maxThreads === 1) return
    this.#endedNs = this.#options.clock.monotonicNs()
    // That says nothing of other steps.
    if (this.#isBeside) return
    const course = this.#courseOf(batchTokens)
    const wanted = course.trial?.threads ?? course.threads
    if (this.#chosen !== wanted) {
      // The step says nothing of the count that was wanted.
      course.trial = undefined
      return
    }
    const cost = isShort(batchTokens) ? durationNs : durationNs / batchTokens
    if (course.trial) this.#judgeTrial(course, cost)
    else this.#watch(course, cost, batchTokens)
    if (course.tellsOthers) this.#lastThreads = course.threads
  }

  #courseOf(batchTokens: number): Course {
    const size = isShort(batchTokens) ? batchTokens : 2 ** Math.ceil(Math.log2(batchTokens))
    let course = this.#courses.get(size)
    if (!course) {
      const now = this.#options.clock.monotonicNs()
      course = {
        threads: this.#lastThreads,
        schedule: this.#options.hasSchedules && batchTokens <= FEW_TOKENS ? 'static' : 'dynamic',
        recent: [],
        best: Number.POSITIVE_INFINITY,
        slowSteps: 0,
        steps: 0,
        trial: undefined,
        down: firstRetry(now),
        up: firstRetry(now),
        other: firstRetry(now),
        tellsOthers: true,
      }
      this.#courses.set(size, course)
    }
    return course
  }

  #watch(course: Course, cost: number, batchTokens: number): void {
    course.steps++
    course.slowSteps = cost > course.best * SLOW_FACTOR ? course.slowSteps + 1 : 0
    course.recent.push(cost)
    if (course.recent.length > REMEMBERED_STEPS) course.recent.shift()
    course.best = Math.min(course.best, median(course.recent))
    if (course.recent.length >= SLOW_STEPS) course.trial = this.#nextTrial(course, batchTokens)
  }

  #nextTrial(course: Course, batchTokens: number): Trial | undefined {
    const { fixed, maxThreads, threadRoom, clock } = this.#options
    const { threads, schedule } = course
    const now = clock.monotonicNs()
    if (!fixed && threads > 1 && this.#fewerMayPay(course, batchTokens, now))
      return { way: 'down', threads: fewer(threads), schedule, costs: [] }
    if (!fixed && threads < Math.min(maxThreads, threadRoom(false)) && now >= course.up.atNs)
      return { way: 'up', threads: more(threads, maxThreads), schedule, costs: [] }
    if (this.#otherMayPay(course, batchTokens, now)) return { way: 'other', threads, schedule: otherThan(schedule), costs: [] }
    return undefined
  }

  /** In a long step somebody else wants a core for a while, and only threads that take pieces as they come make up for it. */
  #otherMayPay(course: Course, batchTokens: number, now: number): boolean {
    return (
      this.#options.hasSchedules &&
      course.threads > 1 &&
      isShort(batchTokens) &&
      course.steps >= STEPS_BEFORE_EXPLORING &&
      now >= course.other.atNs
    )
  }

  #fewerMayPay(course: Course, batchTokens: number, now: number): boolean {
    if (course.steps < STEPS_BEFORE_FIRST_TRIAL) return false
    // A trial costs as much again: with the long steps of a prompt it needs a better reason than that it might pay.
    // One size stands for all: the next ones begin where it led.
    if (isShort(batchTokens) && course.steps >= STEPS_BEFORE_EXPLORING && now >= this.#exploreAtNs) {
      this.#exploreAtNs = now + LONGEST_RETRY_NS
      return true
    }
    const stalled = (course.recent.at(-1) as number) > course.best * STALL_FACTOR
    const isSlow = course.slowSteps >= SLOW_STEPS || stalled
    const isTaken = isShort(batchTokens) && this.#options.threadRoom(false) < course.threads
    return (isSlow || isTaken) && now >= course.down.atNs
  }

  #judgeTrial(course: Course, cost: number): void {
    const trial = course.trial as Trial
    const { way } = trial
    trial.costs.push(cost)
    // A thread that has slept takes longer to come: the first step with it says nothing.
    const costs = way === 'up' ? trial.costs.slice(1) : trial.costs
    if (costs.length === 0) return
    const usual = median(course.recent)
    const hopeless = cost > usual * HOPELESS_FACTOR
    if (costs.length < TRIAL_STEPS && !hopeless) return
    const now = this.#options.clock.monotonicNs()
    course.trial = undefined
    course.slowSteps = 0
    const tried = median(costs)
    if (!hopeless && tried < usual * GAIN[way]) {
      if (way !== 'other') course.tellsOthers = way === 'up' || tried < usual * TAKEN_GAIN
      Object.assign(course, { threads: trial.threads, schedule: trial.schedule, recent: costs, best: tried })
      course[BACK[way]] = firstRetry(now + FIRST_RETRY_NS)
      return
    }
    // Where the cores are free and more threads gain nothing, the batch is small.
    if (way === 'up') course.tellsOthers = false
    // What was dear is dear at any count: the new normal. The same trial waits twice as long the next time.
    course.best = usual
    const { waitNs } = course[way]
    course[way] = { atNs: now + waitNs, waitNs: Math.min(waitNs * 2, LONGEST_RETRY_NS) }
  }
}

function isShort(batchTokens: number): boolean {
  return batchTokens <= EXACT_BATCH_TOKENS
}

function firstRetry(atNs: number): Retry {
  return { atNs, waitNs: FIRST_RETRY_NS }
}

function otherThan(schedule: Schedule): Schedule {
  return schedule === 'static' ? 'dynamic' : 'static'
}

function fewer(threads: number): number {
  return threads <= 4 ? threads - 1 : Math.floor((threads * 3) / 4)
}

function more(threads: number, maxThreads: number): number {
  return Math.min(maxThreads, threads < 4 ? threads + 1 : Math.ceil((threads * 4) / 3))
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.POSITIVE_INFINITY
}
