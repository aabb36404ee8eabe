// From the text a client sent to the model it means. Errors carry that text, since each dialect words "not found" with it.

import { AppError, isAppError } from '../base/errors.ts'
import type { Model, ModelReader } from './model.ts'
import { parseModelReference } from './model-reference.ts'

/** Throws `model_required`, `invalid_model_name`, `invalid_request`, `cloud_disabled`, `model_not_found`, and what reading a model throws. */
export async function resolveModel(reader: ModelReader, text: string): Promise<Model> {
  const reference = withText(text, () => parseModelReference(text))
  if (reference.source === 'cloud') throw cloudDisabled(text)
  try {
    const model = await reader.read(reference.name)
    if (isStub(model) && reference.source === 'local') throw notFound(text)
    return model
  } catch (error) {
    throw isAppError(error, 'model_not_found') ? notFound(text, error) : error
  }
}

/** Of a model that runs elsewhere only its address is here. Throws `cloud_disabled` for one. */
export function requireLocal(model: Model, text: string): void {
  if (isStub(model)) throw cloudDisabled(text)
}

function isStub(model: Pick<Model, 'config'>): boolean {
  return model.config.remote_host !== undefined && model.config.remote_model !== undefined
}

function withText<T>(text: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!isAppError(error)) throw error
    throw new AppError(error.code, error.message, { cause: error, details: { ...error.details, model: text } })
  }
}

export function cloudDisabled(text: string): AppError {
  return new AppError('cloud_disabled', 'ollama cloud is disabled: remote model is unavailable', { details: { model: text } })
}

function notFound(text: string, cause?: unknown): AppError {
  return new AppError('model_not_found', `model '${text}' not found`, { cause, details: { model: text } })
}
