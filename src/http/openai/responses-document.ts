// What the responses of OpenAI's dialect look like.

import type { Operations } from '../operation.ts'
import {
  anyObject,
  anything,
  either,
  flag,
  list,
  looseObject,
  map,
  nothing,
  number,
  oneOf,
  optional,
  orNull,
  text,
  whole,
} from '../schema.ts'
import { DROPPED_SHAPE, TRUNCATED_DOCUMENT } from '../truncated.ts'
import { RESPONSES_FATES, responsesRequest } from './responses-request.ts'

const status = oneOf('in_progress', 'completed', 'incomplete')
const summaryPart = looseObject('openai.SummaryPart', { type: oneOf('summary_text'), text })
const tokenLogprob = { token: text, logprob: number, bytes: list(whole) }
const responsesLogprob = looseObject('openai.ResponsesLogprob', {
  ...tokenLogprob,
  top_logprobs: optional(list(looseObject('openai.ResponsesTokenLogprob', tokenLogprob))),
})
const textPart = looseObject('openai.OutputText', {
  type: oneOf('output_text'),
  text,
  annotations: list(anything),
  logprobs: list(responsesLogprob),
})
const item = either(
  looseObject('openai.OutputMessage', { id: text, type: oneOf('message'), status, role: oneOf('assistant'), content: list(textPart) }),
  looseObject('openai.ReasoningItem', {
    id: text,
    type: oneOf('reasoning'),
    summary: list(summaryPart),
    encrypted_content: optional(text),
  }),
  looseObject('openai.FunctionCallItem', { id: text, type: oneOf('function_call'), status, call_id: text, name: text, arguments: text }),
)

const usage = looseObject('openai.ResponsesUsage', {
  input_tokens: whole,
  input_tokens_details: looseObject(undefined, { cached_tokens: whole }),
  output_tokens: whole,
  output_tokens_details: looseObject(undefined, { reasoning_tokens: whole }),
  total_tokens: whole,
  ...DROPPED_SHAPE,
})

const response = looseObject('openai.Response', {
  id: text,
  object: oneOf('response'),
  created_at: whole,
  completed_at: orNull(whole),
  status: oneOf('in_progress', 'completed', 'incomplete', 'failed'),
  incomplete_details: orNull(looseObject(undefined, { reason: oneOf('max_output_tokens') })),
  model: text,
  previous_response_id: orNull(text),
  instructions: orNull(text),
  output: list(item),
  error: orNull(looseObject(undefined, { code: text, message: text })),
  tools: list(anyObject),
  tool_choice: either(text, anyObject),
  truncation: text,
  parallel_tool_calls: flag,
  text: anyObject,
  top_p: number,
  presence_penalty: number,
  frequency_penalty: number,
  top_logprobs: whole,
  temperature: number,
  reasoning: orNull(anyObject),
  usage: orNull(usage),
  max_output_tokens: orNull(whole),
  max_tool_calls: nothing,
  store: flag,
  background: flag,
  service_tier: text,
  metadata: map(text),
  safety_identifier: nothing,
  prompt_cache_key: nothing,
})

const numbered = { type: text, sequence_number: whole }
const event = either(
  looseObject('openai.ResponseEvent', { ...numbered, response }),
  looseObject('openai.ResponseItemEvent', { ...numbered, output_index: whole, item }),
  looseObject('openai.ResponsePartEvent', {
    ...numbered,
    output_index: whole,
    item_id: text,
    content_index: optional(whole),
    summary_index: optional(whole),
    part: optional(either(textPart, summaryPart)),
    delta: optional(text),
    text: optional(text),
    logprobs: optional(list(responsesLogprob)),
    name: optional(text),
    arguments: optional(text),
  }),
)

const takes = { struct: responsesRequest, required: ['model'], fates: RESPONSES_FATES }

export const RESPONSES_OPERATIONS: Operations = {
  'POST /v1/responses': {
    summary: 'Answers an input',
    takes,
    gives: {
      200: {
        about: 'The response, or with `stream` its events.',
        json: response,
        sse: event,
        headers: TRUNCATED_DOCUMENT,
      },
    },
  },
  'POST /v1/responses/input_tokens': {
    summary: 'Counts the tokens that an input would take',
    takes,
    gives: {
      200: { about: 'Exact.', json: looseObject('openai.InputTokens', { object: oneOf('response.input_tokens'), input_tokens: whole }) },
    },
  },
  'GET /v1/responses/:id': {
    summary: 'A response that was kept because it said `store`',
    query: { stream: '`true` is refused: what has ended is not streamed again.' },
    gives: { 200: { about: 'As it was.', json: response } },
  },
  'DELETE /v1/responses/:id': {
    summary: 'Forgets a response',
    gives: {
      200: {
        about: 'Forgotten.',
        json: looseObject('openai.DeletedResponse', { id: text, object: oneOf('response.deleted'), deleted: flag }),
      },
    },
  },
  'GET /v1/responses/:id/input_items': {
    summary: 'The input of a response',
    gives: {
      200: {
        about: 'All of it.',
        json: looseObject('openai.InputItems', {
          object: oneOf('list'),
          data: list(anyObject),
          first_id: anything,
          last_id: anything,
          has_more: flag,
        }),
      },
    },
  },
}
