// Ctrl-C while something goes on for long: the work is told by its signal, and the user reads what remains of it. The exit status is the
// one that a shell gives a program that SIGINT ended, so that a script stops too.

import { AppError, isAppError } from '../base/errors.ts'
import type { CliIo } from './io.ts'

export const INTERRUPTED_STATUS = 130

/** Throws `cancelled` with the note as its message when the user interrupted the work. */
export async function untilInterrupted<T>(io: CliIo, note: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const release = io.onInterrupt(() => controller.abort())
  try {
    return await work(controller.signal)
  } catch (error) {
    if (!controller.signal.aborted) throw error
    throw new AppError('cancelled', note, { cause: error, details: { interrupted: true } })
  } finally {
    release()
  }
}

export function isInterrupted(error: unknown): error is AppError {
  return isAppError(error, 'cancelled') && error.details.interrupted === true
}
