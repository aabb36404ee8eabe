// Every failure that a client may see is an AppError with a code of this closed list. Each dialect maps code -> status and body in
// its own errors.ts; docs/errors.md lists the codes. Nothing decides by the text of an error.

export const ERROR_CODES = [
  'invalid_request', // the body, a field or a combination of fields is wrong
  'invalid_model_name',
  'model_required',
  'model_not_found',
  'blob_not_found',
  'invalid_digest',
  'digest_mismatch',
  'invalid_option', // an option has the wrong type or value
  'invalid_format', // `format` is neither "json" nor a schema we can express
  'invalid_modelfile',
  'invalid_gguf', // a model file is malformed or beyond the limits
  'unsupported_capability', // the model cannot do what was asked
  'thinking_unsupported',
  'template_error', // a template does not parse or does not run
  'context_exceeded', // the prompt does not fit and may not be cut
  'server_busy', // the queue is full
  'shutting_down',
  'insufficient_memory',
  'load_failed',
  'load_timeout',
  'runner_crashed',
  'engine_error', // llama.cpp refused or failed
  'registry_unreachable',
  'registry_error',
  'registry_not_found',
  'unauthorized',
  'forbidden',
  'cloud_disabled',
  'disk_full',
  'store_corrupt',
  'not_supported', // known to Ollama, not offered here
  'payload_too_large',
  'route_not_found',
  'method_not_allowed',
  'cancelled', // the client left; never seen by it
  'internal',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

export interface AppErrorOptions {
  cause?: unknown
  /** Facts a dialect may need to word the error as its clients expect: {model}, {capability}, {param}, ... */
  details?: Readonly<Record<string, unknown>>
}

export class AppError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.details = options.details ?? {}
  }
}

export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code)
}

/** Wraps anything thrown into an AppError; an abort becomes `cancelled`, the unknown becomes `internal`. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof Error && error.name === 'AbortError') return cancelled(error)
  return new AppError('internal', error instanceof Error ? error.message : String(error), { cause: error })
}

/** The client has left. `cause`: how that was noticed. */
export function cancelled(cause?: unknown): AppError {
  return new AppError('cancelled', 'request canceled', { cause })
}
