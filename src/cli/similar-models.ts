// A model that was not found is most often a slip of the keyboard: the names that the server has and that are near are worth a line.

import { AppError, isAppError } from '../base/errors.ts'
import { formatSuggestions, suggestClose } from './suggest.ts'
import type { Context, Verb } from './verb.ts'

const MAX_SUGGESTIONS = 5
const LATEST = ':latest'

/** The error with names that may have been meant, where the server answered and has no model of the name that was typed. */
export async function withSimilarModels({ client }: Context, verb: Verb, typed: string | undefined, error: unknown): Promise<unknown> {
  const namesModel = verb.name !== 'pull' && (verb.completes === 'models' || verb.completes === 'running')
  if (!isAppError(error) || !namesModel || typed === undefined) return error
  if (error.code !== 'model_not_found' && typeof error.details.status !== 'number') return error
  const names = await readNames(client)
  const wanted = withoutLatest(typed)
  if (names.some((name) => withoutLatest(name) === wanted)) return error
  const near = suggestClose(wanted, names.map(withoutLatest)).slice(0, MAX_SUGGESTIONS)
  if (near.length === 0) return error
  return new AppError(error.code, error.message + formatSuggestions(near), { cause: error, details: error.details })
}

function withoutLatest(name: string): string {
  return name.endsWith(LATEST) ? name.slice(0, -LATEST.length) : name
}

/** The error that is being told matters more than one about this question. */
async function readNames(client: Context['client']): Promise<string[]> {
  try {
    return (await client.tags()).models.map(({ name }) => name)
  } catch (error) {
    if (isAppError(error)) return []
    throw error
  }
}
