// What a client may write where a model is meant: a name, perhaps with `:local` or `:cloud` behind it (contract/native.md section 9).

import { AppError } from '../base/errors.ts'
import { type ModelName, parseModelName } from '../model/name.ts'

export interface ModelReference {
  name: ModelName
  /** Told apart by a suffix; absent where the client left it open. */
  source?: 'local' | 'cloud'
}

/** Throws `model_required`, `invalid_model_name`, or `invalid_request` for two suffixes. `details.model` is the text as it was sent. */
export function parseModelReference(text: string): ModelReference {
  const trimmed = text.trim()
  if (trimmed === '') throw new AppError('model_required', 'model is required', { details: { model: text } })
  const { base, source } = splitSource(trimmed)
  if (source === undefined) return { name: parseModelName(trimmed) }
  if (splitSource(base).source !== undefined) {
    throw new AppError('invalid_request', `use either :local or :cloud, not both: ${JSON.stringify(trimmed)}`, { details: { model: text } })
  }
  return { name: parseModelName(base), source }
}

function splitSource(text: string): { base: string; source?: 'local' | 'cloud' } {
  const colon = text.lastIndexOf(':')
  if (colon < 0) return { base: text }
  const suffix = text.slice(colon + 1).trim()
  const word = suffix.toLowerCase()
  if (word === 'cloud' || word === 'local') return { base: text.slice(0, colon), source: word }
  if (!suffix.includes('/') && word.endsWith('-cloud')) {
    return { base: text.slice(0, colon + 1) + suffix.slice(0, -'-cloud'.length), source: 'cloud' }
  }
  return { base: text }
}
