// POST /api/show: everything that is known of one model (contract/native.md section 7.5).

import { readGgufHead } from '../gguf/head.ts'
import type { GgufArray, GgufHead, GgufValue } from '../gguf/types.ts'
import type { Model, ModelReader } from './model.ts'
import { parseModelReference } from './model-reference.ts'
import { formatParameters, toModelfileText } from './model-text.ts'
import { cloudDisabled } from './resolve.ts'
import type { ShownModel, ShowRequest } from './service.ts'

export async function showModel(request: ShowRequest, reader: ModelReader): Promise<ShownModel> {
  const reference = parseModelReference(request.model)
  if (reference.source === 'cloud') throw cloudDisabled(request.model)
  const model = await reader.read(reference.name)
  const system = request.system || model.system
  const template = shownTemplate(model)
  const parameters = formatParameters(model.params)
  const head = request.verbose && model.modelPath ? await readGgufHead(model.modelPath, { arrays: 'values' }) : model.head
  const projectorPath = model.projectorPaths[0]
  const projector =
    projectorPath === undefined ? undefined : await readGgufHead(projectorPath, { arrays: request.verbose ? 'values' : 'skip' })
  return {
    ...(model.licenses.length > 0 ? { license: model.licenses.join('\n') } : {}),
    modelfile: toModelfileText(model, { system, parameters: { ...model.params, ...request.options } }),
    ...(parameters ? { parameters } : {}),
    ...(template ? { template } : {}),
    ...(system ? { system } : {}),
    details: model.details,
    ...(model.messages.length > 0 ? { messages: [...model.messages] } : {}),
    ...(model.config.remote_model ? { remoteModel: model.config.remote_model } : {}),
    ...(model.config.remote_host ? { remoteHost: model.config.remote_host } : {}),
    modelInfo: head ? toInfo(head) : {},
    ...(projector ? { projectorInfo: toInfo(projector) } : {}),
    ...(head ? { tensors: head.tensors.map(({ name, type, shape }) => ({ name, type, shape })) } : {}),
    capabilities: [...model.capabilities],
    modifiedMs: model.stored.modifiedMs,
    ...(model.config.requires ? { requires: model.config.requires } : {}),
  }
}

/** The template that prompts are built with. */
function shownTemplate(model: Model): string {
  if (model.templateKind === 'jinja' && model.chatTemplate !== undefined) return model.chatTemplate
  return model.goTemplate ?? '{{ .Prompt }}'
}

const HIDDEN = ['general.name', 'tokenizer.chat_template']

function toInfo(head: GgufHead): Record<string, unknown> {
  const shown = [...head.metadata].filter(([key]) => !HIDDEN.includes(key)).map(([key, value]) => [key, toInfoValue(value)])
  return { ...Object.fromEntries(shown), 'general.parameter_count': head.parameterCount }
}

/** Arrays that were not read, and are not empty, show as null. */
function toInfoValue(value: GgufValue): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object') return value
  return toInfoArray(value)
}

function toInfoArray(array: GgufArray): unknown {
  if (array.values) return array.values.map(toInfoValue)
  return array.length === 0 ? [] : null
}
