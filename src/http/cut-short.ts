import { AppError } from '../base/errors.ts'

/** For a run that ended without `finish`, in the words of Ollama, which all dialects have. */
export function cutShort(): AppError {
  return new AppError('engine_error', 'an error was encountered while running the model: unexpected EOF')
}
