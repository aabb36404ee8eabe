import { describe, expect, it } from 'vitest'
import { AppError, ERROR_CODES, type ErrorCode } from '../../base/errors.ts'
import { type Endpoint, failNative, STATUS, streamFailure } from './errors.ts'

function answer(endpoint: Endpoint, code: ErrorCode, details: Record<string, unknown> = {}, message = 'as thrown') {
  const reply = failNative(endpoint)(new AppError(code, message, { details }))
  if (reply.kind !== 'json') throw new Error('an error has a JSON body')
  return { status: reply.status, error: (reply.body as { error: string }).error }
}

describe('errors of the native dialect', () => {
  it.each(ERROR_CODES)('%s has a status of an error', (code) => {
    expect(STATUS[code]).toBeGreaterThanOrEqual(400)
    expect(answer('other', code).status).toBe(STATUS[code])
  })

  it.each<[Endpoint, number, string]>([
    ['generate', 404, "model 'Raw' not found"],
    ['chat', 404, "model 'Raw' not found"],
    ['show', 404, "model 'Raw' not found"],
    ['delete', 404, "model 'Raw' not found"],
    ['embed', 404, 'model "Raw" not found, try pulling it first'],
    ['embeddings', 404, 'model "Raw" not found, try pulling it first'],
    ['copy', 404, 'model "Raw" not found'],
    ['push', 500, 'as thrown'],
  ])('%s words a missing model its own way', (endpoint, status, error) => {
    expect(answer(endpoint, 'model_not_found', { model: 'Raw' })).toEqual({ status, error })
  })

  it.each<[Endpoint, number, string]>([
    ['generate', 404, "model ' ' not found"],
    ['embed', 404, "model ' ' not found"],
    ['chat', 400, 'model is required'],
    ['embeddings', 400, 'model is required'],
    ['show', 400, 'model is required'],
    ['push', 400, 'model is required'],
    ['delete', 400, 'model is required'],
    ['pull', 400, 'invalid model name'],
    ['create', 400, 'invalid model name'],
  ])('%s words an empty name its own way', (endpoint, status, error) => {
    expect(answer(endpoint, 'model_required', { model: ' ' })).toEqual({ status, error })
  })

  it('keeps the statuses that create and embed are known for', () => {
    expect(answer('create', 'template_error').status).toBe(400)
    expect(answer('generate', 'template_error').status).toBe(500)
    expect(answer('create', 'blob_not_found').status).toBe(400)
    expect(answer('embed', 'unsupported_capability', { capability: 'embedding' }).status).toBe(501)
    expect(answer('embeddings', 'unsupported_capability', { capability: 'embedding' }).status).toBe(500)
    expect(answer('chat', 'unsupported_capability', { capability: 'tools' }).status).toBe(400)
  })

  it('says of a name that is none what each endpoint says when it finds out', () => {
    expect(answer('push', 'invalid_model_name').status).toBe(500)
    expect(answer('pull', 'invalid_model_name').status).toBe(400)
  })

  it('says that the cloud is off in the words of the endpoint', () => {
    expect(answer('show', 'cloud_disabled')).toEqual({
      status: 403,
      error: 'ollama cloud is disabled: remote model details are unavailable',
    })
    expect(answer('chat', 'cloud_disabled', {}, 'ollama cloud is disabled: remote model is unavailable').status).toBe(403)
  })

  it('ends a stream with one record that says what happened', () => {
    expect(streamFailure('chat').late(new AppError('runner_crashed', 'it died'))).toEqual([{ error: 'it died' }])
  })
})
