// POST /api/pull and /api/push: the name is checked, the registry does the rest.

import { AppError } from '../base/errors.ts'
import type { Progress, Registry } from '../registry/registry.ts'
import { parseModelReference } from './model-reference.ts'
import type { TransferRequest } from './service.ts'

export async function* pullModel(request: TransferRequest, registry: Registry, signal: AbortSignal): AsyncGenerator<Progress> {
  yield* registry.pull(localName(request.model), { signal, insecure: request.insecure ?? false })
}

export async function* pushModel(request: TransferRequest, registry: Registry, signal: AbortSignal): AsyncGenerator<Progress> {
  yield* registry.push(localName(request.model), { signal, insecure: request.insecure ?? false })
}

function localName(model: string) {
  const reference = parseModelReference(model)
  if (reference.source === 'cloud')
    throw new AppError('cloud_disabled', 'ollama cloud is disabled: remote model is unavailable', { details: { model } })
  return reference.name
}
