// POST /api/pull and /api/push: the name is checked, the registry does the rest.

import { AppError } from '../base/errors.ts'
import type { ModelName } from '../model/name.ts'
import { parseFileUrl } from '../registry/file-url.ts'
import type { Progress, Registry, TransferOptions } from '../registry/registry.ts'
import { parseModelReference } from './model-reference.ts'
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
  yield* registry.push(localName(request.model), toOptions(request, signal))
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
  if (reference.source === 'cloud')
    throw new AppError('cloud_disabled', 'ollama cloud is disabled: remote model is unavailable', { details: { model } })
  return reference.name
}
