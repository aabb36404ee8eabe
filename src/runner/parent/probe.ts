// Asks a short-lived process whether there is an engine to run models with: a broken library ends that process, not the server.

import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { ToParent } from '../protocol.ts'
import type { ProbeEngine } from '../runner.ts'
import { toError } from './failure.ts'
import { type RunnerEntry, RunnerProcess } from './runner-process.ts'

/** Libraries from a cold disk, on a busy machine. */
const MAX_PROBE_MS = 30_000

export function createEngineProbe({ entry, log }: { entry: RunnerEntry; log: Log }): ProbeEngine {
  return async () => {
    let hear: (message: ToParent) => void = () => {}
    const heard = new Promise<ToParent>((resolve) => {
      hear = resolve
    })
    const runner = new RunnerProcess(entry, { log, onMessage: (message) => hear(message) })
    const timer = setTimeout(() => runner.kill(), MAX_PROBE_MS)
    try {
      runner.send({ type: 'probe' })
      const answer = await Promise.race([heard, runner.exited])
      if ('type' in answer && answer.type === 'probed') return answer.report
      if ('type' in answer && answer.type === 'load-failed') throw toError(answer.failure)
      throw new AppError('load_failed', `the process that tried the engine has ended: ${runner.log.lastLines || 'it said nothing'}`)
    } finally {
      clearTimeout(timer)
      await runner.close()
    }
  }
}
