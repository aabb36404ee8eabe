import { AppError } from '../../base/errors.ts'

/** Problems of a chat template; with a source, the line is named. */
export function jinjaError(problem: string, source?: string, at = 0): AppError {
  const line = source === undefined ? '' : `line ${source.slice(0, at).split('\n').length}: `
  return new AppError('template_error', `chat template: ${line}${problem}`)
}
