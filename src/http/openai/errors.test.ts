import { describe, expect, it } from 'vitest'
import { AppError, ERROR_CODES, type ErrorCode } from '../../base/errors.ts'
import { CODES, type Endpoint, type ErrorBody, failOpenAi, streamFailure } from './errors.ts'

function answer(endpoint: Endpoint, code: ErrorCode, details: Record<string, unknown> = {}) {
  const reply = failOpenAi(endpoint)(new AppError(code, 'as thrown', { details }))
  if (reply.kind !== 'json') throw new Error('an error has a JSON body')
  return { status: reply.status, ...(reply.body as ErrorBody).error }
}

describe('errors of the OpenAI dialect', () => {
  it.each(ERROR_CODES)('%s has a status, a type and a code', (code) => {
    const { status, type, code: word } = answer('chat', code)
    expect(status).toBe(CODES[code].status)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(type).toMatch(/_error$/)
    expect(word).toMatch(/^[a-z_]+$/)
  })

  it.each<[ErrorCode, Record<string, unknown>, string | null, string]>([
    ['invalid_request', { param: 'messages[0].content', code: 'invalid_type' }, 'messages[0].content', 'invalid_type'],
    ['invalid_request', {}, null, 'invalid_value'],
    ['invalid_option', { param: 'top_k' }, 'top_k', 'invalid_value'],
    ['unsupported_capability', { capability: 'tools' }, 'tools', 'unsupported_capability'],
    ['unsupported_capability', { capability: 'vision' }, 'messages', 'unsupported_capability'],
    ['unsupported_capability', { capability: 'completion' }, 'model', 'unsupported_capability'],
    ['context_exceeded', {}, 'messages', 'context_length_exceeded'],
    ['model_not_found', { model: 'M' }, 'model', 'model_not_found'],
  ])('%s with %j names the field and the reason', (code, details, param, word) => {
    expect(answer('chat', code, details)).toMatchObject({ param, code: word })
  })

  it.each<[Endpoint, string]>([
    ['completions', 'prompt'],
    ['embeddings', 'input'],
    ['responses', 'input'],
  ])('of %s blame %s for a prompt that is too long', (endpoint, param) => {
    expect(answer(endpoint, 'context_exceeded').param).toBe(param)
  })

  it.each<[Endpoint, ErrorCode, Record<string, unknown>, string]>([
    ['chat', 'thinking_unsupported', {}, 'reasoning_effort'],
    ['responses', 'thinking_unsupported', {}, 'reasoning.effort'],
    ['chat', 'invalid_format', {}, 'response_format'],
    ['responses', 'invalid_format', {}, 'text.format'],
    ['responses', 'unsupported_capability', { capability: 'vision' }, 'input'],
    ['completions', 'unsupported_capability', { capability: 'insert' }, 'suffix'],
  ])('of %s blame for %s %j the field as that endpoint calls it', (endpoint, code, details, param) => {
    expect(answer(endpoint, code, details).param).toBe(param)
  })

  it.each<[Endpoint, number, string]>([
    ['chat', 400, 'model is required'],
    ['completions', 404, "model '' not found"],
    ['embeddings', 404, "model '' not found"],
  ])('of %s word an empty name as Ollama does', (endpoint, status, message) => {
    expect(answer(endpoint, 'model_required')).toMatchObject({ status, message })
  })

  it('in a stream are an event, and [DONE] follows', () => {
    const failure = streamFailure('chat')
    const error = new AppError('engine_error', 'no')
    expect(failure.late(error)).toEqual([
      { json: { error: { message: 'no', type: 'api_error', param: null, code: 'engine_error' } } },
      { text: '[DONE]' },
    ])
    expect(failure.early(error)).toMatchObject({ status: 500, contentType: 'application/json' })
  })
})
