// The threads that compute for the engine: kept from step to step for all contexts of the process, told to each context when their number changes.

import type { Threading } from '../engine.ts'
import type { ContextPointer, LlamaApi, ThreadPoolPointer } from './api.ts'
import type { Library } from './library.ts'
import { openRowSchedule, type RowSchedule } from './row-schedule.ts'
import { createThreadPool } from './thread-pool.ts'

/** Of all contexts. */
export interface SharedThreads {
  /** A step has no more. */
  most: number
  pool: ThreadPoolPointer | undefined
  rows: RowSchedule | undefined
}

/** `isAlone`: no other thread of the process computes with the engine, and would find the schedule changed in the middle. */
export function openThreads(library: Library, { most, isAlone }: { most: number; isAlone: boolean }): SharedThreads {
  return { most, pool: createThreadPool(library, most), rows: isAlone ? openRowSchedule(library) : undefined }
}

export class EngineThreads {
  readonly #api: LlamaApi
  readonly #shared: SharedThreads
  #told: { context: ContextPointer; threads: number } | undefined

  constructor(api: LlamaApi, shared: SharedThreads) {
    this.#api = api
    this.#shared = shared
  }

  set(context: ContextPointer, { threads, schedule }: Threading): void {
    const { pool, rows } = this.#shared
    rows?.set(schedule)
    if (this.#told?.context === context && this.#told.threads === threads) return
    this.#told = { context, threads }
    this.#api.setThreads(context, threads, threads)
    // All threads of a pool wake for each step, whether it has work for them or not.
    if (pool !== undefined && threads > 1) this.#api.attachThreadPool(context, pool, pool)
    else this.#api.detachThreadPool(context)
  }
}
