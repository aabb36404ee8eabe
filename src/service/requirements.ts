// What a request asks of a model, checked before anything is loaded for it (contract/native.md sections 2.2 to 2.4 and 4.3).

import { AppError } from '../base/errors.ts'
import { quoteGo } from '../base/go-text.ts'
import type { Think } from '../chat/message.ts'
import type { Capability } from '../model/capability.ts'
import { fullName } from '../model/name.ts'
import type { Model } from './model.ts'
import type { CompletionFields } from './service.ts'

export interface Requirements {
  /** As the client named the model. */
  model: string
  /** How the refusal of a model without completion is worded: `does not support chat`. */
  use: 'chat' | 'generate'
  capabilities: readonly Capability[]
}

/** Throws `unsupported_capability` with `details.capability`. */
export function requireCapabilities(model: Model, { model: text, use, capabilities }: Requirements): void {
  if (!model.capabilities.includes('completion')) {
    throw new AppError('unsupported_capability', `${quoteGo(text)} does not support ${use}`, {
      details: { model: text, capability: 'completion' },
    })
  }
  const missing = capabilities.filter((capability) => !model.capabilities.includes(capability))
  if (missing.length === 0) return
  throw new AppError('unsupported_capability', `${fullName(model.name)} does not support ${missing.join('\n')}`, {
    details: { model: text, capability: missing[0] },
  })
}

/** What the request says, else true for a model that thinks; absent for one that does not. Throws `thinking_unsupported`. */
export function decideThink(model: Model, { model: text, think, thinkIsOptional }: CompletionFields): Think | undefined {
  if (model.capabilities.includes('thinking')) return think ?? true
  if (think === undefined || think === false) return think
  if (thinkIsOptional) return undefined
  throw new AppError('thinking_unsupported', `${quoteGo(text)} does not support thinking`, { details: { model: text } })
}

/** Throws what Ollama says of a model whose runner it has dropped. */
export function refuseOldVision(model: Model): void {
  const isOld = model.config.model_families?.includes('mllama') && model.projectorPaths.length > 0
  if (!isOld) return
  throw new AppError(
    'not_supported',
    "'llama3.2-vision' is no longer compatible with your version of Ollama and has been replaced by a newer version. To re-download, run 'ollama pull llama3.2-vision'",
  )
}
