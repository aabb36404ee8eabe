import type { Runner } from '../runner/runner.ts'

/** The right to use a runner; it stays loaded until the last lease is released. */
export interface Lease extends Disposable, AsyncDisposable {
  readonly runner: Runner
  /** From the request to the grant; never 0. */
  readonly loadNs: number
  /** Context in force at the grant, per sequence. */
  readonly contextTokens: number
  /** How far the context may grow for this request, per sequence. */
  readonly contextLimitTokens: number
  readonly batchTokens: number
  /** Idempotent. */
  release(): void
}

export interface LeaseOptions {
  runner: Runner
  loadNs: number
  contextTokens: number
  contextLimitTokens: number
  batchTokens: number
  onRelease: () => void
}

/** `onRelease` is called once, however often the lease is released. */
export function createLease({ onRelease, ...parts }: LeaseOptions): Lease {
  let released = false
  const release = () => {
    if (released) return
    released = true
    onRelease()
  }
  return {
    ...parts,
    loadNs: Math.max(parts.loadNs, 1),
    release,
    [Symbol.dispose]: release,
    [Symbol.asyncDispose]: async () => release(),
  }
}
