// Asks a short-lived process whether there is an engine to run models with: a broken library ends that process, not the server.

import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { ProbeEngine } from '../runner.ts'
import { toError } from './failure.ts'
import { type RunnerEntry, RunnerProcess } from './runner-process.ts'

/** Libraries from a cold disk, on a busy machine. */
const MAX_PROBE_MS = 30_000

export function createEngineProbe({ entry, log }: { entry: RunnerEntry; log: Log }): ProbeEngine {
  return async () => {
    const runner = new RunnerProcess(entry, { log })
    const timer = setTimeout(() => runner.kill(), MAX_PROBE_MS)
    try {
      const answer = await runner.ask({ type: 'probe' })
      if (answer?.type === 'probed') return answer.report
      if (answer?.type === 'load-failed') throw toError(answer.failure)
      throw new AppError('load_failed', `the process that tried the engine has ended: ${runner.log.lastLines || 'it said nothing'}`)
    } finally {
      clearTimeout(timer)
      await runner.close()
    }
  }
}
