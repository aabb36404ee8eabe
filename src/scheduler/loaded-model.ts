// One runner and how long it stays: counts its leases and holds the keep-alive timer that runs while there are none.

import type { Clock, Timer } from '../base/clock.ts'
import type { LoadSpec, Runner } from '../runner/runner.ts'
import { createLease, type Lease } from './lease.ts'
import type { Resident } from './placement.ts'
import type { LoadTarget, Running } from './target.ts'

export interface LoadedModelOptions {
  target: LoadTarget
  spec: LoadSpec
  runner: Runner
  keepAliveNs: number
  estimatedBytes: number
  clock: Clock
  /** The last lease has come back. */
  onIdle: (model: LoadedModel) => void
  /** The keep-alive has run out. */
  onDue: (model: LoadedModel) => void
}

export interface Grant {
  loadNs: number
  keepAliveNs: number | undefined
  contextLimitTokens: number
}

export class LoadedModel implements Resident {
  readonly target: LoadTarget
  readonly spec: LoadSpec
  readonly runner: Runner
  readonly #options: LoadedModelOptions
  readonly #firstTokens: number
  leases = 0
  keepAliveNs: number
  lastUsedMs: number
  #timer: Timer | undefined
  #idleSinceMs: number | undefined

  constructor(options: LoadedModelOptions) {
    this.#options = options
    this.target = options.target
    this.spec = options.spec
    this.runner = options.runner
    this.#firstTokens = options.runner.facts.contextTokens
    this.keepAliveNs = options.keepAliveNs
    this.lastUsedMs = options.clock.nowMs()
  }

  get key(): string {
    return this.target.key
  }

  /** What the engine says that it has taken; the estimate while it says nothing. */
  get sizeBytes(): number {
    return this.runner.facts.sizeBytes || this.#options.estimatedBytes
  }

  /** In force, per sequence. The engine rounds up the size that it is asked for; until the context grows, the size that was asked for counts. */
  get contextTokens(): number {
    const { contextTokens } = this.runner.facts
    return this.hasGrown ? contextTokens : Math.min(contextTokens, this.spec.contextTokens)
  }

  get hasGrown(): boolean {
    return this.runner.facts.contextTokens > this.#firstTokens
  }

  /** When it is unloaded, milliseconds since 1970. While the model is in use, its keep-alive counts from now. */
  get expiresMs(): number {
    return (this.#idleSinceMs ?? this.#options.clock.nowMs()) + this.keepAliveNs / 1e6
  }

  /** Without `keepAliveNs` the one of the request before stays in force. */
  grant({ loadNs, keepAliveNs, contextLimitTokens }: Grant): Lease {
    this.leases += 1
    this.stopTimer()
    this.#idleSinceMs = undefined
    if (keepAliveNs !== undefined) this.keepAliveNs = keepAliveNs
    return createLease({
      runner: this.runner,
      loadNs,
      contextTokens: this.contextTokens,
      contextLimitTokens,
      batchTokens: this.spec.batchTokens,
      onRelease: () => this.#takeBack(),
    })
  }

  /** Starts the keep-alive of a model that nobody uses. */
  startTimer(): void {
    this.stopTimer()
    const { clock, onDue } = this.#options
    this.#idleSinceMs ??= clock.nowMs()
    if (this.keepAliveNs === Number.POSITIVE_INFINITY) return
    // A timer may fire early where the wait is longer than timers reach; then another one follows.
    this.#timer = clock.after(Math.ceil(this.expiresMs - clock.nowMs()), () => {
      if (this.expiresMs > clock.nowMs()) this.startTimer()
      else onDue(this)
    })
  }

  stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** As /api/ps lists it. */
  toRunning(): Running {
    const { name, digestHex, details } = this.target
    return {
      name,
      digestHex,
      details,
      sizeBytes: this.sizeBytes,
      sizeVramBytes: this.runner.facts.sizeVramBytes,
      contextTokens: this.contextTokens,
      expiresMs: this.expiresMs,
    }
  }

  #takeBack(): void {
    this.leases -= 1
    this.lastUsedMs = this.#options.clock.nowMs()
    if (this.leases > 0) return
    this.#idleSinceMs = this.lastUsedMs
    this.#options.onIdle(this)
  }
}
