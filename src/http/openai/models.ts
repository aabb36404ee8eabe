// `GET /v1/models` and `/v1/models/{model}`. Beside OpenAI's fields stand the two that clients ask for: the context length and what a model can do.

import { tryParseModelName } from '../../model/name.ts'
import { json, type Reply } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import type { OpenAiContext } from './context.ts'
import { JSON_WITHOUT_CHARSET } from './errors.ts'
import { runStage } from './run.ts'

interface ModelBody {
  id: string
  object: 'model'
  created: number
  owned_by: string
  context_length?: number
  capabilities?: string[]
}

interface ModelFacts {
  modifiedMs: number
  contextLength?: number
  capabilities: readonly string[]
}

export function handleModels(_: HttpRequest, { service }: OpenAiContext): Promise<Reply> {
  return runStage(async () => {
    const data = (await service.list()).map((model) => toModelBody(model.name, model))
    return json({ object: 'list', data }, { contentType: JSON_WITHOUT_CHARSET })
  })
}

export function handleModel({ params }: HttpRequest, { service }: OpenAiContext): Promise<Reply> {
  const model = params.model ?? ''
  return runStage(async () => {
    const { modifiedMs, modelInfo, capabilities } = await service.show({ model })
    const contextLength = modelInfo[`${modelInfo['general.architecture']}.context_length`]
    const facts = { modifiedMs, capabilities, ...(typeof contextLength === 'number' ? { contextLength } : {}) }
    return json(toModelBody(model, facts), { contentType: JSON_WITHOUT_CHARSET })
  })
}

function toModelBody(id: string, { modifiedMs, contextLength, capabilities }: ModelFacts): ModelBody {
  return {
    id,
    object: 'model',
    created: Math.floor(modifiedMs / 1000),
    owned_by: tryParseModelName(id)?.namespace ?? '',
    ...(contextLength ? { context_length: contextLength } : {}),
    ...(capabilities.length > 0 ? { capabilities: [...capabilities] } : {}),
  }
}
