// What asks about models and changes their names: tags, ps, show, copy, delete.

import { flag, record, struct, text } from './fields.ts'
import type { MessageBody } from './message.ts'

export interface ModelDetailsBody {
  parent_model: string
  format: string
  family: string
  families: string[] | null
  parameter_size: string
  quantization_level: string
  context_length?: number
  embedding_length?: number
}

export interface TagsResponseBody {
  models: {
    name: string
    model: string
    remote_model?: string
    remote_host?: string
    modified_at: string
    size: number
    digest: string
    details: ModelDetailsBody
    capabilities?: string[]
  }[]
}

export interface PsResponseBody {
  models: {
    name: string
    model: string
    size: number
    digest: string
    details: ModelDetailsBody
    expires_at: string
    size_vram: number
    context_length: number
  }[]
}

export interface ShowRequestBody {
  model: string
  verbose?: boolean
  system?: string
  options?: Record<string, unknown>
}

export interface ShowResponseBody {
  license?: string
  modelfile?: string
  parameters?: string
  template?: string
  system?: string
  details: ModelDetailsBody
  messages?: Pick<MessageBody, 'role' | 'content'>[]
  remote_model?: string
  remote_host?: string
  model_info: Record<string, unknown>
  projector_info?: Record<string, unknown>
  tensors?: { name: string; type: string; shape: number[] }[]
  capabilities?: string[]
  modified_at: string
  requires?: string
}

export interface CopyRequestBody {
  source: string
  destination: string
}

export const showRequest = struct('ShowRequest', {
  model: text,
  name: text,
  verbose: flag,
  system: text,
  template: text,
  options: record,
})

export const copyRequest = struct('CopyRequest', { source: text, destination: text })

/** `name` is an older word for `model`. */
export const deleteRequest = struct('DeleteRequest', { model: text, name: text })
