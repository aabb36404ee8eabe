// One attempt to load a model, watched: given up when nobody waits for it any more or when it makes no progress for too long.
// A runner that arrives after its attempt was given up is closed, never leaked.

import { raceAbort } from '../base/abort.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { formatDurationNs } from '../base/duration.ts'
import { AppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { ContextSize, LoadRunner, LoadSpec, Runner } from '../runner/runner.ts'

/** A loader that was told to give up has so long to end its process; then the next load may start beside it. */
const GIVE_UP_MS = 10_000

export interface LoadAttempt {
  readonly runner: Promise<Runner>
  /** True once `abandon` was called: nobody waits for the failure that follows. */
  readonly abandoned: boolean
  /** Calls the load off; `runner` then rejects. */
  abandon(): void
}

export interface LoadAttemptOptions {
  loadRunner: LoadRunner
  spec: LoadSpec
  mayGrow: (wanted: ContextSize) => boolean
  clock: Clock
  log: Log
  /** 0 or less = wait for ever. */
  timeoutMs: number
}

/** `runner` throws what the loader throws, `load_timeout`, and `cancelled` when the attempt was abandoned. */
export function startLoad(options: LoadAttemptOptions): LoadAttempt {
  const controller = new AbortController()
  let abandoned = false
  return {
    runner: load(options, controller),
    get abandoned() {
      return abandoned
    },
    abandon() {
      abandoned = true
      controller.abort()
    },
  }
}

async function load(
  { loadRunner, spec, mayGrow, clock, log, timeoutMs }: LoadAttemptOptions,
  controller: AbortController,
): Promise<Runner> {
  let stall: Timer | undefined
  let timeout: AppError | undefined
  const watch = () => {
    stall?.cancel()
    if (timeoutMs <= 0 || timeoutMs === Number.POSITIVE_INFINITY || controller.signal.aborted) return
    stall = clock.after(timeoutMs, () => {
      const waited = formatDurationNs(timeoutMs * 1e6)
      timeout = new AppError('load_timeout', `timed out waiting for the model to load: no progress for ${waited}`)
      controller.abort(timeout)
    })
  }
  let lastBytes: number | undefined
  const onProgress = (loadedBytes: number) => {
    // Told over and over, the same amount is no progress.
    if (loadedBytes !== lastBytes) watch()
    lastBytes = loadedBytes
  }
  watch()
  const loading = loadRunner(spec, { signal: controller.signal, onProgress, mayGrow })
  try {
    return await raceAbort(loading, controller.signal)
  } catch (error) {
    if (controller.signal.aborted) await settle(loading, clock, log)
    throw timeout ?? error
  } finally {
    stall?.cancel()
  }
}

async function settle(loading: Promise<Runner>, clock: Clock, log: Log): Promise<void> {
  const ended = loading.then(
    (runner) => runner.close(),
    (error: unknown) => log.debug('a load was given up', { error }),
  )
  let timer: Timer | undefined
  const late = new Promise<void>((resolve) => {
    timer = clock.after(GIVE_UP_MS, resolve)
  })
  await Promise.race([ended, late])
  timer?.cancel()
}
