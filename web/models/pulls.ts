// Pulls that this page has begun. They go on while another page is looked at; leaving the console ends them, and what was fetched is kept by the
// server for the next attempt.

import type { ProgressBody } from '../../src/api/transfer.ts'
import { toFailure } from '../api/failure.ts'
import { createState, type State } from '../base/state.ts'
import { addProgress, NO_PROGRESS, type PullProgress } from './pull-progress.ts'

export interface Pull {
  model: string
  /** From a registry over plain HTTP, or with a certificate that nobody vouches for. */
  isInsecure: boolean
  progress: PullProgress
  state: 'running' | 'done' | 'stopped' | 'failed'
  error?: string
}

export interface Pulls {
  readonly all: State<readonly Pull[]>
  /** Resolves at its end, whatever that is. A name that is being pulled is not pulled beside itself. */
  begin(model: string, isInsecure: boolean): Promise<void>
  cancel(model: string): void
  /** Takes one that has ended off the list. */
  dismiss(model: string): void
}

export interface PullsOptions {
  pull(request: { model: string; insecure: boolean }, signal: AbortSignal): AsyncIterable<ProgressBody>
  onEnd(pull: Pull): void
}

export function createPulls({ pull, onEnd }: PullsOptions): Pulls {
  const all = createState<readonly Pull[]>([])
  const running = new Map<string, AbortController>()
  const put = (next: Pull) => {
    const isKnown = all.value.some(({ model }) => model === next.model)
    all.set(isKnown ? all.value.map((one) => (one.model === next.model ? next : one)) : [...all.value, next])
  }
  const follow = async (pulled: Pick<Pull, 'model' | 'isInsecure'>, signal: AbortSignal): Promise<Pull> => {
    let progress = NO_PROGRESS
    try {
      for await (const record of pull({ model: pulled.model, insecure: pulled.isInsecure }, signal)) {
        progress = addProgress(progress, record)
        put({ ...pulled, progress, state: 'running' })
      }
      return progress.status === 'success'
        ? { ...pulled, progress, state: 'done' }
        : { ...pulled, progress, state: 'failed', error: 'the answer broke off' }
    } catch (error) {
      const { kind, message } = toFailure(error)
      return kind === 'stopped' ? { ...pulled, progress, state: 'stopped' } : { ...pulled, progress, state: 'failed', error: message }
    }
  }
  return {
    all,
    async begin(model, isInsecure) {
      if (running.has(model)) return
      const controller = new AbortController()
      running.set(model, controller)
      put({ model, isInsecure, progress: NO_PROGRESS, state: 'running' })
      const end = await follow({ model, isInsecure }, controller.signal)
      running.delete(model)
      put(end)
      onEnd(end)
    },
    cancel: (model) => running.get(model)?.abort(),
    dismiss: (model) => all.set(all.value.filter((one) => one.model !== model || one.state === 'running')),
  }
}
