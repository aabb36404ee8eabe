import { AppError, type AppErrorOptions } from '../base/errors.ts'

/** The files are malformed, contradict one another or go beyond a limit. */
export function invalidModel(message: string, options?: AppErrorOptions): AppError {
  return new AppError('invalid_gguf', message, options)
}

/** The files may be in order; this converter does not know them. */
export function unsupportedModel(message: string, options?: AppErrorOptions): AppError {
  return new AppError('not_supported', message, options)
}
