// What the operating system says when it refuses, told by its code and never by its text.

/** `ENOENT`, `EPIPE`, ...; undefined for an error that has none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Nothing has that name, or a part of its path is no folder. */
export function isMissing(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** Undefined where nothing has that name; everything else is thrown on. */
export async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** The same for what answers at once. */
export function unlessMissingNow<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
