import type { Running } from '../scheduler/target.ts'
import type { RunningModel } from './service.ts'

/** Those that stay longest first. */
export function listRunning(running: readonly Running[]): RunningModel[] {
  return [...running].sort((a, b) => (a.expiresMs === b.expiresMs ? 0 : b.expiresMs > a.expiresMs ? 1 : -1))
}
