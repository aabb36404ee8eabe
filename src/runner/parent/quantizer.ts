// QuantizeModel over a child process: the engine's call blocks it, so it hears nothing, its log tells how far it is, and to call it off is to
// kill it. One at a time, since each takes every core.

import { onAbort, raceAbort, throwIfAborted } from '../../base/abort.ts'
import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { ToParent } from '../protocol.ts'
import type { QuantizeModel, QuantizeOptions, QuantizeSpec, RunnerExit } from '../runner.ts'
import { explainWith } from './engine-log.ts'
import { toError } from './failure.ts'
import { type RunnerEntry, RunnerProcess } from './runner-process.ts'

/** `[   3/ 272] blk.0.attn_k.weight                  - [  576,   192,     1,     1], ...`, which ends when the tensor is written. */
const TENSOR_LINE = /^\[ *\d+\/ *\d+\] (.+?) +- \[/

export function createQuantizer({ entry, log }: { entry: RunnerEntry; log: Log }): QuantizeModel {
  let last: Promise<void> = Promise.resolve()
  return async (spec, options) => {
    const before = last
    let release: () => void = () => {}
    const own = new Promise<void>((resolve) => {
      release = resolve
    })
    last = before.then(() => own)
    try {
      await raceAbort(before, options.signal)
      await quantize(spec, options, { entry, log })
    } finally {
      release()
    }
  }
}

async function quantize(spec: QuantizeSpec, options: QuantizeOptions, { entry, log }: { entry: RunnerEntry; log: Log }): Promise<void> {
  const { signal, onTensor } = options
  throwIfAborted(signal)
  const child = new RunnerProcess(entry, {
    log,
    onLine: (line) => {
      const name = TENSOR_LINE.exec(line)?.[1]
      if (name !== undefined) onTensor?.(name)
    },
  })
  const off = onAbort(signal, () => child.kill())
  try {
    const answer = await child.ask({ type: 'quantize', spec })
    // All of its log has been read when it is gone.
    await child.close()
    throwIfAborted(signal)
    checkAnswer(answer, await child.exited)
  } finally {
    off()
  }
}

function checkAnswer(answer: ToParent | undefined, { code, signal, lastLines }: RunnerExit): void {
  if (answer?.type === 'quantized') return
  if (answer?.type === 'load-failed') throw toError(answer.failure, lastLines)
  const how = signal === null ? `exit status ${code}` : signal
  throw new AppError('runner_crashed', `the process that quantizes the model has stopped (${how})${explainWith(lastLines)}`, {
    details: { exitCode: code, signal, lastLines },
  })
}
