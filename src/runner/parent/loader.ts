// LoadRunner over child processes: starts one, has it load the model, and hands out the Runner when the engine stands. A load that fails or is
// called off leaves no process behind. While it lasts, the process's resident memory tells how far it is.

import { onAbort, throwIfAborted } from '../../base/abort.ts'
import { AppError, cancelled, isAppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { ChildFacts, Failure, ToParent } from '../protocol.ts'
import type { LoadRunner, LoadSpec, RunnerExit, RunnerFacts } from '../runner.ts'
import { RunnerChannel } from './channel.ts'
import { explainWith } from './engine-log.ts'
import { toError } from './failure.ts'
import { readResidentBytes } from './resident-memory.ts'
import { type RunnerEntry, RunnerProcess } from './runner-process.ts'

export interface RunnerLoaderOptions {
  entry: RunnerEntry
  log: Log
}

const PROGRESS_INTERVAL_MS = 100

type Outcome =
  | { type: 'ready'; facts: ChildFacts }
  | { type: 'failed'; failure: Failure }
  | { type: 'exited'; exit: RunnerExit }
  | { type: 'aborted' }

export function createRunnerLoader(options: RunnerLoaderOptions): LoadRunner {
  const load = createPlainLoader(options)
  return async (spec, loadOptions) => {
    try {
      return await load(spec, loadOptions)
    } catch (error) {
      // At some files the engine ends its process; a draft model is no reason to do without the model.
      if (!spec.draft || !isAppError(error, 'load_failed') || error.details.atDraft !== true) throw error
      warnOfDraft(options.log, spec, error.message)
      const { draft: _, ...without } = spec
      return load(without, loadOptions)
    }
  }
}

function createPlainLoader({ entry, log }: RunnerLoaderOptions): LoadRunner {
  return async (spec, { signal, onProgress, mayGrow }) => {
    throwIfAborted(signal)
    let channel: RunnerChannel | undefined
    let settle: (outcome: Outcome) => void = () => {}
    const outcome = new Promise<Outcome>((resolve) => {
      settle = resolve
    })
    const onMessage = (message: ToParent) => {
      if (message.type === 'ready') settle({ type: 'ready', facts: message.facts })
      else if (message.type === 'load-failed') settle({ type: 'failed', failure: message.failure })
      else channel?.hear(message)
    }
    const runner = new RunnerProcess(entry, { log, onMessage })
    void runner.exited.then((exit) => settle({ type: 'exited', exit }))
    const off = onAbort(signal, () => settle({ type: 'aborted' }))
    const stopProgress = watchProgress(runner.processId, onProgress)
    runner.send({ type: 'load', spec })
    try {
      const { weightBytes, draftProblem, ...facts } = await readOutcome(runner, await outcome)
      if (draftProblem !== undefined) warnOfDraft(log, spec, draftProblem)
      channel = new RunnerChannel(runner, {
        facts,
        sizes: () => sizesOf(runner, weightBytes),
        mayGrow: mayGrow ?? (() => false),
      })
      return channel
    } catch (error) {
      runner.kill()
      await runner.exited
      throw error
    } finally {
      stopProgress()
      off()
    }
  }
}

function warnOfDraft(log: Log, { modelPath, draft }: LoadSpec, reason: string): void {
  log.warn('the draft model is left out', { model: modelPath, draft: draft?.modelPath, reason })
}

async function readOutcome(runner: RunnerProcess, outcome: Outcome): Promise<ChildFacts & { processId: number }> {
  if (outcome.type === 'aborted') throw cancelled()
  await runner.log.loaded
  const { lastLines } = runner.log
  if (outcome.type === 'exited') {
    throw new AppError('load_failed', `the runner has stopped while it loaded the model${explainWith(lastLines)}`, {
      details: { exitCode: outcome.exit.code, signal: outcome.exit.signal, lastLines, atDraft: runner.log.role === 'draft' },
    })
  }
  if (outcome.type === 'failed') throw toError(outcome.failure, lastLines)
  return { ...outcome.facts, processId: runner.processId }
}

/** Read from the engine's log whenever they are wanted, since a context that grows changes them. */
function sizesOf(runner: RunnerProcess, weightBytes: number): Pick<RunnerFacts, 'sizeBytes' | 'sizeVramBytes'> {
  const { sizeBytes, sizeVramBytes } = runner.log.sizes
  return { sizeBytes: Math.max(sizeBytes, weightBytes), sizeVramBytes }
}

function watchProgress(processId: number, onProgress: ((loadedBytes: number) => void) | undefined): () => void {
  if (!onProgress) return () => {}
  const timer = setInterval(() => {
    const loadedBytes = readResidentBytes(processId)
    if (loadedBytes !== undefined) onProgress(loadedBytes)
  }, PROGRESS_INTERVAL_MS)
  timer.unref()
  return () => clearInterval(timer)
}
