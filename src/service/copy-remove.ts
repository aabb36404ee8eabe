// POST /api/copy and DELETE /api/delete: manifests only; blobs go when nothing refers to them any more.

import { AppError, isAppError } from '../base/errors.ts'
import { quoteGo } from '../base/go-text.ts'
import { fullName, type ModelName, parseModelName, tryParseModelName } from '../model/name.ts'
import type { Store, StoredManifest } from '../store/store.ts'
import { parseModelReference } from './model-reference.ts'

export async function copyModel(source: string, destination: string, store: Store): Promise<void> {
  const from = tryParseModelName(source)
  if (!from) throw invalidName('source', source)
  const to = tryParseModelName(destination)
  if (!to) throw invalidName('destination', destination)
  const stored = await store.manifests.read(from)
  if (!stored) throw new AppError('model_not_found', `model ${JSON.stringify(source)} not found`, { details: { model: source } })
  await store.manifests.write(to, stored.bytes)
}

/** With the downloads that were begun for it; one that is under way goes on. The model's runner, if any, does until its keep-alive ends. */
export async function removeModel(model: string, store: Store): Promise<void> {
  const name = nameToRemove(model)
  const stored = await readUnlessCorrupt(name, store)
  const removed = await store.manifests.remove(stored?.name ?? name)
  const partials = await store.removePartials(name)
  if (!removed && partials === 0) throw new AppError('model_not_found', `model '${model}' not found`, { details: { model } })
  if (stored) await store.removeUnused([...stored.manifest.layers, stored.manifest.config])
}

/** A manifest that cannot be read keeps every prune from deleting: it must be possible to remove it. */
async function readUnlessCorrupt(name: ModelName, store: Store): Promise<StoredManifest | undefined> {
  try {
    return await store.manifests.read(name)
  } catch (error) {
    if (isAppError(error, 'store_corrupt')) return undefined
    throw error
  }
}

/** A stub of a cloud model is stored under its whole name; `:local` is only a word about it. */
function nameToRemove(model: string): ModelName {
  try {
    const { name, source } = parseModelReference(model)
    // wire: `m:20b:cloud` is stored as `m:20b-cloud`.
    return source === 'cloud' ? (tryParseModelName(model) ?? parseModelName(`${fullName(name)}-cloud`)) : name
  } catch (error) {
    throw isAppError(error, 'invalid_model_name') ? invalidName('name', model) : error
  }
}

function invalidName(what: string, text: string): AppError {
  return new AppError('invalid_model_name', `${what} ${quoteGo(text)} is invalid`, { details: { model: text } })
}
