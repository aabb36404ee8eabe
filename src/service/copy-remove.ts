// POST /api/copy and DELETE /api/delete: manifests only; blobs go when nothing refers to them any more.

import { AppError } from '../base/errors.ts'
import { tryParseModelName } from '../model/name.ts'
import type { Store } from '../store/store.ts'

export async function copyModel(source: string, destination: string, store: Store): Promise<void> {
  const from = tryParseModelName(source)
  if (!from) throw invalidName('source', source)
  const to = tryParseModelName(destination)
  if (!to) throw invalidName('destination', destination)
  const stored = await store.manifests.read(from)
  if (!stored) throw new AppError('model_not_found', `model ${JSON.stringify(source)} not found`, { details: { model: source } })
  await store.manifests.write(to, stored.bytes)
}

/** The model's runner, if any, goes on until its keep-alive ends. */
export async function removeModel(model: string, store: Store): Promise<void> {
  const name = tryParseModelName(model)
  if (!name) throw invalidName('name', model)
  const stored = await store.manifests.read(name)
  if (!stored) throw new AppError('model_not_found', `model '${model}' not found`, { details: { model } })
  await store.manifests.remove(stored.name)
  await store.removeUnused([...stored.manifest.layers, stored.manifest.config])
}

function invalidName(what: string, text: string): AppError {
  return new AppError('invalid_model_name', `${what} ${JSON.stringify(text)} is invalid`, { details: { model: text } })
}
