// The config blob of a new model: what the GGUF says, what the base had, what `info` overrides (contract/native.md sections 6.2 and 6.5).

import { AppError } from '../../base/errors.ts'
import { getText } from '../../gguf/metadata.ts'
import { formatParameterCount, quantizationOf } from '../../gguf/quantization.ts'
import type { ConfigBlob, DraftConfig } from '../../model/config-blob.ts'
import type { CreateRequest } from '../service.ts'
import type { Base } from './base.ts'

export function createConfig(base: Base, request: CreateRequest, draft: DraftConfig | undefined): ConfigBlob {
  const info = readInfo(request.info ?? {})
  const architecture = base.head && getText(base.head, 'general.architecture')
  const defaults = familyDefaults(architecture)
  const renderer = request.renderer || base.config.renderer || defaults.renderer
  const parser = request.parser || base.config.parser || defaults.parser
  const requires = request.requires || base.config.requires
  const capabilities = [...(base.config.capabilities ?? []), ...info.capabilities]
  const families = [info.model_family, architecture].filter((family): family is string => family !== undefined && family !== '')
  return {
    model_format: base.config.model_format || 'gguf',
    model_family: info.model_family || architecture || '',
    model_families: families.length > 0 ? families : null,
    model_type: info.parameter_size || (base.head ? formatParameterCount(base.head.parameterCount) : ''),
    file_type: info.quantization_level || (base.head ? quantizationOf(base.head) : ''),
    ...(renderer ? { renderer } : {}),
    ...(parser ? { parser } : {}),
    ...(requires ? { requires } : {}),
    ...(capabilities.length > 0 ? { capabilities } : {}),
    ...(info.context_length ? { context_length: info.context_length } : {}),
    ...(info.embedding_length ? { embedding_length: info.embedding_length } : {}),
    ...(info.base_name ? { base_name: info.base_name } : {}),
    ...(draft ? { draft } : {}),
    architecture: 'amd64',
    os: 'linux',
  }
}

interface Info {
  capabilities: string[]
  model_family: string
  base_name: string
  quantization_level: string
  parameter_size: string
  context_length: number
  embedding_length: number
}

function readInfo(info: Record<string, unknown>): Info {
  const text = (key: string): string => {
    const value = Object.hasOwn(info, key) ? info[key] : ''
    if (typeof value !== 'string') throw new AppError('invalid_request', `info field ${JSON.stringify(key)} must be a string`)
    return value
  }
  const count = (key: string): number => {
    const value = Object.hasOwn(info, key) ? info[key] : 0
    if (typeof value !== 'number') throw new AppError('invalid_request', `info field ${JSON.stringify(key)} must be a number`)
    if (!Number.isSafeInteger(value) || value < 0)
      throw new AppError('invalid_request', `info field ${JSON.stringify(key)} must be a non-negative integer`)
    return value
  }
  const listed = Array.isArray(info.capabilities) ? info.capabilities : []
  return {
    capabilities: listed.filter((item): item is string => typeof item === 'string'),
    model_family: text('model_family'),
    base_name: text('base_name'),
    quantization_level: text('quantization_level'),
    parameter_size: text('parameter_size'),
    context_length: count('context_length'),
    embedding_length: count('embedding_length'),
  }
}

/** Architectures whose prompts no template can build. */
export function familyDefaults(architecture: string | undefined): { renderer?: string; parser?: string; stop?: string[] } {
  switch (architecture) {
    case 'gemma4':
      return { renderer: 'gemma4', parser: 'gemma4', stop: ['<turn|>'] }
    case 'laguna':
      return { renderer: 'laguna', parser: 'laguna' }
    case 'nemotron_h':
    case 'nemotron_h_moe':
    case 'nemotron_h_omni':
      return { renderer: 'nemotron-3-nano', parser: 'nemotron-3-nano' }
    default:
      return {}
  }
}
