// How many compute threads a step gets. The engine's threads wait for each other at a spin barrier, so one thread that a busy machine takes
// away stalls them all: two threads beside busy neighbours are slower than one, by a factor of hundreds at worst. What steps cost decides: the
// governor watches each batch size, tries fewer threads when its steps become dear, tries more again later, and remembers its finding. How
// many cores are free only says when a trial is worth its price: fewer when the cores are taken, more not before one is free. After a pause
// nothing is known of the costs, so there the free cores have the word until the first steps are made.

import type { Clock } from '../../base/clock.ts'

export interface GovernorOptions {
  maxThreads: number
  /** The user said how many: no trials. */
  fixed: boolean
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
const FEWER_GAIN = 0.93
const MORE_GAIN = 0.98
/** Fewer threads that gain less than this do so because the batch is small, not because the cores are taken: that says nothing of other sizes. */
const TAKEN_GAIN = 0.67
const FIRST_RETRY_NS = 1e9
const LONGEST_RETRY_NS = 30e9
/** Batches up to this size are judged one by one, larger ones by powers of two and by token. */
const EXACT_BATCH_TOKENS = 16

interface Course {
  threads: number
  recent: number[]
  best: number
  slowSteps: number
  steps: number
  trial: Trial | undefined
  /** No trial of fewer, of more threads before this. */
  down: Retry
  up: Retry
  /** Where it led holds for other sizes, too. */
  tellsOthers: boolean
}

interface Trial {
  threads: number
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

  /** The thread count for a step of that many tokens. `isBeside`: another thread of this process works meanwhile, and has a core to itself. */
  choose(batchTokens: number, isBeside = false): number {
    const { fixed, maxThreads, threadRoom, clock } = this.#options
    this.#isBeside = isBeside
    if (isBeside) return Math.max(Math.min(this.#courseOf(batchTokens).threads, this.#ceiling) - 1, 1)
    if (fixed || maxThreads === 1) return maxThreads
    const now = clock.monotonicNs()
    const paused = now - this.#endedNs >= PAUSE_NS
    if (paused || this.#ceiling < maxThreads) this.#ceiling = threadRoom(paused)
    if (paused) for (const course of this.#courses.values()) course.up = { atNs: now, waitNs: FIRST_RETRY_NS }
    const course = this.#courseOf(batchTokens)
    this.#chosen = Math.min(course.trial?.threads ?? course.threads, this.#ceiling)
    return this.#chosen
  }

  /** What the step that was just chosen for has cost. */
  record(batchTokens: number, durationNs: number): void {
    if (this.#options.fixed || this.#options.maxThreads === 1) return
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
    const cost = batchTokens <= EXACT_BATCH_TOKENS ? durationNs : durationNs / batchTokens
    if (course.trial) this.#judgeTrial(course, cost)
    else this.#watch(course, cost, batchTokens)
    if (course.tellsOthers) this.#lastThreads = course.threads
  }

  #courseOf(batchTokens: number): Course {
    const size = batchTokens <= EXACT_BATCH_TOKENS ? batchTokens : 2 ** Math.ceil(Math.log2(batchTokens))
    let course = this.#courses.get(size)
    if (!course) {
      const now = this.#options.clock.monotonicNs()
      course = {
        threads: this.#lastThreads,
        recent: [],
        best: Number.POSITIVE_INFINITY,
        slowSteps: 0,
        steps: 0,
        trial: undefined,
        down: { atNs: now, waitNs: FIRST_RETRY_NS },
        up: { atNs: now, waitNs: FIRST_RETRY_NS },
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
    if (course.recent.length < SLOW_STEPS) return
    const now = this.#options.clock.monotonicNs()
    if (course.threads > 1 && this.#fewerMayPay(course, batchTokens, now)) course.trial = { threads: fewer(course.threads), costs: [] }
    else if (course.threads < Math.min(this.#options.maxThreads, this.#options.threadRoom(false)) && now >= course.up.atNs) {
      course.trial = { threads: more(course.threads, this.#options.maxThreads), costs: [] }
    }
  }

  #fewerMayPay(course: Course, batchTokens: number, now: number): boolean {
    if (course.steps < STEPS_BEFORE_FIRST_TRIAL) return false
    // A trial costs as much again: with the long steps of a prompt it needs a better reason than that it might pay.
    const isShort = batchTokens <= EXACT_BATCH_TOKENS
    // One size stands for all: the next ones begin where it led.
    if (isShort && course.steps >= STEPS_BEFORE_EXPLORING && now >= this.#exploreAtNs) {
      this.#exploreAtNs = now + LONGEST_RETRY_NS
      return true
    }
    const stalled = (course.recent.at(-1) as number) > course.best * STALL_FACTOR
    const isSlow = course.slowSteps >= SLOW_STEPS || stalled
    const isTaken = isShort && this.#options.threadRoom(false) < course.threads
    return (isSlow || isTaken) && now >= course.down.atNs
  }

  #judgeTrial(course: Course, cost: number): void {
    const trial = course.trial as Trial
    const goesDown = trial.threads < course.threads
    trial.costs.push(cost)
    // A thread that has slept takes longer to come: the first step with it says nothing.
    const costs = goesDown ? trial.costs : trial.costs.slice(1)
    if (costs.length === 0) return
    const usual = median(course.recent)
    const hopeless = cost > usual * HOPELESS_FACTOR
    if (costs.length < TRIAL_STEPS && !hopeless) return
    const now = this.#options.clock.monotonicNs()
    course.trial = undefined
    course.slowSteps = 0
    const tried = median(costs)
    if (!hopeless && tried < usual * (goesDown ? FEWER_GAIN : MORE_GAIN)) {
      course.tellsOthers = !goesDown || tried < usual * TAKEN_GAIN
      course.threads = trial.threads
      course.recent = costs
      course.best = tried
      const way = goesDown ? course.up : course.down
      way.atNs = now + FIRST_RETRY_NS
      way.waitNs = FIRST_RETRY_NS
      return
    }
    // Where the cores are free and more threads gain nothing, the batch is small.
    if (!goesDown) course.tellsOthers = false
    // What was dear is dear at any count: the new normal. The same trial waits twice as long the next time.
    course.best = usual
    const way = goesDown ? course.down : course.up
    way.atNs = now + way.waitNs
    way.waitNs = Math.min(way.waitNs * 2, LONGEST_RETRY_NS)
  }
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
