// POST /api/pull and /api/push: the name is checked, the registry does the rest.

import { AppError, isAppError } from '../base/errors.ts'
import { DEFAULT_HOST, DEFAULT_NAMESPACE, DEFAULT_TAG, type ModelName } from '../model/name.ts'
import { parseFileUrl } from '../registry/file-url.ts'
import type { Progress, Registry, TransferOptions } from '../registry/registry.ts'
import { parseModelReference } from './model-reference.ts'
import { cloudDisabled } from './resolve.ts'
import type { TransferRequest } from './service.ts'

/** Is told of each model before its pull is said to have succeeded. */
export type OnPulled = (name: ModelName) => Promise<void>

export async function* pullModel(
  request: TransferRequest,
  { registry, onPulled }: { registry: Registry; onPulled?: OnPulled | undefined },
  signal: AbortSignal,
): AsyncGenerator<Progress> {
  checkScheme(request)
  const url = parseFileUrl(request.model)
  if (url) return yield* registry.pullFile(url, toOptions(request, signal))
  const name = localName(request.model)
  for await (const progress of registry.pull(name, toOptions(request, signal))) {
    if (progress.status === 'success') await onPulled?.(name)
    yield progress
  }
}

export async function* pushModel(request: TransferRequest, registry: Registry, signal: AbortSignal): AsyncGenerator<Progress> {
  checkScheme(request)
  const name = yield* nameToPush(request.model)
  yield* registry.push(name, toOptions(request, signal))
}

/** wire: push finds out that a name is none only after it has begun. */
function* nameToPush(model: string): Generator<Progress, ModelName> {
  try {
    return localName(model)
  } catch (error) {
    if (model === '' || !isAppError(error) || error.code === 'cloud_disabled') throw error
    yield { status: 'retrieving manifest' }
    yield { status: "couldn't retrieve manifest" }
    throw new AppError('invalid_model_name', `unqualified name: ${spellOut(model)}`, { cause: error, details: { model } })
  }
}

/** What is not there is filled in, also where the whole is no name. */
function spellOut(model: string): string {
  const path = model.slice(model.lastIndexOf('://') < 0 ? 0 : model.lastIndexOf('://') + 3)
  const tagged = path.lastIndexOf(':') > path.lastIndexOf('/') ? path : `${path}:${DEFAULT_TAG}`
  const parts = tagged.split('/').map((part) => part.replace(/^(?=:|$)|(?<=:)$/, '!MISSING!'))
  return [DEFAULT_HOST, DEFAULT_NAMESPACE]
    .slice(0, Math.max(3 - parts.length, 0))
    .concat(parts)
    .join('/')
}

/** A name has no scheme; who writes `http://` before it would get https in silence, and a riddle of TLS. */
function checkScheme({ model, insecure = false }: TransferRequest): void {
  if (/^\s*http:\/\//i.test(model) && !insecure) throw new AppError('invalid_request', 'insecure protocol http', { details: { model } })
}

function toOptions({ insecure = false, limitBytesPerSecond }: TransferRequest, signal: AbortSignal): TransferOptions {
  return { signal, insecure, ...(limitBytesPerSecond === undefined ? {} : { limitBytesPerSecond }) }
}

function localName(model: string) {
  const reference = parseModelReference(model)
  if (reference.source === 'cloud') throw cloudDisabled(model)
  return reference.name
}
