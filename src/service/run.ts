// What every run of a model needs: the options in force and a lease on its runner, taken in the order in which Ollama checks.

import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { type ModelOptions, mergeOptions } from '../model/options.ts'
import type { Lease } from '../scheduler/lease.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import { toLoadTarget } from './load-target.ts'
import type { Model, ModelReader } from './model.ts'
import { refuseOldVision } from './requirements.ts'
import type { RunRequest } from './service.ts'

export interface RunOptions {
  reader: ModelReader
  scheduler: Scheduler
  clock: Clock
  log: Log
  preferGoTemplate?: boolean
  /** `call_` and eight of [a-z0-9]. */
  createCallId: () => string
}

export interface Run {
  model: Model
  options: ModelOptions
  lease: Lease
  startNs: number
  /** From the start of the request to a runner that is ready; never 0. */
  loadNs: number
}

export interface RunStart {
  model: Model
  request: RunRequest
  startNs: number
  signal: AbortSignal
}

/** Throws `invalid_option`, `not_supported`, and what the scheduler throws. The caller releases the lease. */
export async function startRun({ scheduler, clock, log }: RunOptions, { model, request, startNs, signal }: RunStart): Promise<Run> {
  refuseOldVision(model)
  const { options, unknown } = mergeOptions(model.params, request.options)
  for (const option of unknown) log.warn('invalid option provided', { option })
  const target = toLoadTarget(model)
  const lease = await scheduler.acquire({ target, options, keepAliveNs: request.keepAliveNs, signal })
  return { model, options, lease, startNs, loadNs: Math.max(clock.monotonicNs() - startNs, 1) }
}

/** Nothing runs with the request's options; wrong ones are wrong all the same. Throws `invalid_option`. */
export function unloadModel({ scheduler }: RunOptions, model: Model, request: RunRequest): void {
  mergeOptions(request.options)
  if (model.modelPath !== undefined) scheduler.unload(model.modelPath)
}
