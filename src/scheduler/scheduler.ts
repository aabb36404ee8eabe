// Who may use which runner, and when (contract/native.md section 8). One runner per model, one load at a time, first come first served.
// A request whose model is loaded the way it wants gets its lease at once; the others queue, and the first of them decides what is unloaded
// and loaded next. A model that has to make room takes no new requests, so that nobody waits for ever. The queue is bounded: requests
// waiting for a load and requests beyond the slots of a loaded model count alike.

import { onAbort, throwIfAborted } from '../base/abort.ts'
import type { Clock } from '../base/clock.ts'
import { AppError, cancelled, toAppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { ContextSize, LoadRunner, LoadSpec, Runner } from '../runner/runner.ts'
import { estimateMemory } from './estimate.ts'
import { decideGrowth } from './growth.ts'
import type { Lease } from './lease.ts'
import { type LoadAttempt, startLoad } from './load.ts'
import { LoadedModel } from './loaded-model.ts'
import { contextLimitOf, type LoadOptions, needsReload, toLoadSpec } from './options.ts'
import { decidePlacement } from './placement.ts'
import type { LoadTarget, Memory, Running, SchedulerLimits } from './target.ts'

export interface SchedulerOptions {
  loadRunner: LoadRunner
  clock: Clock
  log: Log
  limits: SchedulerLimits
  memory: () => Memory
}

interface AcquireRequest {
  target: LoadTarget
  options: LoadOptions
  /** Absent = the runner keeps what it has. */
  keepAliveNs?: number | undefined
  signal?: AbortSignal | undefined
}

export interface Scheduler {
  /** Throws `server_busy`, `insufficient_memory`, `load_failed`, `load_timeout`, `cancelled`, `shutting_down`. */
  acquire(request: AcquireRequest): Promise<Lease>
  /** At once when idle, else after its last request. Nothing happens where it is not loaded. */
  unload(key: string): void
  running(): Running[]
  /** Refuses new requests, waits for the leases that are out for at most `drainMs`, then ends all runners. */
  close(drainMs: number): Promise<void>
}

export function createScheduler(options: SchedulerOptions): Scheduler {
  return new QueueScheduler(options)
}

/** Where OLLAMA_MAX_LOADED_MODELS leaves the number open. */
const AUTOMATIC_MAX_LOADED = 3
const GIBIBYTE = 2 ** 30

interface Waiting {
  target: LoadTarget
  options: LoadOptions
  spec: LoadSpec
  contextLimitTokens: number
  keepAliveNs: number | undefined
  startNs: number
  resolve: (lease: Lease) => void
  reject: (error: unknown) => void
}

interface Loading {
  key: string
  spec: LoadSpec
  keepAliveNs: number
  estimatedBytes: number
  attempt: LoadAttempt
}

class QueueScheduler implements Scheduler {
  readonly #options: SchedulerOptions
  readonly #queue: Waiting[] = []
  readonly #loaded = new Map<string, LoadedModel>()
  /** Runners on their way out; nothing is loaded before their memory is back. */
  readonly #ending = new Set<Promise<void>>()
  #loading: Loading | undefined
  /** The model that has to go for the request at the head of the queue. */
  #leaving: { model: LoadedModel; waiting: Waiting } | undefined
  #closed = false
  #drained: (() => void) | undefined

  constructor(options: SchedulerOptions) {
    this.#options = options
  }

  async acquire({ target, options, keepAliveNs, signal }: AcquireRequest): Promise<Lease> {
    throwIfAborted(signal)
    if (this.#closed) throw shuttingDown()
    const { limits, clock } = this.#options
    const spec = toLoadSpec(target, options, limits)
    const contextLimitTokens = contextLimitOf(target, options, limits)
    let release = () => {}
    try {
      return await new Promise<Lease>((resolve, reject) => {
        const waiting = { target, options, spec, contextLimitTokens, keepAliveNs, startNs: clock.monotonicNs(), resolve, reject }
        if (!this.#hasRoom(waiting)) {
          return reject(new AppError('server_busy', 'server busy, please try again.  maximum pending requests exceeded'))
        }
        this.#queue.push(waiting)
        release = onAbort(signal, () => this.#forget(waiting, signal?.reason))
        this.#advance()
      })
    } finally {
      release()
    }
  }

  unload(key: string): void {
    if (this.#loading?.key === key) this.#loading.keepAliveNs = 0
    const model = this.#loaded.get(key)
    if (!model) return
    model.keepAliveNs = 0
    if (model.leases === 0) this.#end(model)
  }

  running(): Running[] {
    return [...this.#loaded.values()].map((model) => model.toRunning())
  }

  async close(drainMs: number): Promise<void> {
    this.#closed = true
    for (const waiting of this.#queue.splice(0)) waiting.reject(shuttingDown())
    this.#loading?.attempt.abandon()
    if (this.#leaseCount() > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#options.clock.after(drainMs, resolve)
        this.#drained = () => {
          timer.cancel()
          resolve()
        }
      })
    }
    for (const model of this.#loaded.values()) this.#end(model)
    await this.#loading?.attempt.runner.catch(() => undefined)
    await Promise.all(this.#ending)
  }

  #hasRoom(waiting: Waiting): boolean {
    const model = this.#usable(waiting)
    const waits = model ? model.leases >= model.spec.parallel : this.#queue.length > 0
    if (!waits) return true
    let pending = Math.max(this.#queue.length - 1, 0)
    for (const { leases, spec } of this.#loaded.values()) pending += Math.max(leases - spec.parallel, 0)
    return pending < this.#options.limits.maxQueue
  }

  /** Everything that may happen now, happens: called after each change. */
  #advance(): void {
    if (this.#closed) return
    if (this.#leaving && this.#leaving.waiting !== this.#queue[0]) this.#leaving = undefined
    for (const waiting of [...this.#queue]) {
      const model = this.#usable(waiting)
      if (model) this.#grant(model, waiting)
    }
    const first = this.#queue[0]
    if (!first || this.#loading || this.#ending.size > 0) return
    const other = this.#loaded.get(first.target.key)
    if (other) this.#makeLeave(other, first)
    else this.#place(first)
  }

  #usable(waiting: Waiting): LoadedModel | undefined {
    const model = this.#loaded.get(waiting.target.key)
    return model && model !== this.#leaving?.model && this.#suits(model, waiting) ? model : undefined
  }

  /** A context that has grown suits those who left its size open, and those who ask for what it has become. */
  #suits(model: LoadedModel, { target, options, spec, contextLimitTokens }: Waiting): boolean {
    if (!model.hasGrown || contextLimitTokens > spec.contextTokens) return !needsReload(model.spec, spec)
    if (spec.contextTokens !== model.contextTokens) return false
    return !needsReload(model.spec, toLoadSpec(target, { ...options, num_ctx: model.spec.contextTokens }, this.#options.limits))
  }

  #grant(model: LoadedModel, waiting: Waiting): void {
    this.#queue.splice(this.#queue.indexOf(waiting), 1)
    const { keepAliveNs, contextLimitTokens, startNs } = waiting
    waiting.resolve(model.grant({ loadNs: this.#options.clock.monotonicNs() - startNs, keepAliveNs, contextLimitTokens }))
  }

  #place(first: Waiting): void {
    const { limits, memory } = this.#options
    const neededBytes = estimateMemory(first.target, first.spec).totalBytes
    const placement = decidePlacement({
      neededBytes,
      gpuLayers: first.spec.gpuLayers,
      memory: memory(),
      residents: [...this.#loaded.values()],
      maxLoadedModels: limits.maxLoadedModels > 0 ? limits.maxLoadedModels : AUTOMATIC_MAX_LOADED,
    })
    if (placement.kind === 'load') void this.#load(first, neededBytes)
    else if (placement.kind === 'evict') this.#makeLeave(placement.victim, first)
    else {
      this.#queue.shift()
      first.reject(insufficientMemory(placement.neededBytes, placement.availableBytes))
      this.#advance()
    }
  }

  #makeLeave(model: LoadedModel, waiting: Waiting): void {
    this.#leaving = { model, waiting }
    this.#options.log.debug('a model makes room', { model: model.target.name, for: waiting.target.name, leases: model.leases })
    if (model.leases === 0) this.#end(model)
  }

  async #load({ target, spec }: Waiting, estimatedBytes: number): Promise<void> {
    const { loadRunner, clock, log, limits } = this.#options
    const mayGrow = (wanted: ContextSize) => this.#mayGrow(target, wanted)
    const attempt = startLoad({ loadRunner, spec, mayGrow, clock, log, timeoutMs: limits.loadTimeoutMs })
    const loading: Loading = { key: target.key, spec, keepAliveNs: limits.keepAliveNs, estimatedBytes, attempt }
    this.#loading = loading
    try {
      const runner = await attempt.runner
      const model = new LoadedModel({
        target,
        spec,
        runner,
        keepAliveNs: loading.keepAliveNs,
        estimatedBytes,
        clock,
        onIdle: (idle) => this.#rest(idle),
        onDue: (due) => this.#end(due),
      })
      this.#loaded.set(target.key, model)
      this.#watch(model, runner)
      this.#loading = undefined
      this.#advance()
      if (model.leases === 0) this.#rest(model)
    } catch (error) {
      this.#loading = undefined
      if (!attempt.abandoned) this.#refuse(loading, error)
      this.#advance()
    }
  }

  #mayGrow(target: LoadTarget, wanted: ContextSize): boolean {
    const model = this.#loaded.get(target.key)
    if (!model) return false
    const { spec, contextTokens } = model
    const promisedBytes = this.#loading?.estimatedBytes ?? 0
    const answer = decideGrowth({ target, spec, contextTokens, wanted, memory: this.#options.memory(), promisedBytes })
    const words = answer.granted ? 'the context grows' : 'there is no memory for a larger context'
    this.#options.log.info(words, { model: target.name, contextTokens, wanted, ...answer })
    return answer.granted
  }

  /** The failure of a load is the answer to everyone who waited for it. */
  #refuse(loading: Loading, error: unknown): void {
    const failure = toAppError(error)
    this.#options.log.warn('a model could not be loaded', { model: loading.key, error: failure, ...failure.details })
    for (const waiting of this.#queue.filter((each) => isFor(each, loading))) {
      this.#queue.splice(this.#queue.indexOf(waiting), 1)
      waiting.reject(failure)
    }
  }

  #forget(waiting: Waiting, reason: unknown): void {
    const index = this.#queue.indexOf(waiting)
    if (index < 0) return
    this.#queue.splice(index, 1)
    waiting.reject(cancelled(reason))
    const loading = this.#loading
    if (loading && !this.#queue.some((each) => isFor(each, loading))) loading.attempt.abandon()
    this.#advance()
  }

  #rest(model: LoadedModel): void {
    if (this.#leaseCount() === 0) this.#drained?.()
    if (this.#loaded.get(model.key) !== model || model.leases > 0) return
    if (this.#closed || this.#leaving?.model === model || model.keepAliveNs <= 0) {
      this.#end(model)
      return
    }
    model.startTimer()
    // Somebody may be waiting for a busier one to go.
    if (this.#leaving) this.#advance()
  }

  #end(model: LoadedModel): void {
    if (this.#loaded.get(model.key) !== model) return
    this.#loaded.delete(model.key)
    model.stopTimer()
    const ending = model.runner
      .close()
      .catch((error: unknown) => this.#options.log.error('a runner did not end', { model: model.target.name, error }))
      .finally(() => {
        this.#ending.delete(ending)
        this.#advance()
      })
    this.#ending.add(ending)
  }

  #watch(model: LoadedModel, runner: Runner): void {
    void runner.exited.then(({ code, signal, lastLines }) => {
      if (this.#loaded.get(model.key) !== model) return
      this.#options.log.error('a runner died', { model: model.target.name, code, signal, lastLines })
      this.#loaded.delete(model.key)
      model.stopTimer()
      this.#advance()
    })
  }

  #leaseCount(): number {
    let count = 0
    for (const model of this.#loaded.values()) count += model.leases
    return count
  }
}

function isFor(waiting: Waiting, loading: Loading): boolean {
  return waiting.target.key === loading.key && !needsReload(loading.spec, waiting.spec)
}

function shuttingDown(): AppError {
  return new AppError('shutting_down', 'the server is shutting down')
}

function insufficientMemory(neededBytes: number, availableBytes: number): AppError {
  const toText = (bytes: number) => `${(bytes / GIBIBYTE).toFixed(1)} GiB`
  return new AppError(
    'insufficient_memory',
    `model requires more system memory (${toText(neededBytes)}) than is available (${toText(availableBytes)})`,
    { details: { neededBytes, availableBytes } },
  )
}
