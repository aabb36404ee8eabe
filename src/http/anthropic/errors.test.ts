import { describe, expect, it } from 'vitest'
import { AppError, ERROR_CODES } from '../../base/errors.ts'
import { CODES, type ErrorBody, failAnthropic, streamFailure } from './errors.ts'

function answer(error: AppError): { status: number; body: ErrorBody; requestId: string | undefined } {
  const reply = failAnthropic(error)
  if (reply.kind !== 'json') throw new Error('an error has a JSON body')
  return { status: reply.status, body: reply.body as ErrorBody, requestId: reply.headers?.['request-id'] }
}

describe("errors of Anthropic's dialect", () => {
  it.each(ERROR_CODES)('%s has a status of an error, a type, and an id that the header tells too', (code) => {
    const { status, body, requestId } = answer(new AppError(code, 'as thrown'))
    expect(status).toBe(CODES[code].status)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(body).toMatchObject({ type: 'error', error: { type: CODES[code].type } })
    expect(body.request_id).toMatch(/^req_[\w-]{24}$/)
    expect(requestId).toBe(body.request_id)
  })

  it.each([
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [403, 'permission_error'],
    [404, 'not_found_error'],
    [413, 'request_too_large'],
    [503, 'overloaded_error'],
  ])('every %d that is no wrong method is a %s', (status, type) => {
    const types = Object.values(CODES).filter((known) => known.status === status)
    expect(new Set(types.map((known) => known.type))).toEqual(new Set([type]))
  })

  it("uses Ollama's words where clients look for them", () => {
    const wordsOf = (code: AppError['code'], details = {}) => answer(new AppError(code, 'as thrown', { details })).body.error.message
    expect(wordsOf('model_not_found', { model: 'a:b' })).toBe("model 'a:b' not found")
    expect(wordsOf('model_required')).toBe('model is required')
    expect(wordsOf('server_busy')).toMatch(/^server busy, please try again\. {2}/)
    expect(wordsOf('engine_error')).toBe('as thrown')
  })

  it('ends a stream with an event that has the id of its request', () => {
    expect(streamFailure('req_1').late(new AppError('engine_error', 'x'))).toEqual([
      { event: 'error', json: { type: 'error', error: { type: 'api_error', message: 'x' }, request_id: 'req_1' } },
    ])
  })
})
