import { Failure } from '../failure.ts'

/** As a request that the user stops. */
export function untilStopped(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new Failure('stopped', 'stopped'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop)
  })
}
