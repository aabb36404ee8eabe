import { AppError } from '../../base/errors.ts'

/** A schema that we do not express; `path` is the JSON pointer of the schema or of the keyword that is to blame. */
export function schemaError(path: string, reason: string): AppError {
  return new AppError('invalid_format', `JSON schema error at ${path}: ${reason}`, { details: { path, reason } })
}

export function childPath(path: string, ...keys: readonly (string | number)[]): string {
  return [path, ...keys.map((key) => String(key).replaceAll('~', '~0').replaceAll('/', '~1'))].join('/')
}
