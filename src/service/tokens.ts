// Text to token ids and back, in the vocabulary of a model.

import { requireLocal, resolveModel } from './resolve.ts'
import { type RunOptions, startRun } from './run.ts'
import type { RunRequest } from './service.ts'

export async function tokenize(options: RunOptions, request: RunRequest & { text: string }, signal: AbortSignal): Promise<number[]> {
  using lease = await leaseRunner(options, request, signal)
  return await lease.runner.tokenize(request.text, { addSpecial: false, parseSpecial: true })
}

export async function detokenize(options: RunOptions, request: RunRequest & { tokens: number[] }, signal: AbortSignal): Promise<string> {
  using lease = await leaseRunner(options, request, signal)
  return await lease.runner.detokenize(request.tokens)
}

async function leaseRunner(options: RunOptions, request: RunRequest, signal: AbortSignal) {
  const startNs = options.clock.monotonicNs()
  const model = await resolveModel(options.reader, request.model)
  requireLocal(model, request.model)
  return (await startRun(options, { model, request, startNs, signal })).lease
}
