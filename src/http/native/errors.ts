// Every error code as this dialect answers it: status, words, body. The words of "not found" and of an empty name differ from endpoint to endpoint,
// and clients look for them (contract/native.md section 14); nothing here reads the text of an error to decide.

import type { AppError, ErrorCode } from '../../base/errors.ts'
import { json, type StreamFailure, type WholeReply } from '../kernel/reply.ts'

export type Endpoint =
  | 'generate'
  | 'chat'
  | 'embed'
  | 'embeddings'
  | 'show'
  | 'create'
  | 'copy'
  | 'delete'
  | 'pull'
  | 'push'
  | 'blobs'
  | 'tokenize'
  | 'other'

export const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_request: 400,
  invalid_model_name: 400,
  model_required: 400,
  model_not_found: 404,
  blob_not_found: 404,
  invalid_digest: 400,
  digest_mismatch: 400,
  // Ollama answers 500 to both; the mistake is the client's (docs/compatibility.md).
  invalid_option: 400,
  invalid_format: 400,
  invalid_modelfile: 400,
  invalid_gguf: 400,
  unsupported_capability: 400,
  thinking_unsupported: 400,
  // wire: a template that does not run is 500, although a request may have brought it.
  template_error: 500,
  context_exceeded: 400,
  server_busy: 503,
  shutting_down: 503,
  insufficient_memory: 500,
  load_failed: 500,
  load_timeout: 500,
  runner_crashed: 500,
  engine_error: 500,
  // wire: what a registry answered is 500 here, whatever it was.
  registry_unreachable: 500,
  registry_error: 500,
  registry_not_found: 500,
  unauthorized: 401,
  forbidden: 403,
  cloud_disabled: 403,
  disk_full: 507,
  store_corrupt: 500,
  not_supported: 501,
  payload_too_large: 413,
  route_not_found: 404,
  method_not_allowed: 405,
  cancelled: 499,
  internal: 500,
}

/** wire: replies of streaming endpoints that are no stream lose the charset. */
export const JSON_WITHOUT_CHARSET = 'application/json'

export function failNative(endpoint: Endpoint): (error: AppError) => WholeReply {
  return (error) => toErrorReply(error, endpoint)
}

export function toErrorReply(error: AppError, endpoint: Endpoint, contentType?: string): WholeReply {
  const body = { error: wordError(error, endpoint) }
  return json(body, { status: statusOf(error, endpoint), ...(contentType === undefined ? {} : { contentType }) })
}

export function streamFailure(endpoint: Endpoint): StreamFailure<unknown> {
  return {
    early: (error) => toErrorReply(error, endpoint, JSON_WITHOUT_CHARSET),
    late: (error) => [{ error: wordError(error, endpoint) }],
  }
}

function statusOf({ code, details }: AppError, endpoint: Endpoint): number {
  // wire: an empty name is 404 for generate and embed, 400 elsewhere.
  if (code === 'model_required' && (endpoint === 'generate' || endpoint === 'embed')) return 404
  // wire: a model without embeddings is 501 for embed and 500 for embeddings.
  if (code === 'unsupported_capability' && details.capability === 'embedding') return endpoint === 'embed' ? 501 : 500
  // wire: push finds out that a model is missing, or its name none, only after it has begun.
  if ((code === 'model_not_found' || code === 'invalid_model_name') && endpoint === 'push') return 500
  // What a create brings with it is the client's: a template that does not parse, a file that was not sent before.
  if (endpoint === 'create' && (code === 'template_error' || code === 'blob_not_found')) return 400
  return STATUS[code]
}

function wordError(error: AppError, endpoint: Endpoint): string {
  const { code, details, message } = error
  const model = typeof details.model === 'string' ? details.model : undefined
  switch (code) {
    case 'model_required':
      return wordRequired(endpoint, model ?? '')
    case 'model_not_found':
      return model === undefined ? message : wordNotFound(endpoint, model, message)
    case 'cloud_disabled':
      return endpoint === 'show' ? 'ollama cloud is disabled: remote model details are unavailable' : message
    case 'server_busy':
      return 'server busy, please try again.  maximum pending requests exceeded'
    default:
      return message
  }
}

function wordRequired(endpoint: Endpoint, model: string): string {
  if (endpoint === 'generate' || endpoint === 'embed') return `model '${model}' not found`
  return endpoint === 'pull' || endpoint === 'create' ? 'invalid model name' : 'model is required'
}

function wordNotFound(endpoint: Endpoint, model: string, message: string): string {
  switch (endpoint) {
    case 'embed':
    case 'embeddings':
      return `model ${JSON.stringify(model)} not found, try pulling it first`
    case 'copy':
      return `model ${JSON.stringify(model)} not found`
    case 'generate':
    case 'chat':
    case 'show':
    case 'delete':
    case 'tokenize':
      return `model '${model}' not found`
    default:
      return message
  }
}
