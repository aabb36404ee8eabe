// What the endpoints that run a model share.

import { AppError, toAppError } from '../../base/errors.ts'
import { RUN_STAGE } from './errors.ts'

/** wire: what fails once a request has been decoded is said without a charset. */
export async function runStage<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (thrown) {
    const error = toAppError(thrown)
    throw new AppError(error.code, error.message, { cause: error.cause ?? error, details: { ...error.details, stage: RUN_STAGE } })
  }
}

/** A run ends with `finish`, or it has failed. */
export function cutShort(): AppError {
  return new AppError('engine_error', 'an error was encountered while running the model: unexpected EOF')
}
