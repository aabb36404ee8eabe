// Every error code as Anthropic's clients know it: status and type. The words stay Ollama's, since clients look for them; the field to blame is
// named inside the words, as this dialect has no place of its own for it. Nothing here reads the text of an error to decide.

import { AppError, type ErrorCode } from '../../base/errors.ts'
import { createId } from '../ids.ts'
import { json, type SseEvent, type StreamFailure, type WholeReply } from '../kernel/reply.ts'

export type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'permission_error'
  | 'not_found_error'
  | 'request_too_large'
  | 'api_error'
  | 'timeout_error'
  | 'overloaded_error'

export interface ErrorBody {
  type: 'error'
  error: { type: ErrorType; message: string }
  request_id: string
}

/** What clients write into their reports, and what the SDKs show as the id of a request. */
export const REQUEST_ID_HEADER = 'request-id'
/** wire: what fails behind the decoding of a request loses the charset. */
export const JSON_WITHOUT_CHARSET = 'application/json'

const INVALID = { status: 400, type: 'invalid_request_error' } as const
const BROKEN = { status: 500, type: 'api_error' } as const
const MISSING = { status: 404, type: 'not_found_error' } as const
const BUSY = { status: 503, type: 'overloaded_error' } as const
const FORBIDDEN = { status: 403, type: 'permission_error' } as const

export const CODES: Readonly<Record<ErrorCode, { status: number; type: ErrorType }>> = {
  invalid_request: INVALID,
  invalid_model_name: INVALID,
  model_required: INVALID,
  model_not_found: MISSING,
  blob_not_found: MISSING,
  invalid_digest: INVALID,
  digest_mismatch: INVALID,
  invalid_option: INVALID,
  invalid_format: INVALID,
  invalid_modelfile: INVALID,
  invalid_gguf: BROKEN,
  unsupported_capability: INVALID,
  thinking_unsupported: INVALID,
  template_error: BROKEN,
  context_exceeded: INVALID,
  server_busy: BUSY,
  shutting_down: BUSY,
  insufficient_memory: BROKEN,
  load_failed: BROKEN,
  load_timeout: { status: 504, type: 'timeout_error' },
  runner_crashed: BROKEN,
  engine_error: BROKEN,
  registry_unreachable: BROKEN,
  registry_error: BROKEN,
  registry_not_found: MISSING,
  unauthorized: { status: 401, type: 'authentication_error' },
  forbidden: FORBIDDEN,
  cloud_disabled: FORBIDDEN,
  disk_full: { status: 507, type: 'api_error' },
  store_corrupt: BROKEN,
  not_supported: { status: 501, type: 'api_error' },
  payload_too_large: { status: 413, type: 'request_too_large' },
  route_not_found: MISSING,
  method_not_allowed: { status: 405, type: 'invalid_request_error' },
  cancelled: { status: 499, type: 'api_error' },
  internal: BROKEN,
}

/** A field that is wrong, or that would change the answer and is not offered. `param` as Anthropic writes it: `messages.0.content.1`. */
export function fieldError(param: string, message: string): AppError {
  return new AppError('invalid_request', `${param}: ${message}`, { details: { param } })
}

/** The same in Ollama's words, which do not name the field. */
export function wordedError(param: string, message: string): AppError {
  return new AppError('invalid_request', message, { details: { param } })
}

/** What is wrong with the body itself. */
export function failAnthropic(error: AppError): WholeReply {
  return toErrorReply(error, createRequestId())
}

export function toErrorReply(error: AppError, requestId: string, contentType?: string): WholeReply {
  return json(toErrorBody(error, requestId), {
    status: CODES[error.code].status,
    headers: { [REQUEST_ID_HEADER]: requestId },
    ...(contentType === undefined ? {} : { contentType }),
  })
}

/** A late error is an event of its own, which the SDKs raise. */
export function streamFailure(requestId: string): StreamFailure<SseEvent> {
  return {
    early: (error) => toErrorReply(error, requestId, JSON_WITHOUT_CHARSET),
    late: (error) => [{ event: 'error', json: toErrorBody(error, requestId) }],
  }
}

export function createRequestId(): string {
  return createId('req_')
}

function toErrorBody(error: AppError, requestId: string): ErrorBody {
  return { type: 'error', error: { type: CODES[error.code].type, message: wordError(error) }, request_id: requestId }
}

function wordError({ code, details, message }: AppError): string {
  if (code === 'model_required') return 'model is required'
  if (code === 'model_not_found' && typeof details.model === 'string') return `model '${details.model}' not found`
  if (code === 'server_busy') return 'server busy, please try again.  maximum pending requests exceeded'
  return message
}
