import type { ResponseCreateParams } from 'openai/resources/responses/responses'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../base/errors.ts'
import { decodeRequest } from '../request-fields.ts'
import { RESPONSES_FATES, responsesRequest, toChatRequest } from './responses-request.ts'

const question = { model: 'm', input: 'hi' }

function read(fields: object = {}) {
  const decoded = decodeRequest(Buffer.from(JSON.stringify({ ...question, ...fields })), responsesRequest, RESPONSES_FATES)
  return { ...decoded, request: toChatRequest(decoded.fields, [], decoded.warnings) }
}

function refusedParam(fields: object): unknown {
  try {
    read(fields)
  } catch (error) {
    if (isAppError(error)) return error.details.param
    throw error
  }
  throw new Error('nothing was refused')
}

/** Every field that OpenAI's own client knows: a value, and what becomes of it. */
const FIELDS: Record<keyof ResponseCreateParams, [value: unknown, fate: 'used' | 'given back' | 'refused' | 'named']> = {
  model: ['other', 'used'],
  input: ['bye', 'used'],
  instructions: ['Be brief.', 'used'],
  max_output_tokens: [5, 'used'],
  temperature: [0.5, 'used'],
  top_p: [0.5, 'used'],
  tools: [[{ type: 'function', name: 'f' }], 'used'],
  tool_choice: ['none', 'given back'],
  parallel_tool_calls: [false, 'used'],
  reasoning: [{ effort: 'low' }, 'used'],
  text: [{ format: { type: 'json_object' } }, 'used'],
  truncation: ['auto', 'used'],
  include: [['message.output_text.logprobs'], 'used'],
  metadata: [{ a: 'b' }, 'given back'],
  service_tier: ['flex', 'given back'],
  store: [true, 'given back'],
  stream: [true, 'given back'],
  background: [true, 'refused'],
  conversation: ['c', 'refused'],
  prompt: [{ id: 'p' }, 'refused'],
  previous_response_id: ['resp_1', 'given back'],
  user: ['u', 'named'],
  safety_identifier: ['u', 'named'],
  prompt_cache_key: ['k', 'named'],
  prompt_cache_retention: ['24h', 'named'],
  stream_options: [{ include_obfuscation: false }, 'named'],
  context_management: [[], 'named'],
}

describe('every field', () => {
  it.each(Object.entries(FIELDS))('%s is used, given back, refused or named', (name, [value, fate]) => {
    if (fate === 'refused') {
      expect(refusedParam({ [name]: value })).toBe(name)
      return
    }
    const { request, fields, warnings } = read({ [name]: value })
    expect(warnings).toEqual(fate === 'named' ? [name] : [])
    if (fate === 'used') expect(request).not.toEqual(read().request)
    if (fate === 'given back') expect(fields).toMatchObject({ [name]: value })
  })

  it('that nobody knows is named', () => {
    expect(read({ mystery: 1, nothing: null }).warnings).toEqual(['mystery'])
  })
})

describe('a request', () => {
  it('leaves to the model what it does not say', () => {
    expect(read().request).toEqual({ model: 'm', messages: [{ role: 'user', content: 'hi' }], options: {} })
  })

  it('may cut a long prompt, or not, or say nothing of it', () => {
    expect(read({ truncation: 'auto' }).request.truncate).toBe(true)
    expect(read({ truncation: 'disabled' }).request.truncate).toBe(false)
    expect(read({ truncation: '' }).request).not.toHaveProperty('truncate')
  })

  it('asks for log-probabilities by include or by number', () => {
    expect(read({ include: ['message.output_text.logprobs'] }).request.topLogprobs).toBe(0)
    expect(read({ top_logprobs: 20 }).request.topLogprobs).toBe(20)
    expect(read({ include: ['reasoning.encrypted_content'] }).request).not.toHaveProperty('topLogprobs')
    expect(refusedParam({ top_logprobs: 21 })).toBe('top_logprobs')
    expect(refusedParam({ top_logprobs: -1 })).toBe('top_logprobs')
  })

  it('chooses among its tools', () => {
    const tools = ['f', 'g'].map((name) => ({ type: 'function', name, parameters: { type: 'object' }, strict: true }))
    expect(read({ tools, tool_choice: { type: 'function', name: 'g' } }).request.toolChoice).toEqual({ name: 'g' })
    const allowed = { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'f' }] }
    expect(read({ tools, tool_choice: allowed }).request).toMatchObject({ toolChoice: 'required', tools: [{ function: { name: 'f' } }] })
    expect(refusedParam({ tools, tool_choice: { type: 'function', name: 'h' } })).toBe('tool_choice')
    expect(refusedParam({ tools, tool_choice: { type: 'web_search' } })).toBe('tool_choice')
  })
})
