import { AppError } from '../../base/errors.ts'
import type { Failure } from '../protocol.ts'
import { explainWith } from './engine-log.ts'

/** The error that a child has sent. With the last lines of the engine's log it ends with the engine's own words, and `details.lastLines` has them all. */
export function toError({ code, message, details }: Failure, lastLines?: string): AppError {
  if (lastLines === undefined) return new AppError(code, message, { details })
  return new AppError(code, `${message}${explainWith(lastLines)}`, { details: { ...details, lastLines } })
}
