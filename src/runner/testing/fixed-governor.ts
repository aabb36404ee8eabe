import type { Clock } from '../../base/clock.ts'
import { ThreadGovernor } from '../child/thread-governor.ts'

/** Each step has that many threads. */
export function fixedGovernor(clock: Pick<Clock, 'monotonicNs'>, threads = 1): ThreadGovernor {
  return new ThreadGovernor({ maxThreads: threads, fixed: true, hasSchedules: false, clock, threadRoom: () => threads })
}
