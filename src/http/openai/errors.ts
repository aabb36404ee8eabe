// Every error code as OpenAI's clients know it: status, type, code, and the request's field that is to blame. Messages stay Ollama's, since
// clients look for them; `param` and `code`, which Ollama leaves null, are filled in. Nothing here reads the text of an error to decide.

import { AppError, type ErrorCode } from '../../base/errors.ts'
import { json, type SseEvent, type StreamFailure, type WholeReply } from '../kernel/reply.ts'

/** The request that failed: the words of a missing model differ. */
export type Endpoint = 'chat' | 'completions' | 'embeddings' | 'models' | 'responses' | 'rerank' | 'transcriptions'

export interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string | null }
}

/** What a client branches on where `details.code` says nothing closer. */
export const CODES: Readonly<Record<ErrorCode, { status: number; code: string; param?: string }>> = {
  invalid_request: { status: 400, code: 'invalid_value' },
  invalid_model_name: { status: 400, code: 'invalid_model_name', param: 'model' },
  model_required: { status: 400, code: 'missing_required_parameter', param: 'model' },
  model_not_found: { status: 404, code: 'model_not_found', param: 'model' },
  blob_not_found: { status: 404, code: 'not_found' },
  invalid_digest: { status: 400, code: 'invalid_value' },
  digest_mismatch: { status: 400, code: 'invalid_value' },
  invalid_option: { status: 400, code: 'invalid_value' },
  invalid_format: { status: 400, code: 'invalid_json_schema' },
  invalid_modelfile: { status: 400, code: 'invalid_value' },
  invalid_gguf: { status: 500, code: 'invalid_model_file', param: 'model' },
  unsupported_capability: { status: 400, code: 'unsupported_capability' },
  thinking_unsupported: { status: 400, code: 'unsupported_parameter' },
  template_error: { status: 500, code: 'template_error' },
  context_exceeded: { status: 400, code: 'context_length_exceeded' },
  server_busy: { status: 503, code: 'server_overloaded' },
  shutting_down: { status: 503, code: 'shutting_down' },
  insufficient_memory: { status: 500, code: 'insufficient_memory' },
  load_failed: { status: 500, code: 'load_failed' },
  load_timeout: { status: 500, code: 'load_timeout' },
  runner_crashed: { status: 500, code: 'runner_crashed' },
  engine_error: { status: 500, code: 'engine_error' },
  registry_unreachable: { status: 502, code: 'registry_unreachable' },
  registry_error: { status: 502, code: 'registry_error' },
  registry_not_found: { status: 404, code: 'model_not_found', param: 'model' },
  unauthorized: { status: 401, code: 'invalid_api_key' },
  forbidden: { status: 403, code: 'forbidden' },
  cloud_disabled: { status: 403, code: 'cloud_disabled', param: 'model' },
  disk_full: { status: 507, code: 'disk_full' },
  store_corrupt: { status: 500, code: 'store_corrupt' },
  not_supported: { status: 501, code: 'not_supported' },
  payload_too_large: { status: 413, code: 'payload_too_large' },
  route_not_found: { status: 404, code: 'unknown_url' },
  method_not_allowed: { status: 405, code: 'method_not_allowed' },
  cancelled: { status: 499, code: 'cancelled' },
  internal: { status: 500, code: 'internal_error' },
}

/** wire: replies of these endpoints, and errors of what comes behind the decoding of a request, have no charset. */
export const JSON_WITHOUT_CHARSET = 'application/json'
/** `details.stage` of an error that came from a run. */
export const RUN_STAGE = 'run'

/** What an error may be about, as each endpoint calls it. */
const FIELDS: Readonly<Record<Endpoint, { prompt: string; thinking?: string; format?: string }>> = {
  chat: { prompt: 'messages', thinking: 'reasoning_effort', format: 'response_format' },
  completions: { prompt: 'prompt', thinking: 'reasoning_effort', format: 'response_format' },
  embeddings: { prompt: 'input' },
  models: { prompt: 'model' },
  responses: { prompt: 'input', thinking: 'reasoning.effort', format: 'text.format' },
  rerank: { prompt: 'documents' },
  transcriptions: { prompt: 'file' },
}

/** A field that is wrong. `param` as OpenAI writes it: `messages[0].content`. */
export function fieldError(param: string, message: string, code = 'invalid_value'): AppError {
  return new AppError('invalid_request', message, { details: { param, code } })
}

/** A field, or a value of one, that would change the answer and that we do not offer. */
export function unsupported(param: string, message: string, code = 'unsupported_parameter'): AppError {
  return fieldError(param, message, code)
}

export function failOpenAi(endpoint: Endpoint): (error: AppError) => WholeReply {
  return (error) => toErrorReply(error, endpoint, error.details.stage === RUN_STAGE ? JSON_WITHOUT_CHARSET : undefined)
}

export function toErrorReply(error: AppError, endpoint: Endpoint, contentType?: string): WholeReply {
  return json(toErrorBody(error, endpoint), { status: statusOf(error, endpoint), ...(contentType === undefined ? {} : { contentType }) })
}

/** An error in a stream is an event of its own, which the SDKs raise; `[DONE]` ends the stream all the same. */
export function streamFailure(endpoint: Endpoint): StreamFailure<SseEvent> {
  return {
    early: (error) => toErrorReply(error, endpoint, JSON_WITHOUT_CHARSET),
    late: (error) => [{ json: toErrorBody(error, endpoint) }, { text: '[DONE]' }],
  }
}

export function toErrorBody(error: AppError, endpoint: Endpoint): ErrorBody {
  const { details } = error
  const known = CODES[error.code]
  return {
    error: {
      message: wordError(error, endpoint),
      type: typeOf(statusOf(error, endpoint)),
      param: paramOf(error, endpoint) ?? null,
      code: typeof details.code === 'string' ? details.code : known.code,
    },
  }
}

function statusOf({ code }: AppError, endpoint: Endpoint): number {
  // wire: an empty name is 404 for these two, 400 elsewhere.
  if (code === 'model_required' && (endpoint === 'completions' || endpoint === 'embeddings')) return 404
  return CODES[code].status
}

/** wire: Ollama's three words; OpenAI's own for what Ollama does not have. */
function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 404) return 'not_found_error'
  return status < 499 ? 'invalid_request_error' : 'api_error'
}

function paramOf({ code, details }: AppError, endpoint: Endpoint): string | undefined {
  if (typeof details.param === 'string' && details.param !== '') return details.param
  const { prompt, thinking, format } = FIELDS[endpoint]
  switch (code) {
    case 'unsupported_capability':
      return fieldOfCapability(details.capability, prompt)
    case 'context_exceeded':
      return prompt
    case 'thinking_unsupported':
      return thinking
    case 'invalid_format':
      return format
  }
  return CODES[code].param
}

/** The field of a request to which a capability belongs that the model lacks. */
function fieldOfCapability(capability: unknown, prompt: string): string {
  if (capability === 'tools') return 'tools'
  if (capability === 'insert') return 'suffix'
  return capability === 'vision' || capability === 'audio' ? prompt : 'model'
}

function wordError({ code, details, message }: AppError, endpoint: Endpoint): string {
  const model = typeof details.model === 'string' ? details.model : undefined
  if (code === 'model_required') return endpoint === 'completions' || endpoint === 'embeddings' ? `model '' not found` : 'model is required'
  if (code === 'model_not_found' && model !== undefined)
    return endpoint === 'embeddings' ? `model ${JSON.stringify(model)} not found, try pulling it first` : `model '${model}' not found`
  if (code === 'server_busy') return 'server busy, please try again.  maximum pending requests exceeded'
  return message
}
