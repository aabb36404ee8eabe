import type { Runner } from '../runner/runner.ts'

/** The right to use a runner; it stays loaded until the last lease is released. */
export interface Lease extends Disposable, AsyncDisposable {
  readonly runner: Runner
  /** From the request to the grant; never 0. */
  readonly loadNs: number
  /** Context in force, per sequence. */
  readonly contextTokens: number
  readonly batchTokens: number
  /** Idempotent. */
  release(): void
}

export interface LeaseOptions {
  runner: Runner
  loadNs: number
  contextTokens: number
  batchTokens: number
  onRelease: () => void
}

export function createLease({ runner, loadNs, contextTokens, batchTokens, onRelease }: LeaseOptions): Lease {
  let released = false
  const release = () => {
    if (released) return
    released = true
    onRelease()
  }
  return {
    runner,
    loadNs: Math.max(loadNs, 1),
    contextTokens,
    batchTokens,
    release,
    [Symbol.dispose]: release,
    [Symbol.asyncDispose]: async () => release(),
  }
}
