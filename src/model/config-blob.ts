// The config blob of a model: JSON with the keys and the order of contract/native.md section 10.2.

import { AppError } from '../base/errors.ts'

export interface ConfigBlob {
  model_format: string
  model_family: string
  model_families: string[] | null
  /** Parameter count for people: "135M", "7.2B". */
  model_type: string
  /** Quantization: "Q4_K_M", "unknown". */
  file_type: string
  renderer?: string
  parser?: string
  requires?: string
  remote_host?: string
  remote_model?: string
  capabilities?: string[]
  context_length?: number
  embedding_length?: number
  base_name?: string
  draft?: DraftConfig
  architecture: string
  os: string
}

/** Of a draft model in a layer of its own. */
export interface DraftConfig {
  model_format?: string
  architecture?: string
  tensor_prefix?: string
  config?: string
}

export const MAX_CONFIG_BYTES = 1024 * 1024

const TEXTS = ['renderer', 'parser', 'requires', 'remote_host', 'remote_model', 'base_name'] as const

/** Unknown keys are dropped, missing ones take empty values, wrong types throw `store_corrupt`. */
export function parseConfigBlob(text: string): ConfigBlob {
  let value: Record<string, unknown>
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AppError('store_corrupt', 'the config of the model is not JSON', { cause })
  }
  if (typeof value !== 'object' || value === null) throw new AppError('store_corrupt', 'the config of the model is not an object')
  const config: ConfigBlob = {
    model_format: toText(value.model_format),
    model_family: toText(value.model_family),
    model_families: toTexts(value.model_families) ?? null,
    model_type: toText(value.model_type),
    file_type: toText(value.file_type),
    architecture: toText(value.architecture) || 'amd64',
    os: toText(value.os) || 'linux',
  }
  for (const key of TEXTS) if (typeof value[key] === 'string' && value[key] !== '') config[key] = value[key]
  const capabilities = toTexts(value.capabilities)
  if (capabilities && capabilities.length > 0) config.capabilities = capabilities
  if (typeof value.context_length === 'number' && value.context_length > 0) config.context_length = value.context_length
  if (typeof value.embedding_length === 'number' && value.embedding_length > 0) config.embedding_length = value.embedding_length
  const draft = toDraft(value.draft)
  if (draft) config.draft = draft
  return config
}

/** JSON in Ollama's order of keys, without a line feed; what is empty or 0 is left out where Ollama leaves it out. */
export function formatConfigBlob(config: ConfigBlob): string {
  const { model_format, model_family, model_families, model_type, file_type } = config
  const { renderer, parser, requires, remote_host, remote_model, capabilities, context_length, embedding_length, base_name } = config
  const sizes = { capabilities, context_length, embedding_length }
  const optional = { renderer, parser, requires, remote_host, remote_model, ...sizes, base_name, draft: toDraft(config.draft) }
  const present = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined && value !== '' && value !== 0))
  return JSON.stringify({
    model_format,
    model_family,
    model_families,
    model_type,
    file_type,
    ...present,
    architecture: config.architecture,
    os: config.os,
  })
}

const DRAFT_TEXTS = ['model_format', 'architecture', 'tensor_prefix', 'config'] as const

function toDraft(value: unknown): DraftConfig | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const given = value as Record<string, unknown>
  const draft: DraftConfig = {}
  for (const key of DRAFT_TEXTS) if (typeof given[key] === 'string' && given[key] !== '') draft[key] = given[key]
  return draft
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function toTexts(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : undefined
}
